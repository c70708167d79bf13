//! Display of texts from the files of a host.

use std::fmt::Write;

/// Escapes the beginning of a text of a file for display: printable ASCII and Latin letters are unchanged.
pub(super) fn shown(text: &str) -> String {
    escaped(text, LONGEST)
}

/// Escapes a whole text, which is compared and written back.
pub(super) fn shown_whole(text: &str) -> String {
    escaped(text, usize::MAX)
}

fn escaped(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars().take(most) {
        if is_plain(c) {
            shown.push(c);
        } else {
            let _ = write!(shown, "\\u{{{:x}}}", c as u32);
        }
    }
    shown
}

/// Returns whether a character is unambiguous: printable ASCII, a blank, or a Latin letter with a diacritic.
pub(super) fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() || c == ' ' || matches!(c, '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{17f}')
}

const LONGEST: usize = 200;
