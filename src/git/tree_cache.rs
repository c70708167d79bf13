//! Cache of the trees read last: a walk compares each commit with the commit before it.

use super::{ObjectId, tree_entry::TreeEntry};
use std::{cell::RefCell, collections::VecDeque, sync::Arc};

/// The trees read last, of a limited number of entries.
#[derive(Default)]
pub(super) struct TreeCache(RefCell<RecentTrees>);

#[derive(Default)]
struct RecentTrees {
    /// The newest comes last.
    trees: VecDeque<(ObjectId, Arc<[TreeEntry]>)>,
    entries: usize,
}

impl TreeCache {
    /// Returns the entries of a tree, which `read` reads if they are not known.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn entries<E>(
        &self,
        tree: ObjectId,
        read: impl FnOnce() -> Result<Vec<TreeEntry>, E>,
    ) -> Result<Arc<[TreeEntry]>, E> {
        if let Some(known) = self.0.borrow_mut().find(tree) {
            return Ok(known);
        }
        let entries: Arc<[TreeEntry]> = read()?.into();
        self.0.borrow_mut().add(tree, entries.clone());
        Ok(entries)
    }
}

impl RecentTrees {
    fn find(&mut self, tree: ObjectId) -> Option<Arc<[TreeEntry]>> {
        let place = self.trees.iter().rposition(|(known, _)| *known == tree)?;
        let found = self.trees.remove(place)?;
        let entries = found.1.clone();
        self.trees.push_back(found);
        Some(entries)
    }

    fn add(&mut self, tree: ObjectId, entries: Arc<[TreeEntry]>) {
        self.entries += entries.len();
        self.trees.push_back((tree, entries));
        // The newest tree is kept at any size: the next commit is compared with it.
        while self.trees.len() > MOST_TREES || (self.entries > MOST_ENTRIES && self.trees.len() > 1) {
            self.entries -= self.trees.pop_front().map_or(0, |(_, entries)| entries.len());
        }
    }
}

/// More than the folders of two commits that one merge touches.
const MOST_TREES: usize = 64;
/// At most five megabytes.
const MOST_ENTRIES: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::FileMode;

    fn tree(number: u8) -> ObjectId {
        ObjectId::from_raw([number; 20])
    }

    fn entries(count: usize) -> Vec<TreeEntry> {
        let entry = |number: usize| TreeEntry {
            name: format!("{number:06}").bytes().collect(),
            mode: FileMode::Plain,
            id: tree(1),
        };
        (0..count).map(entry).collect()
    }

    /// Returns whether the tree is read.
    fn is_read(cache: &TreeCache, number: u8, count: usize) -> bool {
        let mut is_read = false;
        let read = || {
            is_read = true;
            Ok::<_, ()>(entries(count))
        };
        assert_eq!(cache.entries(tree(number), read).unwrap().len(), count);
        is_read
    }

    #[test]
    fn trees_used_last_are_not_read_again() {
        let cache = TreeCache::default();
        assert!((0..64).all(|number| is_read(&cache, number, 2)));
        assert!((0..64).all(|number| !is_read(&cache, number, 2)));
        assert!(!is_read(&cache, 0, 2), "it is now the one used last");
        assert!(is_read(&cache, 64, 2));
        assert!(is_read(&cache, 1, 2), "it was the one used first");
        assert!(!is_read(&cache, 0, 2));
    }

    #[test]
    fn size_of_kept_trees_is_limited() {
        let cache = TreeCache::default();
        assert!(is_read(&cache, 1, 10));
        assert!(is_read(&cache, 2, MOST_ENTRIES - 10));
        assert!(!is_read(&cache, 1, 10));
        assert!(is_read(&cache, 3, MOST_ENTRIES + 1), "a larger tree is kept alone");
        assert!(!is_read(&cache, 3, MOST_ENTRIES + 1));
        assert!(is_read(&cache, 1, 10));
    }

    #[test]
    fn failure_to_read_is_not_kept() {
        let cache = TreeCache::default();
        assert_eq!(cache.entries(tree(1), || Err("missing")).unwrap_err(), "missing");
        assert!(is_read(&cache, 1, 3));
    }
}
