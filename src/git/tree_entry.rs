//! Entries of a tree object, as stored.

use super::ObjectId;
use smallvec::SmallVec;
use std::fmt;

/// The mode of a tree entry.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FileMode {
    /// 100755.
    Executable,
    /// 160000: a commit of another repository.
    Gitlink,
    /// Any other number; git does not write these.
    Other(u32),
    /// 100644: the only mode of a governed file.
    Plain,
    /// 120000.
    Symlink,
    /// 040000: a folder.
    Tree,
}

/// One entry of one tree, as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TreeEntry {
    pub(super) name: SmallVec<[u8; 32]>,
    pub(super) mode: FileMode,
    pub(super) id: ObjectId,
}

/// Parses `mode SP name NUL id` until the end.
pub(super) fn parse(mut rest: &[u8]) -> Option<Vec<TreeEntry>> {
    let mut entries = Vec::with_capacity(rest.len() / 40);
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let digits = std::str::from_utf8(&rest[..space]).ok()?;
        let number = u32::from_str_radix(digits, 8).ok()?;
        // A leading zero is another spelling of the same tree, which git's own fsck reports as an error.
        let mode = if digits.starts_with('0') { FileMode::Other(number) } else { FileMode::of(number) };
        rest = &rest[space + 1..];
        let end = rest.iter().position(|byte| *byte == 0)?;
        let name = SmallVec::from_slice(&rest[..end]);
        let id = rest.get(end + 1..end + 21)?.try_into().ok()?;
        rest = &rest[end + 21..];
        entries.push(TreeEntry { name, mode, id: ObjectId::from_raw(id) });
    }
    Some(entries)
}

impl TreeEntry {
    /// Git sorts a folder as if its name ended with a slash.
    pub(super) fn sort_key(&self) -> impl Iterator<Item = u8> {
        self.name.iter().copied().chain((self.mode == FileMode::Tree).then_some(b'/'))
    }
}

impl FileMode {
    fn of(number: u32) -> Self {
        match number {
            0o040_000 => Self::Tree,
            0o100_644 => Self::Plain,
            0o100_755 => Self::Executable,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Gitlink,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executable => f.write_str("100755"),
            Self::Gitlink => f.write_str("160000"),
            Self::Other(number) => write!(f, "{number:06o}"),
            Self::Plain => f.write_str("100644"),
            Self::Symlink => f.write_str("120000"),
            Self::Tree => f.write_str("040000"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_tree_is_malformed() {
        let whole = [b"100644 a\0".as_slice(), &[7; 20]].concat();
        assert_eq!(parse(&whole).map(|entries| entries.len()), Some(1));
        for length in 1..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length}");
        }
        assert_eq!(parse(b""), Some(Vec::new()));
    }

    #[test]
    fn padded_mode_is_not_plain() {
        let spelled = [b"0100644 a\0".as_slice(), &[7; 20]].concat();
        assert_eq!(parse(&spelled).unwrap()[0].mode, FileMode::Other(0o100_644));
        assert_eq!(FileMode::of(0o100_664), FileMode::Other(0o100_664));
    }
}
