//! Reads trees and files of a commit from the object database.

use super::{
    FileMode, GitError, ObjectId, Repository, UnsafeName,
    tree_entry::{TreeEntry, parse},
    unsafe_names::UnsafeNameKind,
};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// A file in a tree. This layer reports its mode and does not decide whether the mode is allowed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TreeFile {
    /// Its path from the root of the tree.
    pub path: String,
    /// Its mode in the tree.
    pub mode: FileMode,
    /// The id of its content.
    pub id: ObjectId,
}

/// The files below a path.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TreeListing {
    /// All entries that are not folders, sorted by path. Entries below an unsafe name are left out.
    pub files: Vec<TreeFile>,
    /// Unsafe names, sorted. They are not followed.
    pub hazards: Vec<UnsafeName>,
}

impl Repository {
    /// Returns the bytes of a blob of at most `limit` bytes. Reads the size first.
    ///
    /// # Errors
    /// When it is larger, missing, or not a blob.
    pub fn blob(&self, id: ObjectId, limit: u64) -> Result<Vec<u8>, GitError> {
        self.with_blob(id, limit, <[u8]>::to_vec)
    }

    /// As [`Self::blob`], for a caller that only reads the bytes: they are not copied.
    ///
    /// # Errors
    /// As [`Self::blob`].
    pub fn with_blob<T>(&self, id: ObjectId, limit: u64, read: impl FnOnce(&[u8]) -> T) -> Result<T, GitError> {
        let database = self.inner.odb().map_err(GitError::library("opening the object database"))?;
        // Without a limit, the size need not be known before.
        if limit < u64::MAX {
            let size = size_in(&database, id)?;
            if size > limit {
                return Err(GitError::BlobTooLarge { id, size, limit });
            }
        }
        let object = match database.read(id.oid()) {
            Ok(object) => object,
            Err(error) => {
                // The header names the exact problem of an object that is missing or is not a blob.
                size_in(&database, id)?;
                return Err(GitError::library("reading a blob")(error));
            }
        };
        match object.kind() {
            git2::ObjectType::Blob => Ok(read(object.data())),
            _ => Err(GitError::Malformed { id, why: NOT_A_BLOB }),
        }
    }

    /// Returns the size of a blob without reading it.
    ///
    /// # Errors
    /// When it is missing, or not a blob.
    pub fn blob_size(&self, id: ObjectId) -> Result<u64, GitError> {
        let database = self.inner.odb().map_err(GitError::library("opening the object database"))?;
        size_in(&database, id)
    }

    /// Returns the entry at `path` in the tree of `commit`, which may be a folder; `None` when the path does not exist.
    ///
    /// # Errors
    /// When a tree along the path is malformed, or contains the name twice.
    pub fn file(&self, commit: ObjectId, path: &str) -> Result<Option<TreeFile>, GitError> {
        let mut tree = self.tree_of(commit)?;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let entries = self.entries(tree)?;
            let mut found = entries.iter().filter(|entry| entry.name.as_slice() == name.as_bytes());
            let Some(entry) = found.next() else { return Ok(None) };
            if found.next().is_some() {
                return Err(GitError::Hazardous { tree, path: path.to_owned(), peril: UnsafeNameKind::Duplicate });
            }
            match (names.peek(), entry.mode) {
                (None, mode) => return Ok(Some(TreeFile { path: path.to_owned(), mode, id: entry.id })),
                (Some(_), FileMode::Tree) => tree = entry.id,
                (Some(_), _) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Returns the direct entries of a folder with the id `tree` at `path`, without those under unsafe names, and the
    /// number of all of its entries.
    ///
    /// # Errors
    /// When the tree is missing or malformed.
    pub fn folder(&self, tree: ObjectId, path: &str) -> Result<(Vec<TreeFile>, usize), GitError> {
        let entries = self.entries(tree)?;
        let followed =
            judged(&entries).filter(|(_, peril)| peril.as_ref().is_none_or(UnsafeNameKind::leaves_the_path_clear));
        let file = |(entry, _): (&TreeEntry, _)| TreeFile {
            path: join(path, &String::from_utf8_lossy(&entry.name)),
            mode: entry.mode,
            id: entry.id,
        };
        Ok((followed.map(file).collect(), entries.len()))
    }

    /// Returns the names of the direct subfolders of a folder in the tree of `commit`, without opening them.
    ///
    /// # Errors
    /// When a tree is missing or malformed.
    pub fn folders(&self, commit: ObjectId, folder: &str) -> Result<Vec<String>, GitError> {
        let Some(TreeFile { mode: FileMode::Tree, id, .. }) = self.file(commit, folder)? else { return Ok(Vec::new()) };
        let entries = self.entries(id)?;
        let folders = judged(&entries).filter(|(entry, peril)| entry.mode == FileMode::Tree && peril.is_none());
        Ok(folders.map(|(entry, _)| String::from_utf8_lossy(&entry.name).into_owned()).collect())
    }

    /// Returns the files at and below `prefix` in the tree of `commit`. The prefix is a whole path, or empty for all
    /// files.
    ///
    /// # Errors
    /// When a tree is missing or malformed, or when there are more than a million entries or 64 levels.
    pub fn list(&self, commit: ObjectId, prefix: &str) -> Result<TreeListing, GitError> {
        let mut listing = TreeListing::default();
        let root = match prefix.trim_end_matches('/') {
            "" => self.tree_of(commit)?,
            path => match self.file(commit, path)? {
                Some(TreeFile { mode: FileMode::Tree, id, .. }) => id,
                Some(file) => return Ok(TreeListing { files: vec![file], hazards: Vec::new() }),
                None => return Ok(listing),
            },
        };
        let mut budget = WalkBudget::of(root);
        self.gather(root, prefix.trim_end_matches('/'), 0, &mut budget, &mut listing)?;
        listing.files.sort();
        listing.hazards.sort();
        Ok(listing)
    }

    pub(super) fn gather(
        &self,
        tree: ObjectId,
        folder: &str,
        depth: usize,
        budget: &mut WalkBudget,
        listing: &mut TreeListing,
    ) -> Result<(), GitError> {
        let entries = self.entries(tree)?;
        budget.spend(entries.len(), depth)?;
        for (entry, peril) in judged(&entries) {
            let path = join(folder, &String::from_utf8_lossy(&entry.name));
            let followed = peril.as_ref().is_none_or(UnsafeNameKind::leaves_the_path_clear);
            if let Some(peril) = peril {
                listing.hazards.push(UnsafeName { path: path.clone(), peril });
            }
            match entry.mode {
                _ if !followed => {}
                FileMode::Tree => self.gather(entry.id, &path, depth + 1, budget, listing)?,
                mode => listing.files.push(TreeFile { path, mode, id: entry.id }),
            }
        }
        Ok(())
    }

    /// Returns the tree of a commit.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, GitError> {
        match self.inner.find_commit(commit.oid()) {
            Ok(found) => Ok(found.tree_id().into()),
            Err(_) => Err(GitError::NoSuchObject(commit)),
        }
    }

    /// Returns the entries of one tree as stored. Parses the object directly, because libgit2 normalizes modes and
    /// finds only one of two entries with the same name.
    pub(super) fn entries(&self, tree: ObjectId) -> Result<Arc<[TreeEntry]>, GitError> {
        self.trees.entries(tree, || self.read_entries(tree))
    }

    fn read_entries(&self, tree: ObjectId) -> Result<Vec<TreeEntry>, GitError> {
        let database = self.inner.odb().map_err(GitError::library("opening the object database"))?;
        let object = database.read(tree.oid()).map_err(|_| GitError::NoSuchObject(tree))?;
        if object.kind() != git2::ObjectType::Tree {
            return Err(GitError::Malformed { id: tree, why: "it is not a tree" });
        }
        parse(object.data()).ok_or(GitError::Malformed { id: tree, why: "an entry of the tree cannot be read" })
    }
}

/// The remaining size of a tree walk. A tree can reference the same subtree many times, so its expansion can be far
/// larger than its objects.
pub struct WalkBudget {
    tree: ObjectId,
    entries: usize,
}

impl WalkBudget {
    /// Returns the budget of a walk of `tree`.
    pub const fn of(tree: ObjectId) -> Self {
        Self { tree, entries: MOST_ENTRIES }
    }

    /// Subtracts a folder at `depth` with this number of entries.
    ///
    /// # Errors
    /// When the tree is larger than a million entries, or has more than 64 levels.
    pub fn spend(&mut self, entries: usize, depth: usize) -> Result<(), GitError> {
        let refuse = |what| Err(GitError::TooMuch { tree: self.tree, what });
        if depth > MOST_LEVELS {
            return refuse("nested deeper than 64 folders");
        }
        match self.entries.checked_sub(entries) {
            Some(left) => self.entries = left,
            None => return refuse("larger than a million entries"),
        }
        Ok(())
    }
}

fn size_in(database: &git2::Odb<'_>, id: ObjectId) -> Result<u64, GitError> {
    match database.read_header(id.oid()) {
        Ok((size, git2::ObjectType::Blob)) => Ok(size as u64),
        Ok(_) => Err(GitError::Malformed { id, why: NOT_A_BLOB }),
        Err(_) => Err(GitError::NoSuchObject(id)),
    }
}

impl UnsafeNameKind {
    /// Returns whether the path still identifies the entry, so that a listing can continue below it.
    pub(super) fn leaves_the_path_clear(&self) -> bool {
        matches!(self, Self::CaseTwin(_) | Self::Duplicate | Self::Misordered)
    }
}

/// Returns each entry of one tree with the problem of its name, if any.
pub(super) fn judged(entries: &[TreeEntry]) -> impl Iterator<Item = (&TreeEntry, Option<UnsafeNameKind>)> {
    // In ascending order and without capital letters, no two names are equal, even without regard to case.
    let can_repeat = entries.iter().any(|entry| entry.name.iter().any(u8::is_ascii_uppercase))
        || !entries.is_sorted_by(|one, other| one.name < other.name);
    let mut folded: HashMap<Cow<'_, [u8]>, &TreeEntry> =
        if can_repeat { HashMap::with_capacity(entries.len()) } else { HashMap::new() };
    let mut previous: Option<&TreeEntry> = None;
    entries.iter().map(move |entry| {
        let twin = if can_repeat { folded.insert(lowercase(&entry.name), entry) } else { None };
        let before = previous.replace(entry);
        let peril = UnsafeNameKind::of(&entry.name).or_else(|| match twin {
            Some(twin) if twin.name == entry.name => Some(UnsafeNameKind::Duplicate),
            Some(twin) => Some(UnsafeNameKind::CaseTwin(String::from_utf8_lossy(&twin.name).into_owned())),
            None => before.filter(|before| before.sort_key().gt(entry.sort_key())).map(|_| UnsafeNameKind::Misordered),
        });
        (entry, peril)
    })
}

fn lowercase(name: &[u8]) -> Cow<'_, [u8]> {
    if name.iter().any(u8::is_ascii_uppercase) { name.to_ascii_lowercase().into() } else { name.into() }
}

pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

const NOT_A_BLOB: &str = "a tree lists it as a file, but it is not a blob";
const MOST_ENTRIES: usize = 1_000_000;
const MOST_LEVELS: usize = 64;
