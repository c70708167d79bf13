//! Differences between two trees. Folders with equal ids are not opened, so the cost follows the size of the change.

use super::{
    FileMode, GitError, ObjectId, Repository, TreeFile, TreeListing, UnsafeName,
    tree::{WalkBudget, join, judged},
    tree_entry::TreeEntry,
    unsafe_names::UnsafeNameKind,
};
use smallvec::SmallVec;
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// One file that differs between two trees. A rename is a deletion and an addition.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FileChange {
    /// The file is only in the later tree.
    Added(TreeFile),
    /// The content or the mode of the file differs.
    Changed {
        /// The file in the earlier tree.
        before: TreeFile,
        /// The file in the later tree.
        after: TreeFile,
    },
    /// The file is only in the earlier tree.
    Deleted(TreeFile),
}

impl FileChange {
    /// Returns the path of the file.
    pub fn path(&self) -> &str {
        match self {
            Self::Added(file) | Self::Changed { after: file, .. } | Self::Deleted(file) => &file.path,
        }
    }
}

/// The differences between two trees.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TreeDiff {
    /// The files, sorted by path.
    pub files: Vec<FileChange>,
    /// Unsafe names in changed folders of the later tree, sorted. They are not followed.
    pub hazards: Vec<UnsafeName>,
}

impl Repository {
    /// Returns the differences from the tree of `before` to the tree of `after`; `None` is the empty tree.
    ///
    /// # Errors
    /// When a tree is missing or malformed, or the change is too large to walk.
    pub fn changes(&self, before: Option<ObjectId>, after: ObjectId) -> Result<TreeDiff, GitError> {
        let after = self.tree_of(after)?;
        let before = before.map(|commit| self.tree_of(commit)).transpose()?;
        let mut walk = DiffWalk { repository: self, budget: WalkBudget::of(after), changes: TreeDiff::default() };
        if before != Some(after) {
            walk.compare(before, Some(after), "", 0)?;
        }
        let mut changes = walk.changes;
        changes.files.sort_by(|one, other| one.path().cmp(other.path()).then_with(|| one.cmp(other)));
        changes.hazards.sort();
        Ok(changes)
    }
}

#[derive(Clone, Copy)]
enum DiffSide {
    After,
    Before,
}

/// The entries of one tree that share a name: one, in any tree that git wrote.
type SameName<'t> = SmallVec<[&'t TreeEntry; 1]>;

struct DiffWalk<'a> {
    repository: &'a Repository,
    budget: WalkBudget,
    changes: TreeDiff,
}

impl DiffWalk<'_> {
    fn compare(
        &mut self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        folder: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        let old = self.open(before, depth)?;
        let new = self.open(after, depth)?;
        let mut sides: BTreeMap<&[u8], (SameName<'_>, SameName<'_>)> = BTreeMap::new();
        let (before, after) = differing(&old, &new);
        for entry in old[before].iter().filter(|entry| can_be_followed(entry)) {
            sides.entry(&entry.name).or_default().0.push(entry);
        }
        for (index, (entry, peril)) in judged(&new).enumerate() {
            let followed = peril.as_ref().is_none_or(UnsafeNameKind::leaves_the_path_clear);
            if let Some(peril) = peril {
                let path = join(folder, &String::from_utf8_lossy(&entry.name));
                self.changes.hazards.push(UnsafeName { path, peril });
            }
            if followed && after.contains(&index) {
                sides.entry(&entry.name).or_default().1.push(entry);
            }
        }
        for (name, (old, new)) in sides {
            if let ([old], [new]) = (old.as_slice(), new.as_slice())
                && (old.mode, old.id) == (new.mode, new.id)
            {
                continue;
            }
            let path = join(folder, &String::from_utf8_lossy(name));
            match (old.as_slice(), new.as_slice()) {
                ([old], [new]) => self.pair(old, new, path, depth)?,
                // Entries that share one name cannot be paired: everything on both sides differs.
                (old, new) => {
                    old.iter().try_for_each(|entry| self.whole(entry, &path, depth, DiffSide::Before))?;
                    new.iter().try_for_each(|entry| self.whole(entry, &path, depth, DiffSide::After))?;
                }
            }
        }
        Ok(())
    }

    /// Adds the differences of two entries with one name that are not equal.
    fn pair(&mut self, old: &TreeEntry, new: &TreeEntry, path: String, depth: usize) -> Result<(), GitError> {
        match (old.mode, new.mode) {
            (FileMode::Tree, FileMode::Tree) => self.compare(Some(old.id), Some(new.id), &path, depth + 1),
            (FileMode::Tree, _) | (_, FileMode::Tree) => {
                self.whole(old, &path, depth, DiffSide::Before)?;
                self.whole(new, &path, depth, DiffSide::After)
            }
            _ => {
                let before = TreeFile { path: path.clone(), mode: old.mode, id: old.id };
                let after = TreeFile { path, mode: new.mode, id: new.id };
                self.changes.files.push(FileChange::Changed { before, after });
                Ok(())
            }
        }
    }

    fn whole(&mut self, entry: &TreeEntry, path: &str, depth: usize, side: DiffSide) -> Result<(), GitError> {
        let mut listing = TreeListing::default();
        if entry.mode == FileMode::Tree {
            self.repository.gather(entry.id, path, depth + 1, &mut self.budget, &mut listing)?;
        } else {
            listing.files.push(TreeFile { path: path.to_owned(), mode: entry.mode, id: entry.id });
        }
        match side {
            DiffSide::After => {
                self.changes.files.extend(listing.files.into_iter().map(FileChange::Added));
                self.changes.hazards.extend(listing.hazards);
            }
            DiffSide::Before => self.changes.files.extend(listing.files.into_iter().map(FileChange::Deleted)),
        }
        Ok(())
    }

    fn open(&mut self, tree: Option<ObjectId>, depth: usize) -> Result<Arc<[TreeEntry]>, GitError> {
        let entries = tree.map(|tree| self.repository.entries(tree)).transpose()?.unwrap_or_default();
        self.budget.spend(entries.len(), depth)?;
        Ok(entries)
    }
}

/// Returns the ranges of the entries that may differ: without the equal entries at both ends, if no name of the other
/// entries is also there.
fn differing(old: &[TreeEntry], new: &[TreeEntry]) -> (Range<usize>, Range<usize>) {
    let same = |(one, other): &(&TreeEntry, &TreeEntry)| one == other;
    let first = old.iter().zip(new).take_while(same).count();
    let last = old[first..].iter().rev().zip(new[first..].iter().rev()).take_while(same).count();
    let (before, after) = (first..old.len() - last, first..new.len() - last);
    // In ascending order, all names of the later tree are different.
    let is_ascending = new.is_sorted_by(|one, other| one.name < other.name);
    let mut equal = new[..first].iter().chain(&new[after.end..]);
    let is_repeated = |other: &TreeEntry| old[before.clone()].iter().any(|entry| entry.name == other.name);
    if !is_ascending || before.len() > FEW || equal.any(is_repeated) {
        return (0..old.len(), 0..new.len());
    }
    (before, after)
}

/// The number of entries for which a search in the whole folder costs less than sorting it.
const FEW: usize = 8;

fn can_be_followed(entry: &TreeEntry) -> bool {
    UnsafeNameKind::of(&entry.name).is_none_or(|peril| peril.leaves_the_path_clear())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &[(&str, u8)]) -> Vec<TreeEntry> {
        let entry = |(name, id): &(&str, u8)| TreeEntry {
            name: name.bytes().collect(),
            mode: FileMode::Plain,
            id: ObjectId::from_raw([*id; 20]),
        };
        names.iter().map(entry).collect()
    }

    #[test]
    fn equal_ends_of_sorted_folders_are_not_compared() {
        let old = entries(&[("a", 1), ("b", 1), ("d", 1)]);
        assert_eq!(differing(&old, &entries(&[("a", 1), ("b", 2), ("d", 1)])), (1..2, 1..2));
        assert_eq!(differing(&old, &entries(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)])), (2..2, 2..3));
        assert_eq!(differing(&old, &[]), (0..3, 0..0));
    }

    #[test]
    fn repeated_names_are_compared_in_the_whole_folder() {
        let new = entries(&[("a", 1), ("b", 1)]);
        assert_eq!(differing(&entries(&[("a", 1), ("a", 2), ("b", 1)]), &new), (0..3, 0..2));
        let twice = entries(&[("a", 1), ("a", 1), ("b", 1)]);
        assert_eq!(differing(&twice, &twice), (0..3, 0..3));
    }
}
