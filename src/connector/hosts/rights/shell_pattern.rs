//! Patterns of fnmatch(3) as the C library compares them in the C locale, and the parts of a glob(3).

/// The treatment of separators of paths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::connector::hosts) enum PatternScope {
    /// `*` matches every byte, as in arguments.
    Text,
    /// A slash is only matched by a slash (`FNM_PATHNAME`).
    Path,
    /// As [`Self::Path`], and a leading period is only matched by a period (`FNM_PERIOD`), as glob(3) does.
    File,
}

/// Returns whether a text matches a pattern.
pub(in crate::connector::hosts) fn fnmatch(pattern: &str, text: &str, scope: PatternScope) -> bool {
    matches_from(pattern.as_bytes(), text.as_bytes(), 0, scope, &mut BUDGET.clone())
}

/// Returns whether a path contains characters that make it a pattern for sudo.
pub(in crate::connector::hosts) fn has_meta(path: &str) -> bool {
    path.contains(['\\', '?', '*', '[', ']'])
}

/// Returns a text without the backslashes that quote the characters of a pattern.
pub(in crate::connector::hosts) fn unquoted(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next()),
            c => text.push(c),
        }
    }
    text
}

/// Returns a text that a pattern matches, with `filler` for what may vary; `None` when the guess does not match.
pub(in crate::connector::hosts) fn sample(pattern: &str, filler: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => text.push_str(filler),
            '?' => text.push('x'),
            '\\' => {
                let next = rest.chars().next()?;
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
            '[' => match bracket(rest.as_bytes()) {
                Some((length, set)) => {
                    text.push((b'!'..=b'~').map(char::from).find(|c| set.has(*c as u8))?);
                    rest = rest.get(length..)?;
                }
                None => text.push('['),
            },
            c => text.push(c),
        }
    }
    fnmatch(pattern, &text, PatternScope::Text).then_some(text)
}

fn matches_from(pattern: &[u8], text: &[u8], at: usize, scope: PatternScope, budget: &mut usize) -> bool {
    // A hostile pattern with many stars must not take exponential time; real ones never reach the limit.
    *budget = budget.saturating_sub(1);
    if *budget == 0 {
        return true;
    }
    let Some((first, rest)) = pattern.split_first() else { return at == text.len() };
    let here = text.get(at).copied();
    let starts = at == 0 || (scope != PatternScope::Text && text.get(at - 1) == Some(&b'/'));
    let hidden = scope == PatternScope::File && starts && here == Some(b'.');
    let slash = scope != PatternScope::Text && here == Some(b'/');
    match first {
        b'*' => {
            if hidden {
                return false;
            }
            let mut end = at;
            loop {
                if matches_from(rest, text, end, scope, budget) {
                    return true;
                }
                match text.get(end) {
                    Some(b'/') if scope != PatternScope::Text => return false,
                    Some(_) => end += 1,
                    None => return false,
                }
            }
        }
        b'?' => here.is_some() && !hidden && !slash && matches_from(rest, text, at + 1, scope, budget),
        b'[' => match bracket(rest) {
            Some((length, set)) => {
                here.is_some_and(|byte| !hidden && !slash && set.has(byte))
                    && matches_from(&rest[length..], text, at + 1, scope, budget)
            }
            None => here == Some(b'[') && matches_from(rest, text, at + 1, scope, budget),
        },
        b'\\' => match rest.split_first() {
            Some((quoted, rest)) => here == Some(*quoted) && matches_from(rest, text, at + 1, scope, budget),
            // A pattern that ends with a backslash matches nothing.
            None => false,
        },
        byte => here == Some(*byte) && matches_from(rest, text, at + 1, scope, budget),
    }
}

/// A set of bytes.
struct ByteSet {
    bytes: [bool; 256],
    negated: bool,
}

impl ByteSet {
    fn has(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)] != self.negated
    }
}

/// Reads a bracket expression after its `[`; returns its length with the closing bracket.
fn bracket(text: &[u8]) -> Option<(usize, ByteSet)> {
    let mut set = ByteSet { bytes: [false; 256], negated: false };
    let mut at = 0;
    if matches!(text.first(), Some(b'!' | b'^')) {
        set.negated = true;
        at = 1;
    }
    let start = at;
    loop {
        let byte = *text.get(at)?;
        if byte == b']' && at > start {
            return Some((at + 1, set));
        }
        if byte == b'[' && text.get(at + 1) == Some(&b':') {
            let end = at + 2 + text[at + 2..].windows(2).position(|two| two == b":]")?;
            let class = class_of(&text[at + 2..end])?;
            (0..=255_u8).filter(class).for_each(|b| set.bytes[usize::from(b)] = true);
            at = end + 2;
            continue;
        }
        let (low, next) = quoted(text, at)?;
        at = next;
        let ranged = text.get(at) == Some(&b'-') && text.get(at + 1).is_some_and(|after| *after != b']');
        let high = if ranged {
            let (high, next) = quoted(text, at + 1)?;
            at = next;
            high
        } else {
            low
        };
        (low..=high).for_each(|b| set.bytes[usize::from(b)] = true);
    }
}

fn quoted(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match text.get(at)? {
        b'\\' => Some((*text.get(at + 1)?, at + 2)),
        byte => Some((*byte, at + 1)),
    }
}

fn class_of(name: &[u8]) -> Option<fn(&u8) -> bool> {
    Some(match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |b| matches!(b, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |b| b.is_ascii_graphic() || *b == b' ',
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |b| b.is_ascii_whitespace() || *b == 0x0b,
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    })
}

const BUDGET: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_the_c_library() {
        let cases = [
            ("-u*", "-u /etc/x -n", PatternScope::Text, true),
            ("*", "", PatternScope::Text, true),
            ("?", "", PatternScope::Text, false),
            ("/usr/bin/*", "/usr/bin/x/y", PatternScope::Path, false),
            ("/usr/bin/*", "/usr/bin/.x", PatternScope::File, false),
            ("/usr/bin/.*", "/usr/bin/.x", PatternScope::File, true),
            ("[!a-c]x", "dx", PatternScope::Text, true),
            ("[^a-c]x", "ax", PatternScope::Text, false),
            ("[]a]", "]", PatternScope::Text, true),
            ("[[:digit:]x]", "7", PatternScope::Text, true),
            ("[a", "[a", PatternScope::Text, true),
            ("a\\*", "a*", PatternScope::Text, true),
            ("a\\*", "ab", PatternScope::Text, false),
            ("a[/]b", "a/b", PatternScope::Path, false),
            ("a[\\]]b", "a]b", PatternScope::Text, true),
        ];
        for (pattern, text, scope, wanted) in cases {
            assert_eq!(fnmatch(pattern, text, scope), wanted, "{pattern} {text} {scope:?}");
        }
        assert_eq!(sample("-[uv]* /x?", "q").as_deref(), Some("-uq /xx"));
    }
}
