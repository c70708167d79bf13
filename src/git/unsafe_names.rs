//! Detects names in trees that are not safe to follow.

use std::fmt;

/// A name that is not safe to follow, and its path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UnsafeName {
    /// The path, with bytes that are not UTF-8 replaced; for display only.
    pub path: String,
    /// The reason.
    pub peril: UnsafeNameKind,
}

/// The reason why a name in a tree is not safe.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum UnsafeNameKind {
    /// Another name beside it differs only by the case of ASCII letters.
    CaseTwin(String),
    /// A name that git, on some system, treats as its own directory: `.git` in any case, `git~1`, with trailing dots,
    /// spaces or a stream.
    DotGit,
    /// The tree contains the same name twice.
    Duplicate,
    /// Entries are not in git's order, so that programs may read different trees.
    Misordered,
    /// Not UTF-8.
    NotUtf8,
    /// Contains a separator or a control character, or is empty.
    Separator,
    /// `.` or `..`.
    Traversal,
}

impl fmt::Display for UnsafeNameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CaseTwin(other) => write!(f, "differs from `{other}` only by case"),
            Self::DotGit => f.write_str("is a name of git's own directory"),
            Self::Duplicate => f.write_str("occurs twice in one tree"),
            Self::Misordered => f.write_str("is out of order in its tree"),
            Self::NotUtf8 => f.write_str("is not UTF-8"),
            Self::Separator => f.write_str("contains a separator or a control character, or is empty"),
            Self::Traversal => f.write_str("leads out of its folder"),
        }
    }
}

impl UnsafeNameKind {
    /// Returns the problem of one name by itself, if any.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        if name == b"." || name == b".." {
            return Some(Self::Traversal);
        }
        if name.is_empty() || name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0..=0x1f | 0x7f)) {
            return Some(Self::Separator);
        }
        if takes_for_dot_git(name) {
            return Some(Self::DotGit);
        }
        std::str::from_utf8(name).err().map(|_| Self::NotUtf8)
    }
}

/// Follows `is_ntfs_dotgit` and `is_hfs_dotgit` of git: the short name, trailing dots and spaces, streams, and
/// characters that HFS+ ignores.
fn takes_for_dot_git(name: &[u8]) -> bool {
    if name.is_ascii() {
        return is_dot_git(name);
    }
    let visible: Vec<u8> = String::from_utf8_lossy(name)
        .chars()
        .filter(
            |c| !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'),
        )
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .into_bytes();
    is_dot_git(&visible)
}

fn is_dot_git(visible: &[u8]) -> bool {
    let head = visible.split(|byte| *byte == b':').next().unwrap_or_default();
    let kept = head.iter().rposition(|byte| !matches!(byte, b'.' | b' ')).map_or(&head[..0], |last| &head[..=last]);
    kept.eq_ignore_ascii_case(b".git") || kept.eq_ignore_ascii_case(b"git~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_names_are_detected() {
        for (name, peril) in [
            ("..", UnsafeNameKind::Traversal),
            (".", UnsafeNameKind::Traversal),
            ("", UnsafeNameKind::Separator),
            ("a/b", UnsafeNameKind::Separator),
            ("a\\b", UnsafeNameKind::Separator),
            ("a\nb", UnsafeNameKind::Separator),
            (".git", UnsafeNameKind::DotGit),
            (".GIT", UnsafeNameKind::DotGit),
            (".git. .", UnsafeNameKind::DotGit),
            ("git~1", UnsafeNameKind::DotGit),
            (".git::$INDEX_ALLOCATION", UnsafeNameKind::DotGit),
            (".g\u{200c}it", UnsafeNameKind::DotGit),
        ] {
            assert_eq!(UnsafeNameKind::of(name.as_bytes()), Some(peril), "{name:?}");
        }
        assert_eq!(UnsafeNameKind::of(b"\xff"), Some(UnsafeNameKind::NotUtf8));
        for name in ["a", ".github", ".gitattributes", "...", "git", "ana.ruiz.toml.ana.sig"] {
            assert_eq!(UnsafeNameKind::of(name.as_bytes()), None, "{name}");
        }
    }
}
