//! A small lexer for Rust source: finds comments, string literals and character literals.

/// Returns the length of the comment, string or character that `rest` starts with; zero when it is code.
///
/// `before` is the byte in front of `rest`.
pub fn skipped(rest: &str, before: Option<u8>) -> usize {
    let end_of = |mark: &str, from: usize| rest[from..].find(mark).map_or(rest.len(), |end| from + end + mark.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if before.is_none_or(|sign| !is_word(char::from(sign))) {
        let prefix = ["br", "cr", "r", "b", "c"].into_iter().find(|prefix| {
            let after = rest.strip_prefix(prefix).unwrap_or_default();
            let hashes = after.len() - after.trim_start_matches('#').len();
            after[hashes..].starts_with('"') && (hashes == 0 || prefix.ends_with('r'))
        });
        if let Some(prefix) = prefix.filter(|prefix| prefix.ends_with('r')) {
            let after = &rest[prefix.len()..];
            let hashes = after.len() - after.trim_start_matches('#').len();
            let close = format!("\"{}", "#".repeat(hashes));
            return end_of(&close, prefix.len() + hashes + 1);
        }
        if let Some(prefix) = prefix {
            return prefix.len() + quoted(&rest[prefix.len()..]);
        }
    }
    if rest.starts_with('"') {
        return quoted(rest);
    }
    character(rest)
}

/// Returns whether `sign` can be part of a name.
pub fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Returns the length of the string, with its quotes, that `rest` starts with.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, sign) in rest.bytes().enumerate().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Returns the length of a character literal; zero for a lifetime, and for anything else.
fn character(rest: &str) -> usize {
    let Some(inside) = rest.strip_prefix('\'') else { return 0 };
    if let Some(escaped) = inside.strip_prefix('\\') {
        let skip = escaped.chars().next().map_or(0, char::len_utf8);
        return escaped[skip..].find('\'').map_or(0, |end| 2 + skip + end + 1);
    }
    let first = inside.chars().next().map_or(0, char::len_utf8);
    if inside[first..].starts_with('\'') { first + 2 } else { 0 }
}
