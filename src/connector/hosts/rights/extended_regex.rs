//! Extended regular expressions of POSIX, as sudo compares them: translated where their meaning is the same.

use regex::bytes::{Regex, RegexBuilder};

/// Returns the expression between `^` and `$` of a rule; `None` when it uses something that is not translated.
pub(super) fn compile(text: &str) -> Option<Regex> {
    let (text, insensitive) = match text.strip_prefix("^(?i)") {
        Some(rest) => (format!("^{rest}"), true),
        None => (text.to_owned(), false),
    };
    let translated = translate(text.as_bytes())?;
    let mut builder = RegexBuilder::new(&translated);
    builder.unicode(false).case_insensitive(insensitive).dot_matches_new_line(true).size_limit(1 << 20);
    builder.build().ok()
}

fn translate(text: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut at = 0;
    // A repetition is only translated after something that can be repeated.
    let mut repeatable = false;
    while let Some(byte) = text.get(at).copied() {
        at += 1;
        match byte {
            b'*' | b'+' | b'?' => {
                if !repeatable {
                    return None;
                }
                out.push(char::from(byte));
                // `a*?` would be a lazy repetition here and is a repeated one there.
                repeatable = false;
            }
            b'{' => {
                let length = text[at..].iter().position(|b| *b == b'}')?;
                let inner = std::str::from_utf8(&text[at..at + length]).ok()?;
                let mut parts = inner.split(',');
                let counts = |part: Option<&str>| part.is_some_and(|p| p.parse::<u8>().is_ok());
                let low = counts(parts.next());
                let high = parts.next().is_none_or(|p| p.is_empty() || p.parse::<u8>().is_ok());
                if !(repeatable && low && high && parts.next().is_none()) {
                    return None;
                }
                out.push_str(&format!("{{{inner}}}"));
                at += length + 1;
                repeatable = false;
            }
            b'[' => {
                at += bracket(&text[at..], &mut out)?;
                repeatable = true;
            }
            b'\\' => {
                let next = text.get(at).copied()?;
                at += 1;
                // An escaped letter or digit has another meaning here than there.
                if next.is_ascii_alphanumeric()
                    || !next.is_ascii_graphic()
                    || matches!(next, b'<' | b'>' | b'`' | b'\'')
                {
                    return None;
                }
                literal(next, &mut out);
                repeatable = true;
            }
            b'(' | b'|' | b'^' => {
                out.push(char::from(byte));
                repeatable = false;
            }
            b')' | b'.' => {
                out.push(char::from(byte));
                repeatable = true;
            }
            b'$' => {
                out.push('$');
                repeatable = false;
            }
            b']' | b'}' => return None,
            byte if byte.is_ascii() => {
                literal(byte, &mut out);
                repeatable = true;
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Translates a bracket expression after its `[`; returns its length.
fn bracket(text: &[u8], out: &mut String) -> Option<usize> {
    let mut at = 0;
    out.push('[');
    if text.first() == Some(&b'^') {
        out.push('^');
        at = 1;
    }
    let start = at;
    loop {
        let byte = *text.get(at)?;
        match byte {
            b']' if at > start => {
                out.push(']');
                return Some(at + 1);
            }
            b'[' if matches!(text.get(at + 1), Some(b'.' | b'=')) => return None,
            b'[' if text.get(at + 1) == Some(&b':') => {
                let end = at + 2 + text[at + 2..].windows(2).position(|two| two == b":]")?;
                let name = std::str::from_utf8(&text[at + 2..end]).ok()?;
                if !name.bytes().all(|b| b.is_ascii_lowercase()) {
                    return None;
                }
                out.push_str(&format!("[:{name}:]"));
                at = end + 2;
            }
            b'-' if at > start && text.get(at + 1).is_some_and(|b| *b != b']') => {
                out.push('-');
                at += 1;
            }
            byte if byte.is_ascii() => {
                literal(byte, out);
                at += 1;
            }
            _ => return None,
        }
    }
}

fn literal(byte: u8, out: &mut String) {
    if byte.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(char::from(byte));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_translated_or_left_alone() {
        let cases = [
            ("^/usr/bin/[a-z]+$", "/usr/bin/ls", Some(true)),
            ("^/usr/bin/[a-z]+$", "/usr/bin/l2", Some(false)),
            ("^/usr/bin/(id|w)$", "/usr/bin/w", Some(true)),
            ("^a{2,3}$", "aa", Some(true)),
            ("^[^]/-]$", "-", Some(false)),
            ("^[[:digit:]-]+$", "1-2", Some(true)),
            ("^(?i)/BIN/LS$", "/bin/ls", Some(true)),
            ("^\\w+$", "a", None),
            ("^a*?$", "a", None),
            ("^[[.a.]]$", "a", None),
        ];
        for (text, input, wanted) in cases {
            assert_eq!(compile(text).map(|regex| regex.is_match(input.as_bytes())), wanted, "{text}");
        }
    }
}
