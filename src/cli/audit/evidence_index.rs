//! What one pass over the evidence notes down beside folding it: where each commit ends, and who may claim V4.

use crate::{
    evidence::RecordRef,
    format::ssh_keys::PublicKey,
    git::ObjectId,
    model::{
        Finding, Severity, Timestamp, VerificationLevel,
        record::{RecordPayload, VerificationKind},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Notes of one pass over the evidence.
pub(super) struct EvidenceIndex {
    readback: BTreeSet<PublicKey>,
    last: Option<(u64, ObjectId)>,
    /// When the newest record was written, as the engine's clock claims.
    pub(super) newest: Option<Timestamp>,
    /// The commit that ends with this many records.
    pub(super) ends: BTreeMap<u64, ObjectId>,
    /// Confirmations that claim more than their run could know.
    pub(super) unearned: Vec<Finding>,
}

impl EvidenceIndex {
    /// Returns empty notes. `readback` are the keys of the job that reads targets back.
    pub(super) fn new(readback: BTreeSet<PublicKey>) -> Self {
        Self { readback, last: None, newest: None, ends: BTreeMap::new(), unearned: Vec::new() }
    }

    /// Notes a record.
    pub(super) fn observe(&mut self, seen: &RecordRef<'_>) {
        let size = seen.record.seq + 1;
        self.newest = self.newest.max(Some(seen.record.t));
        if let Some((before, commit)) = self.last.filter(|(_, commit)| *commit != seen.commit) {
            self.ends.insert(before, commit);
        }
        self.last = Some((size, seen.commit));
        let RecordPayload::Verification(verification) = &seen.record.entry else { return };
        let is_readback = seen.signer.is_some_and(|key| self.readback.contains(&key));
        let claims = verification.result == VerificationKind::Confirmed && verification.level >= VerificationLevel::V4;
        if claims && !is_readback {
            self.unearned.push(Finding {
                severity: Severity::Critical,
                code: "verification-level-unproven",
                subject: format!("record {}", seen.record.seq),
                message: format!(
                    "it confirms {} at {}, and its commit is not signed with a read-back key",
                    verification.action, verification.level
                ),
                help: "tenure verify, signed with the read-back key; and find out who holds the engine's key"
                    .to_owned(),
            });
        }
    }

    /// Ends the notes: the last commit ends as well.
    pub(super) fn end(mut self) -> Self {
        self.ends.extend(self.last.take());
        self
    }
}
