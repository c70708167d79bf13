//! Differences between two trees. Folders with equal ids are not opened, so the cost follows the size of the change.

use super::{
    FileMode, GitError, ObjectId, Repository, TreeFile, TreeListing, UnsafeName,
    tree::{TreeEntry, WalkBudget, join, judged},
    unsafe_names::UnsafeNameKind,
};
use smallvec::SmallVec;
use std::collections::BTreeMap;

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
        for entry in old.iter().filter(|entry| can_be_followed(entry)) {
            sides.entry(&entry.name).or_default().0.push(entry);
        }
        for (entry, peril) in judged(&new) {
            let followed = peril.as_ref().is_none_or(UnsafeNameKind::leaves_the_path_clear);
            if let Some(peril) = peril {
                let path = join(folder, &String::from_utf8_lossy(&entry.name));
                self.changes.hazards.push(UnsafeName { path, peril });
            }
            if followed {
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

    fn open(&mut self, tree: Option<ObjectId>, depth: usize) -> Result<Vec<TreeEntry>, GitError> {
        let entries = tree.map(|tree| self.repository.entries(tree)).transpose()?.unwrap_or_default();
        self.budget.spend(entries.len(), depth)?;
        Ok(entries)
    }
}

fn can_be_followed(entry: &TreeEntry) -> bool {
    UnsafeNameKind::of(&entry.name).is_none_or(|peril| peril.leaves_the_path_clear())
}
