//! Display of texts from the files of a host.

use std::fmt::Write;

/// Escapes a text of a file for display: printable ASCII and Latin letters are unchanged.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars().take(LONGEST) {
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
