//! Saves review files atomically, without overwriting concurrent changes.

use super::review_file::ReviewFile;
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::codec,
    inventory::{FileSource, SourceError, WorkTree},
    model::{
        Digest, ItemId,
        file::{Item, Review},
    },
    store::{FileWriteError, write_file},
};
use rustix::fs::{FlockOperation, flock};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Writer of review files that remembers the last seen version of each.
pub(super) struct ReviewStore {
    tree: PathBuf,
    /// The git folder, for temporary files outside the work tree.
    git: PathBuf,
    seen: BTreeMap<String, LastSeenVersion>,
}

/// The last seen version of a file.
#[derive(Clone, Debug, Default)]
struct LastSeenVersion {
    digest: Option<Digest>,
    items: Vec<Item>,
}

/// An error while saving a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    /// The file differs from its last seen version.
    #[error("the file was changed meanwhile")]
    Changed,
    /// The file is no longer valid.
    #[error("{}", .0.sorted().first().map_or("the file is invalid", |problem| problem.message.as_str()))]
    Form(Diagnostics),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Unwritable(#[from] FileWriteError),
    /// The file was signed meanwhile.
    #[error("the file was signed meanwhile and cannot change; start again: tenure review")]
    Signed,
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
}

/// The merge of two versions of a file.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct MergedReview {
    /// The items.
    pub(super) items: Vec<Item>,
    /// The items with conflicting decisions, where the version on disk is kept.
    pub(super) disputed: Vec<ItemId>,
}

impl ReviewStore {
    /// Returns a writer for the files of a work tree.
    pub(super) fn new(tree: &Path, git: &Path) -> Self {
        Self { tree: tree.to_path_buf(), git: git.to_path_buf(), seen: BTreeMap::new() }
    }

    /// Returns the bytes of a file, and remembers them as the last seen version.
    ///
    /// # Errors
    /// When it cannot be read, or is not a canonical review.
    pub(super) fn read(&mut self, path: &str) -> Result<Option<(Review, Digest)>, SaveError> {
        let Some(bytes) = WorkTree::new(&self.tree).read(path)? else {
            self.seen.insert(path.to_owned(), LastSeenVersion::default());
            return Ok(None);
        };
        let review: Review = codec::parse(path, &bytes).map_err(SaveError::Form)?;
        let digest = Digest::of(&bytes);
        self.seen.insert(path.to_owned(), LastSeenVersion { digest: Some(digest), items: review.items.clone() });
        Ok(Some((review, digest)))
    }

    /// Writes a review file, or removes it if it has no decisions. The file is not written if it differs from the
    /// last seen version.
    ///
    /// # Errors
    /// When the file was changed meanwhile, or cannot be written.
    pub(super) fn save(&mut self, review_file: &ReviewFile) -> Result<(), SaveError> {
        // A lock serializes concurrent sessions; changes by an editor are detected by digest.
        let lock = fs::File::create(self.git.join("tenure-review.lock"))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let on_disk = WorkTree::new(&self.tree).read(&review_file.path)?;
        let now = on_disk.as_ref().map(Digest::of);
        if now != self.seen.get(&review_file.path).and_then(|seen| seen.digest) {
            return Err(SaveError::Changed);
        }
        if !signatures(&self.tree, &review_file.path)?.is_empty() {
            return Err(SaveError::Signed);
        }
        let file = self.tree.join(&review_file.path);
        if review_file.is_empty() {
            if now.is_some() {
                fs::remove_file(&file)?;
            }
            self.seen.insert(review_file.path.clone(), LastSeenVersion::default());
            return Ok(());
        }
        let text = codec::render(&review_file.review);
        write_file(&self.tree, &review_file.path, &text)?;
        let digest = Some(Digest::of(&text));
        self.seen.insert(review_file.path.clone(), LastSeenVersion { digest, items: review_file.review.items.clone() });
        Ok(())
    }

    /// Reads a file that was changed on disk, and merges the changes of this session into it.
    ///
    /// # Errors
    /// When it cannot be read, or is not a canonical review.
    pub(super) fn merge(&mut self, review_file: &ReviewFile) -> Result<MergedReview, SaveError> {
        let base = self.seen.get(&review_file.path).cloned().unwrap_or_default();
        let theirs = self.read(&review_file.path)?.map(|(review, _)| review.items).unwrap_or_default();
        Ok(merge(&base.items, &review_file.review.items, theirs))
    }
}

/// Returns the signers of a file, by its signature files.
///
/// # Errors
/// When its folder cannot be read.
pub(super) fn signatures(tree: &Path, path: &str) -> io::Result<Vec<String>> {
    let file = tree.join(path);
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(Vec::new()) };
    let prefix = format!("{}.", name.to_string_lossy());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let signer = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".sig"));
        found.extend(signer.map(str::to_owned));
    }
    found.sort();
    Ok(found)
}

/// Merges two versions of items with a common base.
fn merge(base: &[Item], mine: &[Item], theirs: Vec<Item>) -> MergedReview {
    let of = |items: &[Item], id: &ItemId| items.iter().find(|item| item.id == *id).cloned();
    let mut merged = MergedReview { items: theirs.clone(), disputed: Vec::new() };
    let ids = mine.iter().chain(base).map(|item| &item.id);
    for id in ids.collect::<std::collections::BTreeSet<_>>() {
        let (was, here, there) = (of(base, id), of(mine, id), of(&theirs, id));
        if here == was || here == there {
            continue;
        }
        if there != was {
            merged.disputed.push(*id);
            continue;
        }
        let place = merged.items.iter().position(|item| item.id == *id);
        match (here, place.and_then(|place| merged.items.get_mut(place))) {
            (Some(item), Some(own)) => *own = item,
            (Some(item), None) => merged.items.push(item),
            (None, _) => merged.items.retain(|item| item.id != *id),
        }
    }
    merged
}

impl From<SaveError> for Diagnostic {
    fn from(error: SaveError) -> Self {
        Self::error("write-failed", error.to_string()).help("inspect the file, then run `tenure review`")
    }
}
