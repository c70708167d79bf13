//! Cache of values by commit in the git directory, so that commands that only read cost what is new.
//!
//! An entry begins with the SHA-256 digest of its content; a damaged entry is ignored. Entries can be deleted at any
//! time. Anyone who can write to the git directory can write entries, so nothing that enforces, verifies, closes or
//! audits reads them.

use crate::{
    git::{GitError, ObjectId, Repository},
    model::Digest,
};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// A cache of values of one kind.
#[derive(Clone, Debug)]
pub struct CommitCache {
    folder: PathBuf,
}

impl CommitCache {
    /// Returns the cache with this name in the git directory of a repository.
    pub fn of(repository: &Repository, name: &str) -> Self {
        Self { folder: repository.directory().join("tenure").join(name) }
    }

    /// Returns the value nearest to `head` on its first-parent line, of those written with the same `key`. An entry for
    /// which `restore` returns `None` is ignored.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn newest<T>(
        &self,
        repository: &Repository,
        key: &str,
        head: ObjectId,
        restore: impl Fn(ObjectId, &[u8]) -> Option<T>,
    ) -> Result<Option<T>, GitError> {
        let prefix = prefix(key);
        let mut known: Vec<ObjectId> = self.entries().iter().filter_map(|path| commit_of(path, &prefix)).collect();
        let mut next = Some(head).filter(|_| !known.is_empty());
        while let Some(commit) = next {
            if let Some(index) = known.iter().position(|known| *known == commit) {
                let content = content(&self.path(&prefix, commit));
                if let Some(value) = content.and_then(|content| restore(commit, content.get(DIGEST..)?)) {
                    return Ok(Some(value));
                }
                known.remove(index);
            }
            next = if known.is_empty() { None } else { repository.parents(commit)?.first().copied() };
        }
        Ok(None)
    }

    /// Writes an entry, and removes the oldest ones. Returns `None` if it cannot be written, which costs time only.
    pub fn write(&self, key: &str, commit: ObjectId, content: &[u8]) -> Option<()> {
        fs::create_dir_all(&self.folder).ok()?;
        let unfinished = self.folder.join(format!("{}.tmp", std::process::id()));
        let mut file = fs::File::create(&unfinished).ok()?;
        file.write_all(Digest::of(content).as_bytes()).and_then(|()| file.write_all(content)).ok()?;
        fs::rename(&unfinished, self.path(&prefix(key), commit)).ok()?;
        let mut entries = self.entries();
        entries.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).and_then(|entry| entry.modified()).ok()));
        entries.iter().skip(MAX_ENTRIES).for_each(|path| drop(fs::remove_file(path)));
        Some(())
    }

    fn entries(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    fn path(&self, prefix: &str, commit: ObjectId) -> PathBuf {
        self.folder.join(format!("{prefix}{commit}"))
    }
}

/// Returns the bytes of an undamaged entry: its digest and its content.
fn content(path: &Path) -> Option<Vec<u8>> {
    // Reading a pipe or a device would wait for ever.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let (digest, content) = bytes.split_at_checked(DIGEST)?;
    (Digest::of(content).as_bytes() == digest).then_some(bytes)
}

fn prefix(key: &str) -> String {
    let key = Digest::of(key).hex();
    format!("{}-", key.get(..16).unwrap_or(&key))
}

fn commit_of(path: &Path, prefix: &str) -> Option<ObjectId> {
    ObjectId::parse(path.file_name()?.to_str()?.strip_prefix(prefix)?).ok()
}

/// The length of the digest before the content, in bytes.
const DIGEST: usize = 32;

/// The number of entries to keep: heads of main and bases of changes that are checked alternately.
const MAX_ENTRIES: usize = 8;
