//! Opens the governed repository of a command line, and prints the notes.

use super::{CliError, CommandContext};
use crate::{
    app::{AppError, RepositorySession, SessionRequest, UnpinnedRoot, root_pin},
    campaign::WorklistFile,
    diag::Diagnostic,
    git::{ObjectId, Repository},
    model::{CampaignId, Digest},
    trust::RepositoryState,
};

impl CommandContext {
    /// Opens the repository of the command line at the head of its main branch, and verifies its whole history.
    ///
    /// # Errors
    /// When there is no repository, its history is incomplete, or its root does not match the pin.
    pub(super) fn open_session(&mut self) -> Result<RepositorySession, CliError> {
        let unpinned = self.unpinned(self.terminal);
        self.noting(|context, notes| RepositorySession::open(&context.request(unpinned), notes))
    }

    /// As [`Self::open_session`], for commands that enforce or audit: without a pin, the root in the repository is
    /// trusted only with `--trust-on-first-use`.
    ///
    /// # Errors
    /// As [`Self::open_session`].
    pub(super) fn open_pinned_session(&mut self) -> Result<RepositorySession, CliError> {
        let unpinned = self.unpinned(false);
        self.noting(|context, notes| RepositorySession::open(&context.request(unpinned), notes))
    }

    /// As [`Self::open_session`] at a revision of main, from the cache of the clone, for commands that only read.
    ///
    /// # Errors
    /// As [`Self::open_session`].
    pub(super) fn open_cached_session(&mut self, revision: Option<&str>) -> Result<RepositorySession, CliError> {
        let unpinned = self.unpinned(self.terminal);
        self.noting(|context, notes| RepositorySession::open_cached(&context.request(unpinned), revision, notes))
    }

    /// As [`Self::open_cached_session`] at the revision of a state that was read before.
    ///
    /// # Errors
    /// As [`Self::open_session`].
    pub(super) fn open_cached_state(&mut self, governed: RepositoryState) -> Result<RepositorySession, CliError> {
        let unpinned = self.unpinned(self.terminal);
        self.noting(|context, notes| RepositorySession::open_cached_state(&context.request(unpinned), governed, notes))
    }

    /// As [`Self::open_cached_session`] at the head of main, with the worklists of one campaign, sorted by path; empty
    /// if the campaign does not exist.
    ///
    /// # Errors
    /// As [`Self::open_session`].
    pub(super) fn open_with_worklists(
        &mut self,
        campaign: &CampaignId,
    ) -> Result<(RepositorySession, Vec<WorklistFile>), CliError> {
        let session = self.open_cached_session(None)?;
        let worklists = session.checked_worklists(campaign)?;
        Ok((session, worklists))
    }

    /// Returns the root pin of a repository without opening it.
    ///
    /// # Errors
    /// When a pin is required and missing.
    pub(super) fn root_pin(&mut self, repository: &Repository, main: ObjectId) -> Result<Digest, CliError> {
        let unpinned = self.unpinned(self.terminal);
        self.noting(|context, notes| root_pin(&context.request(unpinned), repository, main, notes))
    }

    fn request(&self, unpinned: UnpinnedRoot) -> SessionRequest<'_> {
        SessionRequest { directory: &self.directory, pin: self.root, unpinned }
    }

    const fn unpinned(&self, terminal: bool) -> UnpinnedRoot {
        match (self.trust_on_first_use, terminal) {
            (true, _) => UnpinnedRoot::Warn,
            (false, true) => UnpinnedRoot::Note,
            (false, false) => UnpinnedRoot::Refuse,
        }
    }

    /// Does some work and prints its notes, also if the work fails.
    fn noting<T>(
        &mut self,
        work: impl FnOnce(&Self, &mut Vec<Diagnostic>) -> Result<T, AppError>,
    ) -> Result<T, CliError> {
        let mut notes = Vec::new();
        let done = work(self, &mut notes);
        for note in &notes {
            self.note(note)?;
        }
        Ok(done?)
    }
}
