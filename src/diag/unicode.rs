//! Detects and escapes characters that are invisible or that reorder text.

use std::{borrow::Cow, fmt};

/// The reason why a character is hidden or misleading.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HiddenCharacter {
    /// Changes the direction of text (Unicode TR9, UTS #55: “Trojan source”).
    Bidi,
    /// A control character of C0 or C1, or DEL.
    Control,
    /// Not displayed: zero width, variation selectors, tags (`Default_Ignorable_Code_Point`, and other format
    /// characters).
    Ignorable,
    /// A private-use character, or a noncharacter.
    PrivateUse,
    /// Ends a line or paragraph in some readers and not in others: U+2028, U+2029.
    Separator,
}

impl HiddenCharacter {
    /// Returns the reason why `character` is hidden, or `None` if it is visible.
    pub const fn of(character: char) -> Option<Self> {
        match character {
            ' '..='~' => None,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some(Self::Control),
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(Self::Bidi),
            '\u{2028}' | '\u{2029}' => Some(Self::Separator),
            // DerivedCoreProperties.txt of Unicode 17, Default_Ignorable_Code_Point, without those above.
            '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' => Some(Self::Ignorable),
            // Format characters (general category Cf) that are not default-ignorable, and the blank Braille cell.
            '\u{600}'..='\u{605}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{2800}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' => Some(Self::Ignorable),
            '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => Some(Self::PrivateUse),
            // Noncharacters: the last two of every plane, and U+FDD0..U+FDEF.
            '\u{fdd0}'..='\u{fdef}' => Some(Self::PrivateUse),
            other if other as u32 & 0xfffe == 0xfffe => Some(Self::PrivateUse),
            _ => None,
        }
    }
}

impl fmt::Display for HiddenCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bidi => "a character that changes the direction of text",
            Self::Control => "a control character",
            Self::Ignorable => "an invisible character",
            Self::PrivateUse => "a private-use character",
            Self::Separator => "a hidden line separator",
        })
    }
}

/// Returns `text` with every hidden character shown as `\u{…}`, for terminals, pages and logs.
pub fn escape(text: &str) -> Cow<'_, str> {
    if is_plain(text) || text.chars().all(|character| HiddenCharacter::of(character).is_none()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        push_escaped(character, &mut shown);
    }
    Cow::Owned(shown)
}

/// Returns a number with its noun: `1 error`, `2 errors`.
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    if number == N::from(1) { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Escapes as [`escape`] does, but keeps line ends; for notes, whose lines are indented when they are rendered.
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// Returns whether `text` is printable ASCII only: the common case that needs no check of each character.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Appends `character` to `shown`, as `\u{…}` when it is hidden.
pub fn push_escaped(character: char, shown: &mut String) {
    if HiddenCharacter::of(character).is_some() {
        shown.extend(character.escape_unicode());
    } else {
        shown.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        assert_eq!(escape("a\u{1b}[31m\u{202e}\u{85}\n"), "a\\u{1b}[31m\\u{202e}\\u{85}\\u{a}");
        assert_eq!(escape("Zoë · 東京 🔑"), "Zoë · 東京 🔑");
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn count_of_one_is_singular() {
        let told: Vec<_> = [0_u64, 1, 2].into_iter().map(|number| counted(number, "error")).collect();
        assert_eq!(told, ["0 errors", "1 error", "2 errors"]);
    }

    #[test]
    fn hidden_character_classes_are_detected() {
        use HiddenCharacter::*;
        let cases = [
            ('\0', Control),
            ('\t', Control),
            ('\u{7f}', Control),
            ('\u{9b}', Control),
            ('\u{61c}', Bidi),
            ('\u{2066}', Bidi),
            ('\u{200b}', Ignorable),
            ('\u{ad}', Ignorable),
            ('\u{feff}', Ignorable),
            ('\u{e0041}', Ignorable),
            ('\u{fe0f}', Ignorable),
            ('\u{2028}', Separator),
            ('\u{e000}', PrivateUse),
            ('\u{10fffd}', PrivateUse),
            ('\u{ffff}', PrivateUse),
            ('\u{1fffe}', PrivateUse),
        ];
        for (character, class) in cases {
            assert_eq!(HiddenCharacter::of(character), Some(class), "{character:?}");
        }
    }
}
