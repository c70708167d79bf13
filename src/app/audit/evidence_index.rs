//! Index of the evidence, built while it is read: its segments, record counts of commits, and V4 confirmations that are not signed
//! with a read-back key.

use crate::{
    evidence::RecordRef,
    format::ssh_keys::PublicKey,
    git::ObjectId,
    model::{
        Finding, Severity, Timestamp, VerificationLevel,
        record::{RecordPayload, VerificationKind},
    },
};
use std::collections::BTreeSet;

/// Index built in one pass over the evidence.
pub(super) struct EvidenceIndex {
    readback: BTreeSet<PublicKey>,
    last: Option<(u64, ObjectId)>,
    /// The segments in order.
    pub(super) segments: Vec<ObjectId>,
    /// Time of the newest record, according to the clock of the engine.
    pub(super) newest: Option<Timestamp>,
    /// The numbers of records up to the end of each commit.
    pub(super) ends: BTreeSet<u64>,
    /// Confirmations at V4 or higher that are not signed with a read-back key.
    pub(super) unearned: Vec<Finding>,
}

impl EvidenceIndex {
    /// Returns an empty index. `readback` contains the read-back keys.
    pub(super) fn new(readback: BTreeSet<PublicKey>) -> Self {
        Self { readback, last: None, segments: Vec::new(), newest: None, ends: BTreeSet::new(), unearned: Vec::new() }
    }

    /// Adds a record.
    pub(super) fn observe(&mut self, seen: &RecordRef<'_>) {
        let size = seen.record.seq + 1;
        self.newest = self.newest.max(Some(seen.record.t));
        if let Some((before, _)) = self.last.filter(|(_, commit)| *commit != seen.commit) {
            self.ends.insert(before);
        }
        self.last = Some((size, seen.commit));
        if self.segments.last() != Some(&seen.blob) {
            self.segments.push(seen.blob);
        }
        let RecordPayload::Verification(verification) = &seen.record.entry else { return };
        let is_readback = seen.signer.is_some_and(|key| self.readback.contains(&key));
        let claims = verification.result == VerificationKind::Confirmed && verification.level >= VerificationLevel::V4;
        if claims && !is_readback {
            self.unearned.push(Finding {
                severity: Severity::Critical,
                code: "verification-level-unproven",
                subject: format!("record {}", seen.record.seq),
                message: format!(
                    "it confirms {} at {}, but its commit is not signed with a read-back key",
                    verification.action, verification.level
                ),
                help: "run `tenure verify` with the read-back key, and find out who has the engine's key".to_owned(),
            });
        }
    }

    /// Completes the index with the last commit.
    pub(super) fn end(mut self) -> Self {
        self.ends.extend(self.last.take().map(|(size, _)| size));
        self
    }
}
