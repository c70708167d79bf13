//! Index of the evidence, built while it is read: its timeline, and V4 confirmations that are not signed with a read-back
//! key.

use super::evidence_timeline::EvidenceTimeline;
use crate::{
    evidence::RecordRef,
    format::ssh_keys::PublicKey,
    model::{
        Finding, Severity, Timestamp, VerificationLevel,
        history::EvidenceHistory,
        record::{RecordPayload, VerificationKind},
    },
};
use std::collections::BTreeSet;

/// Index built in one pass over the evidence.
pub(super) struct EvidenceIndex {
    readback: BTreeSet<PublicKey>,
    /// The states of actions after each segment.
    pub(super) timeline: EvidenceTimeline,
    /// Time of the newest record, according to the clock of the engine.
    pub(super) newest: Option<Timestamp>,
    /// Confirmations at V4 or higher that are not signed with a read-back key.
    pub(super) unearned: Vec<Finding>,
}

impl EvidenceIndex {
    /// Returns an empty index. `readback` contains the read-back keys.
    pub(super) fn new(readback: BTreeSet<PublicKey>) -> Self {
        Self { readback, timeline: EvidenceTimeline::default(), newest: None, unearned: Vec::new() }
    }

    /// Adds a record; `history` ends with it.
    pub(super) fn observe(&mut self, seen: &RecordRef<'_>, history: &EvidenceHistory) {
        self.newest = self.newest.max(Some(seen.record.t));
        self.timeline.observe(seen, history);
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
}
