//! Expands patterns of paths as glob(3) does, below the root directory.

use super::root_dir::RootDir;
use crate::connector::ConnectorError;

/// Returns the sorted paths that match an absolute pattern. A pattern without special characters is returned unchanged.
pub(super) fn expand(root: &RootDir, pattern: &str) -> Result<Vec<String>, ConnectorError> {
    if !is_special(pattern) {
        return Ok(vec![pattern.to_owned()]);
    }
    let mut found = vec![String::new()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for directory in found {
            if !is_special(part) {
                next.push(format!("{directory}/{part}"));
                continue;
            }
            let names = root.names(if directory.is_empty() { "/" } else { &directory })?.unwrap_or_default();
            next.extend(names.into_iter().filter(|name| fits(part, name)).map(|name| format!("{directory}/{name}")));
        }
        found = next;
    }
    found.sort();
    Ok(found)
}

fn is_special(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// Returns whether a name matches a pattern; a leading dot needs one in the pattern.
fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    matches(&pattern, &name)
}

fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    // The last `*`, and the part of the name that it has taken.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            None if n == name.len() => return true,
            None => None,
            Some(_) => name.get(n).and_then(|c| one(&pattern[p..], *c)),
        };
        match (step, star) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            (None, Some((at, taken))) if taken < name.len() => {
                star = Some((at, taken + 1));
                (p, n) = (at + 1, taken + 1);
            }
            (None, _) => return false,
        }
    }
}

/// Returns the length of the first element of a pattern if it matches a character.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        ['[', rest @ ..] => bracket(rest, c).unwrap_or((c == '[').then_some(1)),
        [literal, ..] => (*literal == c).then_some(1),
        [] => None,
    }
}

/// Returns the answer of a bracket expression; `None` when it has no end and is a plain `[`.
fn bracket(pattern: &[char], c: char) -> Option<Option<usize>> {
    let inverted = matches!(pattern.first(), Some('!' | '^'));
    let start = usize::from(inverted);
    let end = pattern.iter().skip(start + 1).position(|one| *one == ']')? + start + 1;
    let set = &pattern[start..end];
    let mut found = false;
    let mut at = 0;
    while at < set.len() {
        match set[at..] {
            [from, '-', to, ..] => {
                found |= (from..=to).contains(&c);
                at += 3;
            }
            _ => {
                found |= set[at] == c;
                at += 1;
            }
        }
    }
    // The `[`, the set, and the `]`.
    Some((found != inverted).then_some(end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_glob() {
        for (pattern, name, wanted) in [
            ("k*.conf", "k1.conf", true),
            ("k*.conf", "k.conf.conf", true),
            ("k*.conf", "k.conf~", false),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("?[0-9]", "a7", true),
            ("[!a-c]*", "b", false),
            ("[!a-c]*", "d", true),
            ("[]x]", "]", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("*.*", "a.b.c", true),
            ("[a", "[a", true),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
