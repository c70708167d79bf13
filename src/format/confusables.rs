//! Text lint: rejects hidden and look-alike characters in the strings of governed files.

use crate::diag::{HiddenCharacter, escape, unicode};
use std::{borrow::Cow, fmt};
use unicode_normalization::UnicodeNormalization as _;
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::skeleton;

/// The reason why a string is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfusableText {
    /// It contains a character that is invisible, or that reorders the text.
    Hidden(char, HiddenCharacter),
    /// It contains a letter that looks like a Latin letter.
    LookAlike(char),
}

impl ConfusableText {
    /// Returns the stable code of the error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hidden(..) => "hidden-text",
            Self::LookAlike(_) => "look-alike",
        }
    }
}

impl fmt::Display for ConfusableText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Hidden(character, _) | Self::LookAlike(character)) = *self;
        let code_point = format_args!("U+{:04X}", character as u32);
        match self {
            Self::Hidden(_, hidden) => write!(f, "{hidden} ({code_point})"),
            Self::LookAlike(letter) if is_styled(*letter) => {
                write!(f, "the styled letter `{letter}` ({code_point}), which looks like a Latin letter")
            }
            Self::LookAlike(letter) => {
                let script = letter.script().full_name();
                write!(f, "the {script} letter `{letter}` ({code_point}), which looks like a Latin letter")
            }
        }
    }
}

/// Returns the problem of a decoded string, if any.
///
/// Rejects hidden characters; words that mix Latin with Cyrillic or Greek, or with a letter that looks Latin (UTS #39,
/// section 5.2); and, in a value without spaces (the form of identifiers), letters of another script that all have a
/// Latin look-alike (UTS #39, section 4), such as `сору` in Cyrillic. Names and prose in a single script are accepted.
pub fn check(string: &str) -> Option<ConfusableText> {
    if unicode::is_plain(string) {
        return None;
    }
    if let Some((character, hidden)) = string.chars().find_map(|c| HiddenCharacter::of(c).map(|hidden| (c, hidden))) {
        return Some(ConfusableText::Hidden(character, hidden));
    }
    look_alike(string).map(ConfusableText::LookAlike)
}

/// Returns `string` with every character that [`check`] rejects written as `\u{…}`. For names that come from a system
/// and are shown in governed files.
pub fn escape_confusables(string: &str) -> Cow<'_, str> {
    if check(string).is_none() {
        return Cow::Borrowed(string);
    }
    // Escapes add Latin letters, so mixed scripts are detected only after the hidden characters are escaped.
    let visible = escape(string);
    if look_alike(&visible).is_none() {
        return visible;
    }
    let mut visible = String::with_capacity(string.len() + 16);
    for character in string.chars() {
        let foreign = script(character).is_some_and(|script| script != Script::Latin);
        if foreign || HiddenCharacter::of(character).is_some() {
            visible.extend(character.escape_unicode());
        } else {
            visible.push(character);
        }
    }
    Cow::Owned(visible)
}

fn look_alike(string: &str) -> Option<char> {
    let is_identifier = !string.contains(char::is_whitespace);
    if is_identifier {
        return mixed(string).or_else(|| twin(string));
    }
    string.split(|c: char| !c.is_alphanumeric() && c != '_').find_map(mixed)
}

/// Returns the first letter that may be confused in a word with letters of more than one script.
fn mixed(word: &str) -> Option<char> {
    let mut scripts = word.chars().filter_map(script);
    let first = scripts.next()?;
    if scripts.all(|script| script == first) {
        return None;
    }
    word.chars().find(|c| matches!(script(*c), Some(Script::Cyrillic | Script::Greek)) || looks_latin(*c))
}

/// Returns the first letter of a word if all its letters belong to other scripts and have a Latin look-alike.
fn twin(word: &str) -> Option<char> {
    let mut letters = word.chars().filter(|c| c.is_alphabetic()).peekable();
    let first = *letters.peek()?;
    letters.all(looks_latin).then_some(first)
}

/// Returns the script of a letter, with styled letters as [`Script::Common`]; none for characters without a script.
fn script(character: char) -> Option<Script> {
    match character.script() {
        _ if is_styled(character) => Some(Script::Common),
        Script::Common | Script::Inherited | Script::Unknown => None,
        script => Some(script),
    }
}

/// Returns whether a letter that is not Latin looks like one ASCII letter.
fn looks_latin(character: char) -> bool {
    let is_foreign = script(character).is_some_and(|script| script != Script::Latin);
    is_foreign && (is_styled(character) || is_ascii_letter(skeleton(character.encode_utf8(&mut [0; 4]))))
}

/// Returns whether a character is an ASCII letter in mathematical, full-width or enclosed form. The ordinal indicators
/// of Spanish and Portuguese (`ª`, `º`) are not.
fn is_styled(character: char) -> bool {
    let is_letter = character.is_alphabetic() && !character.is_ascii() && !matches!(character, 'ª' | 'º');
    is_letter && is_ascii_letter(std::iter::once(character).nfkc())
}

fn is_ascii_letter(mut characters: impl Iterator<Item = char>) -> bool {
    characters.next().is_some_and(|c| c.is_ascii_alphabetic()) && characters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_one_script_is_accepted() {
        let fine = [
            "svc_export",
            "Zoë Łukasz",
            "Анна Каренина",
            "Иван",
            "東京タワー",
            "λ-calculus by Ελένη",
            "ключ SSH-агента",
            "5 µs · 3 °C — ok …",
            "kırmızı_ışık",
            "1ª",
            "東京VPN",
            "",
        ];
        for text in fine {
            assert_eq!(check(text), None, "{text}");
            assert_eq!(escape_confusables(text), text);
        }
    }

    #[test]
    fn look_alikes_are_detected_and_escaped() {
        // Cyrillic е and о, Greek ο, full-width a, mathematical a.
        for text in [
            "svc_\u{435}xport",
            "the r\u{43e}le admin",
            "\u{441}\u{43e}\u{440}\u{443}",
            "r\u{3bf}ot",
            "\u{ff41}dmin",
            "\u{1d41a}\u{1d41b}",
            "\u{212a}ey",
            "\u{24d0}dmin",
            "ro\u{585}t",
            "\u{13aa}dmin",
        ] {
            assert!(matches!(check(text), Some(ConfusableText::LookAlike(..))), "{text}");
            let visible = escape_confusables(text);
            assert!(visible.contains("\\u{") && check(&visible).is_none(), "{visible}");
        }
    }

    #[test]
    fn hidden_text_is_detected_and_escaped() {
        for text in
            ["a\u{202e}b", "a\u{200b}", "\u{1b}[2J", "a\u{9b}", "a\tb", "a\nb", "\u{2028}", "\u{e000}", "\u{feff}a"]
        {
            assert!(matches!(check(text), Some(ConfusableText::Hidden(..))), "{text:?}");
            assert_eq!(check(&escape_confusables(text)), None);
            assert_eq!(check(&escape_confusables(&format!("α{text}β"))), None);
        }
    }
}
