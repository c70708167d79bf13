//! Text lint: rejects hidden and look-alike characters in the strings of governed files.

use crate::diag::{HiddenCharacter, escape, unicode};
use std::{borrow::Cow, fmt};

/// The reason why a string is rejected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfusableText {
    /// It contains a character that is invisible, or that reorders the text.
    Hidden(char, HiddenCharacter),
    /// It contains a letter that looks like a letter of another script.
    LookAlike(char, Script),
}

impl ConfusableText {
    /// Returns the stable code of the error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hidden(..) => "hidden-text",
            Self::LookAlike(..) => "look-alike",
        }
    }
}

impl fmt::Display for ConfusableText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden(character, hidden) => write!(f, "{hidden} (U+{:04X})", *character as u32),
            Self::LookAlike(character, script) => {
                write!(
                    f,
                    "the {script} letter `{character}` (U+{:04X}), which looks like a Latin letter",
                    *character as u32
                )
            }
        }
    }
}

/// Scripts with letters that look like letters of another script (UTS #39, the recommended and a few other scripts).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Script {
    /// Armenian.
    Armenian,
    /// Cherokee.
    Cherokee,
    /// Coptic.
    Coptic,
    /// Cyrillic.
    Cyrillic,
    /// Greek.
    Greek,
    /// Latin.
    Latin,
    /// Lisu.
    Lisu,
    /// Latin and Greek letters in mathematical, full-width or enclosed form.
    Styled,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Styled => f.write_str("styled"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Script {
    const fn of(character: char) -> Option<Self> {
        Some(match character {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2af}' => Self::Latin,
            '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a722}'..='\u{a7ff}' => Self::Latin,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' => {
                Self::Cyrillic
            }
            '\u{531}'..='\u{58a}' => Self::Armenian,
            '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Self::Cherokee,
            '\u{2c80}'..='\u{2cff}' => Self::Coptic,
            '\u{a4d0}'..='\u{a4ff}' => Self::Lisu,
            '\u{212a}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}' => Self::Styled,
            '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}' => Self::Styled,
            _ => return None,
        })
    }
}

/// Returns the problem of a decoded string, if any.
///
/// Rejects hidden characters; words that mix Latin with the letters of a script that has look-alikes; and, in a value
/// without spaces (the form of identifiers), letters of another script that all have a Latin look-alike, such as `сору`
/// in Cyrillic. Names and prose in a single script are accepted.
pub fn check(string: &str) -> Option<ConfusableText> {
    if unicode::is_plain(string) {
        return None;
    }
    if let Some((character, hidden)) = string.chars().find_map(|c| HiddenCharacter::of(c).map(|hidden| (c, hidden))) {
        return Some(ConfusableText::Hidden(character, hidden));
    }
    let (character, script) = look_alike(string)?;
    Some(ConfusableText::LookAlike(character, script))
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
        let foreign = Script::of(character).is_some_and(|script| script != Script::Latin);
        if foreign || HiddenCharacter::of(character).is_some() {
            visible.extend(character.escape_unicode());
        } else {
            visible.push(character);
        }
    }
    Cow::Owned(visible)
}

fn look_alike(string: &str) -> Option<(char, Script)> {
    let is_identifier = !string.contains(char::is_whitespace);
    if is_identifier {
        return mixed(string).or_else(|| twin(string));
    }
    string.split(|c: char| !c.is_alphanumeric() && c != '_').find_map(mixed)
}

/// Returns the first letter of another script in a word that also has Latin letters, or the first letter of a second
/// script.
fn mixed(word: &str) -> Option<(char, Script)> {
    let scripts = || word.chars().filter_map(|c| Script::of(c).map(|script| (c, script)));
    let (_, first) = scripts().next()?;
    if scripts().all(|(_, script)| script == first) {
        return None;
    }
    scripts().find(|(_, script)| *script != Script::Latin)
}

/// Returns the first letter of a word if all its letters belong to another script and have a Latin look-alike.
fn twin(word: &str) -> Option<(char, Script)> {
    let has_twin = |c: char| TWINS.contains(c) || Script::of(c) == Some(Script::Styled);
    let mut letters = word.chars().filter(|c| c.is_alphabetic()).peekable();
    let first = *letters.peek()?;
    letters.all(has_twin).then(|| Script::of(first).map(|script| (first, script)))?
}

/// Letters of confusables.txt (UTS #39) whose skeleton is one ASCII letter: Cyrillic, Greek, Armenian.
const TWINS: &str = "асеорхуѕіјԁԛԝһАВЕКМНОРСТХУЅІЈԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧοορνϲϳօսոցԼՕՏ";

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
