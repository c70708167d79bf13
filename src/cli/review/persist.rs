//! Review files on disk: written at once or not at all, and never over what another hand wrote meanwhile.

use super::review_file::ReviewFile;
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::codec,
    inventory::{Source, SourceError, WorkTree},
    model::{
        Digest, ItemId,
        file::{Item, Review},
    },
};
use rustix::fs::{FlockOperation, flock};
use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// Keeps review files: what it has last seen of each, and where they lie.
pub(super) struct ReviewStore {
    tree: PathBuf,
    /// The folder of git, for what must not be seen in the work tree.
    git: PathBuf,
    seen: BTreeMap<String, LastSeenVersion>,
}

/// What was last seen of a file.
#[derive(Clone, Debug, Default)]
struct LastSeenVersion {
    digest: Option<Digest>,
    items: Vec<Item>,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    /// It is not as it was last seen.
    #[error("another hand has changed it")]
    Changed,
    /// It is not acceptable any more.
    #[error("{}", .0.sorted().first().map_or("it is not acceptable", |problem| problem.message.as_str()))]
    Form(Diagnostics),
    /// The disk does not take it.
    #[error("it cannot be written: {0}")]
    Io(#[from] io::Error),
    /// It has been signed meanwhile.
    #[error("it has been signed meanwhile, so its bytes stay; begin again: tenure review")]
    Signed,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
}

/// Two versions of a file, put together item by item.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Merged {
    /// The items.
    pub(super) items: Vec<Item>,
    /// The items that both decided, each in another way; those of the disk stay.
    pub(super) disputed: Vec<ItemId>,
}

impl ReviewStore {
    /// Returns a keeper of the files below a work tree.
    pub(super) fn new(tree: &Path, git: &Path) -> Self {
        Self { tree: tree.to_path_buf(), git: git.to_path_buf(), seen: BTreeMap::new() }
    }

    /// Returns the bytes of a file, and remembers them as what was last seen.
    ///
    /// # Errors
    /// When it cannot be read, or is no review in canonical form.
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

    /// Writes a paper, or takes its file away when there is nothing in it. Nothing is written when the file is not as it
    /// was last seen.
    ///
    /// # Errors
    /// When another hand was at it, or the disk does not take it.
    pub(super) fn keep(&mut self, paper: &ReviewFile) -> Result<(), SaveError> {
        // Two desks at once write one after the other; an editor is noticed by the digest.
        let lock = fs::File::create(self.git.join("tenure-review.lock"))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let on_disk = WorkTree::new(&self.tree).read(&paper.path)?;
        let now = on_disk.as_ref().map(Digest::of);
        if now != self.seen.get(&paper.path).and_then(|seen| seen.digest) {
            return Err(SaveError::Changed);
        }
        if !signatures(&self.tree, &paper.path)?.is_empty() {
            return Err(SaveError::Signed);
        }
        let file = self.tree.join(&paper.path);
        if paper.is_empty() {
            if now.is_some() {
                fs::remove_file(&file)?;
            }
            self.seen.insert(paper.path.clone(), LastSeenVersion::default());
            return Ok(());
        }
        let text = codec::render(&paper.review);
        self.replace(&file, text.as_bytes())?;
        let digest = Some(Digest::of(&text));
        self.seen.insert(paper.path.clone(), LastSeenVersion { digest, items: paper.review.items.clone() });
        Ok(())
    }

    /// Reads a file that another hand has changed, and puts what this desk changed into it.
    ///
    /// # Errors
    /// When it cannot be read, or is no review in canonical form.
    pub(super) fn merge(&mut self, paper: &ReviewFile) -> Result<Merged, SaveError> {
        let base = self.seen.get(&paper.path).cloned().unwrap_or_default();
        let theirs = self.read(&paper.path)?.map(|(review, _)| review.items).unwrap_or_default();
        Ok(merge(&base.items, &paper.review.items, theirs))
    }

    /// Puts bytes in the place of a file: whoever looks sees the old ones or the new ones, also after a crash.
    fn replace(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = format!("tenure-review.{}.new", std::process::id());
        // In the folder of git nobody adds it to a commit by accident; it may be another file system, though.
        let apart = self.git.join(&name);
        let beside = file.with_file_name(format!(".{name}"));
        match put(&apart, file, bytes) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => put(&beside, file, bytes),
            done => done,
        }
    }
}

fn put(draft: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = || {
        let mut new = fs::File::create(draft)?;
        new.write_all(bytes)?;
        if let Ok(old) = fs::metadata(file) {
            new.set_permissions(old.permissions())?;
        }
        new.sync_all()?;
        fs::rename(draft, file)?;
        match file.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().inspect_err(|_| {
        // What could not be put in place is of no use; the first error is the one to report.
        let _ = fs::remove_file(draft);
    })
}

/// Returns who has signed a file, by the signatures beside it.
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

/// Puts two versions of items together that come from the same base.
fn merge(base: &[Item], mine: &[Item], theirs: Vec<Item>) -> Merged {
    let of = |items: &[Item], id: &ItemId| items.iter().find(|item| item.id == *id).cloned();
    let mut merged = Merged { items: theirs.clone(), disputed: Vec::new() };
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
        Self::error("not-saved", error.to_string()).help("look at the file, then: tenure review")
    }
}
