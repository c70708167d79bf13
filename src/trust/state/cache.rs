//! Cache of verified states beside the clone, so that commands that only read cost what is new on main.
//!
//! An entry is the state at one commit, for one root pin and one program. It begins with the SHA-256 digest of its
//! content; an entry that is damaged, or that another program wrote, is ignored. Entries can be deleted at any time.
//! Anyone who can write to the git directory can write entries, so nothing that enforces, verifies, closes or audits
//! reads them.

use super::{RepositoryState, stored::StoredState};
use crate::{
    git::{GitError, ObjectId, Repository},
    model::Digest,
};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// The cache of a clone.
#[derive(Clone, Debug)]
pub struct StateCache {
    folder: PathBuf,
    program: String,
}

impl StateCache {
    /// Returns the cache in the git directory of a repository. `program` identifies the program that computes states:
    /// a different program has its own entries.
    pub fn of(repository: &Repository, program: &str) -> Self {
        Self { folder: repository.directory().join("tenure").join("states"), program: program.to_owned() }
    }

    /// Returns the state at `head`: the newest cached state on its first-parent line, advanced by what is new since.
    /// A cache that cannot be read or written costs time only.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn state(&self, repository: &Repository, pin: Digest, head: ObjectId) -> Result<RepositoryState, GitError> {
        let mut state = self.newest(repository, pin, head)?.unwrap_or_else(|| RepositoryState::empty(pin));
        if state.head == Some(head) {
            return Ok(state);
        }
        state.advance(repository, head)?;
        // The result does not depend on the cache, so a failure to write it is not an error.
        let _ = self.write(repository, &state);
        Ok(state)
    }

    /// Returns the cached state nearest to `head` on its first-parent line.
    fn newest(
        &self,
        repository: &Repository,
        pin: Digest,
        head: ObjectId,
    ) -> Result<Option<RepositoryState>, GitError> {
        let prefix = self.prefix(pin);
        let mut known: Vec<ObjectId> = self.entries().iter().filter_map(|path| commit_of(path, &prefix)).collect();
        let mut next = Some(head).filter(|_| !known.is_empty());
        while let Some(commit) = next {
            if let Some(index) = known.iter().position(|known| *known == commit) {
                if let Some(state) = self.read(pin, commit) {
                    return Ok(Some(state));
                }
                known.remove(index);
            }
            next = if known.is_empty() { None } else { repository.parents(commit)?.first().copied() };
        }
        Ok(None)
    }

    fn read(&self, pin: Digest, commit: ObjectId) -> Option<RepositoryState> {
        let path = self.path(pin, commit);
        // Reading a pipe or a device would wait for ever.
        if !fs::symlink_metadata(&path).ok()?.is_file() {
            return None;
        }
        let bytes = fs::read(path).ok()?;
        let (digest, content) = bytes.split_at_checked(DIGEST)?;
        if Digest::of(content).as_bytes() != digest {
            return None;
        }
        let stored: StoredState<'_> = rmp_serde::from_slice(content).ok()?;
        stored.restore(pin).filter(|state| state.head == Some(commit))
    }

    /// Writes an entry, and removes the oldest ones.
    fn write(&self, repository: &Repository, state: &RepositoryState) -> Option<()> {
        let texts = state.trust_texts(repository)?;
        let stored = StoredState::of(state, texts.each_ref().map(Option::as_deref));
        let content = rmp_serde::to_vec_named(&stored).ok()?;
        fs::create_dir_all(&self.folder).ok()?;
        let unfinished = self.folder.join(format!("{}.tmp", std::process::id()));
        let mut file = fs::File::create(&unfinished).ok()?;
        file.write_all(Digest::of(&content).as_bytes()).and_then(|()| file.write_all(&content)).ok()?;
        fs::rename(&unfinished, self.path(state.pin, state.head?)).ok()?;
        let mut entries = self.entries();
        entries.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).and_then(|entry| entry.modified()).ok()));
        entries.iter().skip(MAX_ENTRIES).for_each(|path| drop(fs::remove_file(path)));
        Some(())
    }

    fn entries(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    }

    fn path(&self, pin: Digest, commit: ObjectId) -> PathBuf {
        self.folder.join(format!("{}{commit}", self.prefix(pin)))
    }

    fn prefix(&self, pin: Digest) -> String {
        let key = Digest::of(format!("{FORMAT} {} {pin}", self.program)).hex();
        format!("{}-", key.get(..16).unwrap_or(&key))
    }
}

fn commit_of(path: &Path, prefix: &str) -> Option<ObjectId> {
    ObjectId::parse(path.file_name()?.to_str()?.strip_prefix(prefix)?).ok()
}

/// The version of the format of an entry.
const FORMAT: u32 = 1;

/// The length of the digest before the content, in bytes.
const DIGEST: usize = 32;

/// The number of entries to keep: heads of main and bases of changes that are checked alternately.
const MAX_ENTRIES: usize = 8;
