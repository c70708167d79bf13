//! Cache of verified states beside the clone, so that commands that only read cost what is new on main.
//!
//! An entry is the state at one commit, for one root pin and one program. An entry that another program wrote is
//! ignored.

use super::{RepositoryState, stored::StoredState};
use crate::{
    git::{GitError, ObjectId, Repository},
    model::Digest,
    store::CommitCache,
};

/// The cache of a clone.
#[derive(Clone, Debug)]
pub struct StateCache {
    entries: CommitCache,
    program: String,
}

impl StateCache {
    /// Returns the cache in the git directory of a repository. `program` identifies the program that computes states:
    /// a different program has its own entries.
    pub fn of(repository: &Repository, program: &str) -> Self {
        Self { entries: CommitCache::of(repository, "states"), program: program.to_owned() }
    }

    /// Returns the state at `head`: the newest cached state on its first-parent line, advanced by what is new since.
    /// A cache that cannot be read or written costs time only.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn state(&self, repository: &Repository, pin: Digest, head: ObjectId) -> Result<RepositoryState, GitError> {
        let known = self.entries.newest(repository, &self.key(pin), head, |commit, content| {
            let stored: StoredState<'_> = rmp_serde::from_slice(content).ok()?;
            stored.restore(pin).filter(|state| state.head == Some(commit))
        })?;
        let mut state = known.unwrap_or_else(|| RepositoryState::empty(pin));
        if state.head == Some(head) {
            return Ok(state);
        }
        state.advance(repository, head)?;
        // The result does not depend on the cache, so a failure to write it is not an error.
        let _ = self.write(repository, &state);
        Ok(state)
    }

    fn write(&self, repository: &Repository, state: &RepositoryState) -> Option<()> {
        let texts = state.trust_texts(repository)?;
        let stored = StoredState::of(state, texts.each_ref().map(Option::as_deref));
        self.entries.write(&self.key(state.pin), state.head?, &rmp_serde::to_vec_named(&stored).ok()?)
    }

    fn key(&self, pin: Digest) -> String {
        format!("{FORMAT} {} {pin}", self.program)
    }
}

/// The version of the format of an entry.
const FORMAT: u32 = 2;
