//! The journal of a run. This trait is implemented by `evidence`.

use crate::{
    model::{Digest, RunId, SystemId, Timestamp, history::EvidenceHistory, record::RecordPayload},
    plan::PublicationProof,
};

/// The journal of one run.
///
/// INVARIANT: for every request that a target receives, there is an intent with a lower sequence number on the remote
/// branch. [`Journal::publish`] ensures it by returning only after the remote has the entries.
pub trait Journal {
    /// Returns the run of the journal.
    fn run(&self) -> &RunId;

    /// Returns the state derived from the evidence, including everything that this run has published, and the records
    /// of other runs as of the last publish.
    fn history(&self) -> &EvidenceHistory;

    /// Stores `bytes` on the evidence branch under their digest, with the next publish.
    ///
    /// # Errors
    /// When they are larger than the maximum size of a blob.
    fn store_blob(&mut self, bytes: &[u8]) -> Result<Digest, JournalError>;

    /// Returns bytes stored on the evidence branch, by their digest.
    ///
    /// # Errors
    /// When the stored bytes cannot be read, or do not match the digest.
    fn load_blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError>;

    /// Appends `entries` in order and pushes them as one commit. Returns their sequence numbers after reading them back
    /// from the remote branch. After a lost race, fetches and verifies the branch, and pushes again with new sequence
    /// numbers.
    ///
    /// With a `run.start` among the entries, the systems it names must be free on the branch as pushed. Otherwise, the
    /// run must still hold its systems: no later run may have taken them over.
    ///
    /// # Errors
    /// No entry was published, unless the error is [`JournalError::Unreachable`]: then the result is unknown, and the
    /// next run finds out by fetching.
    fn publish(&mut self, entries: &[RecordPayload]) -> Result<PublicationProof, JournalError>;
}

/// An error of writing the journal. After any of these, no target may be changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run holds one of the systems.
    #[error("run {by} holds {system}{}", until.map_or_else(String::new, |t| format!(" until {t} at the latest")))]
    Busy {
        /// The run that holds it.
        by: RunId,
        /// The system.
        system: SystemId,
        /// The end of its lease, by its clock.
        until: Option<Timestamp>,
    },
    /// The race for the branch was lost too many times.
    #[error("lost the race with other runs {tries} times; try again")]
    Contended {
        /// The number of lost races.
        tries: u32,
    },
    /// The remote refused the push by its own rules.
    #[error("the remote refused the evidence: {0}")]
    Declined(String),
    /// The existing evidence does not verify.
    #[error("the evidence branch does not verify: {code}: {message}")]
    Defect {
        /// The defect's stable code.
        code: &'static str,
        /// The defect and its location.
        message: String,
    },
    /// A later run took over the systems of this run, which must stop.
    #[error("run {by} has taken over {system}; this run must stop")]
    Fenced {
        /// The run that took over.
        by: RunId,
        /// The system.
        system: SystemId,
    },
    /// The record is not allowed: it is too long, or looks like a secret.
    #[error("the record is not allowed: {0}")]
    Refused(String),
    /// The remote cannot be reached, or its reply was lost.
    #[error("the remote cannot be reached: {0}")]
    Unreachable(String),
    /// The clone or the engine's keys cannot be used.
    #[error("evidence cannot be written: {0}")]
    Unusable(String),
}
