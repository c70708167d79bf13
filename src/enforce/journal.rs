//! Where a run is written down, before and after. `evidence` implements it; nothing here knows how.

use crate::{
    model::{Digest, RunId, SystemId, Timestamp, history::EvidenceHistory, record::RecordPayload},
    plan::PublicationProof,
};

/// The written record of one run.
///
/// INVARIANT: for every request a target ever received there is an intent with a lower sequence number on the remote
/// branch. [`Journal::publish`] keeps it by returning only after the remote holds the entries.
pub trait Journal {
    /// Returns the run that writes here.
    fn run(&self) -> &RunId;

    /// Returns what the evidence says so far, including all that this run has published, and what other runs did as of
    /// the last publish.
    fn history(&self) -> &EvidenceHistory;

    /// Keeps `bytes` on the evidence branch by their digest, with the next publish.
    ///
    /// # Errors
    /// When they are more than a blob may hold.
    fn keep(&mut self, bytes: &[u8]) -> Result<Digest, JournalError>;

    /// Returns bytes that were kept on the evidence branch, by their digest.
    ///
    /// # Errors
    /// When the branch has them and they cannot be read, or are not what their name says.
    fn kept(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError>;

    /// Appends `entries` in order and pushes them as one commit. Returns their sequence numbers once the remote branch
    /// has them: read back, not believed. A lost race is fetched, verified, sequenced again and pushed again.
    ///
    /// With a `run.start` among the entries, the systems it names must be free on the branch as pushed. Without one,
    /// the run must still hold its systems there: no later run may have taken them over.
    ///
    /// # Errors
    /// Nothing was published, unless the error is [`JournalError::Unreachable`], after which nobody knows; the next
    /// run finds out by fetching.
    fn publish(&mut self, entries: &[RecordPayload]) -> Result<PublicationProof, JournalError>;
}

/// Why a run could not be written down. No target may be touched after any of these.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run holds one of the systems.
    #[error("run {by} holds {system}{}", until.map_or_else(String::new, |t| format!(" until {t} at the latest")))]
    Busy {
        /// The run that holds it.
        by: RunId,
        /// What it holds.
        system: SystemId,
        /// When its lease ends, as its clock claimed.
        until: Option<Timestamp>,
    },
    /// The race for the branch was lost too often.
    #[error("other runs were quicker {tries} times; try again")]
    Contended {
        /// How many times the push lost.
        tries: u32,
    },
    /// The server's own rules decline the push.
    #[error("the remote declines to take evidence: {0}")]
    Declined(String),
    /// The evidence that is there does not verify.
    #[error("the evidence branch does not verify: {code}: {message}")]
    Defect {
        /// The defect's stable code.
        code: &'static str,
        /// What is wrong where.
        message: String,
    },
    /// A later run took our systems over: we are fenced off and must stop.
    #[error("run {by} has taken {system} over; this run must stop")]
    Fenced {
        /// The run that took over.
        by: RunId,
        /// What it took.
        system: SystemId,
    },
    /// What was to be recorded may not be: too long, or it looks like a secret.
    #[error("the record may not be written: {0}")]
    Refused(String),
    /// The remote cannot be reached, or its answer was lost.
    #[error("the remote cannot be reached: {0}")]
    Unreachable(String),
    /// This clone or the engine's keys cannot be used.
    #[error("evidence cannot be written from here: {0}")]
    Unusable(String),
}
