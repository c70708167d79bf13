//! String and bytes literals of CEL: quotes, raw strings and escapes.

use super::{error::ExpressionError, syntax::Literal};

/// Returns the literal at the start of a text, with its length in bytes; `None` if it does not start with a string.
///
/// # Errors
/// When the string is unterminated or has an invalid escape. `at` is the offset of the text in the expression, for spans.
pub(super) fn literal(text: &str, at: usize) -> Option<Result<(Literal, usize), ExpressionError>> {
    let unprefixed = text.trim_start_matches(['b', 'B', 'r', 'R']);
    let prefix = &text[..text.len() - unprefixed.len()];
    let (bytes, raw) = match prefix.to_ascii_lowercase().as_str() {
        "" => (false, false),
        "b" => (true, false),
        "br" => (true, true),
        "r" => (false, true),
        _ => return None,
    };
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| unprefixed.starts_with(quote))?;
    let start = prefix.len() + quote.len();
    Some(read(&text[start..], quote, raw, at + start).map(|(value, length)| {
        let literal = if bytes { Literal::Other } else { Literal::Text(value) };
        (literal, start + length)
    }))
}

/// Returns the value of a string up to its closing quote, and its length including the quote.
fn read(text: &str, quote: &str, raw: bool, at: usize) -> Result<(String, usize), ExpressionError> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        if let Some(behind) = rest.strip_prefix(quote) {
            return Ok((value, text.len() - behind.len()));
        }
        let place = at + text.len() - rest.len();
        let mut characters = rest.chars();
        match characters.next() {
            None => return Err(unclosed(at - quote.len(), quote)),
            Some('\n' | '\r') if quote.len() == 1 => return Err(unclosed(at - quote.len(), quote)),
            // The specification normalizes line ends to a line feed.
            Some('\r') => {
                value.push('\n');
                rest = characters.as_str();
                rest = rest.strip_prefix('\n').unwrap_or(rest);
            }
            Some('\\') if !raw => {
                let (c, length) = escape(characters.as_str()).ok_or_else(|| no_escape(place, characters.as_str()))?;
                value.push(c);
                rest = &characters.as_str()[length..];
            }
            Some(c) => {
                value.push(c);
                rest = characters.as_str();
            }
        }
    }
}

/// Returns the character of an escape sequence, and the length of the sequence after the backslash.
fn escape(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    let simple = match first {
        '"' | '\'' | '?' | '\\' | '`' => Some(first),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        _ => None,
    };
    if let Some(c) = simple {
        return Some((c, 1));
    }
    let (digits, radix) = match first {
        '0'..='3' => (0..3, 8),
        'x' | 'X' => (1..3, 16),
        'u' => (1..5, 16),
        'U' => (1..9, 16),
        _ => return None,
    };
    let end = digits.end;
    let digits = text.get(digits).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
    let c = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    Some((c, end))
}

fn unclosed(start: usize, quote: &str) -> ExpressionError {
    ExpressionError::new("expression-syntax", start..start + quote.len(), "unterminated string")
        .help(format!("close it with `{quote}`"))
}

fn no_escape(start: usize, escape: &str) -> ExpressionError {
    let length = escape.chars().next().map_or(0, char::len_utf8);
    ExpressionError::new("expression-syntax", start..start + 1 + length, "invalid escape sequence")
        .help("write `\\\\` for a backslash, or a raw string: `r'…'`")
}
