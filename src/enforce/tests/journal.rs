//! An in-memory journal whose pushes can be made to fail.

use crate::{
    enforce::journal::{Journal, JournalError},
    model::{
        Digest, RunId, Timestamp,
        history::EvidenceHistory,
        jcs,
        record::{OutcomeKind, Record, RecordPayload, VerificationKind},
    },
    plan::PublicationProof,
};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) entries: Vec<RecordPayload>,
    pub(super) history: EvidenceHistory,
    pub(super) pushes: usize,
    run: RunId,
    kept: BTreeMap<Digest, Vec<u8>>,
    unplugged: Option<usize>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            history: EvidenceHistory::default(),
            pushes: 0,
            run: RunId::new_now(),
            kept: BTreeMap::new(),
            unplugged: None,
        }
    }

    /// Makes the push after this many more fail once.
    pub(super) fn unplug_at(&mut self, pushes: usize) {
        self.unplugged = Some(self.pushes + pushes);
    }

    /// Rewrites the log as an attacker with the engine's keys would: every action has the outcome `claimed`, and was
    /// confirmed.
    pub(super) fn claim(&mut self, claimed: OutcomeKind) {
        let mut entries = std::mem::take(&mut self.entries);
        for entry in &mut entries {
            match entry {
                RecordPayload::Outcome(outcome) => outcome.result = claimed,
                RecordPayload::Verification(seen) => {
                    seen.result = VerificationKind::Confirmed;
                    seen.paths.clear();
                }
                _ => {}
            }
        }
        self.history = EvidenceHistory::default();
        let _ = self.publish(&entries).unwrap();
    }

    pub(super) fn next_run(&mut self) {
        self.run = RunId::new_now();
    }
}

impl Journal for Memory {
    fn run(&self) -> &RunId {
        &self.run
    }

    fn history(&self) -> &EvidenceHistory {
        &self.history
    }

    fn store_blob(&mut self, bytes: &[u8]) -> Result<Digest, JournalError> {
        let digest = Digest::of(bytes);
        self.kept.insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn load_blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.kept.get(digest).cloned())
    }

    fn publish(&mut self, entries: &[RecordPayload]) -> Result<PublicationProof, JournalError> {
        if self.unplugged == Some(self.pushes) {
            self.unplugged = None;
            return Err(JournalError::Unreachable("unplugged".into()));
        }
        self.pushes += 1;
        let first = self.entries.len() as u64;
        for entry in entries {
            let record = Record {
                v: 1,
                seq: self.entries.len() as u64,
                prev: self.history.head().hex(),
                run: self.run.clone(),
                t: Timestamp::from_unix(0),
                entry: entry.clone(),
            };
            let line = jcs::to_string(&record).unwrap();
            self.history.push(&record, Digest::of(line));
            self.entries.push(entry.clone());
        }
        Ok(PublicationProof::new((first..self.entries.len() as u64).collect()))
    }
}
