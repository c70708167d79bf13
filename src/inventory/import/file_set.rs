//! Sets of principals files: a file, and its continuations `NAME-2.toml`, `NAME-3.toml` and so on, none of which
//! exceeds the size of a governed file.

use crate::{
    format::{codec, limits::MAX_FILE},
    model::{
        PrincipalId,
        file::{FileKind, PrincipalRecord, Principals},
    },
};
use std::collections::BTreeMap;

/// A principals file and its continuations.
#[derive(Clone, Debug)]
pub struct FileSet {
    first: String,
    /// The path of a continuation without its number.
    stem: String,
}

impl FileSet {
    /// Returns the set whose first file has this path, or `None` if no principals file can have it. The continuations
    /// of `principals.toml` are `principals/principals-2.toml` and so on.
    pub fn new(first: &str) -> Option<Self> {
        let stem = match first {
            "principals.toml" => "principals/principals",
            other => {
                let stem = other.strip_suffix(".toml")?;
                PrincipalId::parse(stem.strip_prefix("principals/")?).ok()?;
                stem
            }
        };
        Some(Self { first: first.to_owned(), stem: format!("{stem}-") })
    }

    /// Returns the path of the first file.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// Returns the path of the file with this number, from 1.
    fn path(&self, number: u32) -> String {
        if number == 1 { self.first.clone() } else { format!("{}{number}.toml", self.stem) }
    }

    /// Returns the number of a file of the set, or `None` for another file.
    pub(super) fn number(&self, path: &str) -> Option<u32> {
        if path == self.first {
            return Some(1);
        }
        let number = path.strip_prefix(&self.stem)?.strip_suffix(".toml")?.parse().ok()?;
        (number > 1 && self.path(number) == path).then_some(number)
    }

    /// Returns the set of which this is a continuation, if its first file is among these.
    pub fn continued<'f>(&self, mut files: impl Iterator<Item = &'f String>) -> Option<&'f str> {
        let of = |path: &String| Self::new(path).is_some_and(|set| set.number(&self.first).is_some_and(|n| n > 1));
        files.find(|path| of(path)).map(String::as_str)
    }

    /// Adds entries to the files of the set. An entry stays in its file; only a file that would exceed the size of a
    /// governed file passes its last entries on. New entries, sorted by id, go to the last file with space, and then to
    /// further files. Each file keeps space for changes of its entries.
    pub(super) fn distribute(&self, files: &mut BTreeMap<String, Entries>, mut added: Entries) {
        let mut numbers: Vec<u32> = files.keys().filter_map(|path| self.number(path)).collect();
        numbers.sort_unstable();
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        let empty = size([]);
        for number in &numbers {
            let Some(entries) = files.get_mut(&self.path(*number)) else { continue };
            let mut total = size(entries.values());
            if total > MAX_FILE {
                while total > FILL {
                    let Some((id, entry)) = entries.pop_last() else { break };
                    total -= size([&entry]) - empty;
                    added.insert(id, entry);
                }
            }
            sizes.insert(*number, total);
        }
        let mut number = numbers.last().copied().unwrap_or(1);
        for (id, entry) in added {
            let length = size([&entry]) - empty;
            let used = *sizes.entry(number).or_insert(empty);
            if used + length > FILL && used > empty {
                number += 1;
            }
            *sizes.entry(number).or_insert(empty) += length;
            files.entry(self.path(number)).or_default().insert(id, entry);
        }
    }
}

/// The entries of one file, by id.
pub(super) type Entries = BTreeMap<PrincipalId, PrincipalRecord>;

/// Returns the size of a file with these entries.
fn size<'e>(entries: impl IntoIterator<Item = &'e PrincipalRecord>) -> usize {
    codec::render(&file(entries.into_iter().cloned())).len()
}

/// Returns a file with these entries.
pub(super) fn file(entries: impl IntoIterator<Item = PrincipalRecord>) -> Principals {
    Principals { schema: FileKind::Principals.schema().to_owned(), principals: entries.into_iter().collect() }
}

/// The size up to which entries are added to a file. The rest is for changes of its entries, so that these stay in it.
const FILL: usize = MAX_FILE / 4 * 3;
