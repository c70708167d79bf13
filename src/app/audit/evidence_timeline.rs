//! The evidence as it was at the end of each commit, as far as plans depend on it, from one pass over the records.

use crate::{
    evidence::RecordRef,
    git::ObjectId,
    model::{
        ActionId, ActionState, CampaignId, Digest, PlanEvidence, Timestamp, history::EvidenceHistory,
        record::RecordPayload,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// The states of all actions after each segment. Its size depends on the number of changes of these states and of
/// segments, not on the number of records: most records verify an action again.
#[derive(Default)]
pub(super) struct EvidenceTimeline {
    /// The current commit, and the number of records up to its end.
    last: Option<(u64, ObjectId)>,
    /// The numbers of records up to the end of each commit.
    commit_ends: BTreeSet<u64>,
    segment: Option<ObjectId>,
    ends: Vec<SegmentEnd>,
    /// The states of each action, each with the number of the segment since which it applies.
    actions: BTreeMap<ActionId, Vec<(usize, ActionState)>>,
    /// The sequence number and time of the acceptance of each signed file.
    acceptances: BTreeMap<String, (u64, Timestamp)>,
    /// The sequence numbers of the closes of campaigns.
    closes: BTreeMap<CampaignId, u64>,
}

/// The end of a segment.
struct SegmentEnd {
    size: u64,
    head: Digest,
    /// The largest size so far. Sizes only decrease in a defective log.
    reached: u64,
}

impl EvidenceTimeline {
    /// Adds a record; `history` ends with it.
    pub(super) fn observe(&mut self, seen: &RecordRef<'_>, history: &EvidenceHistory) {
        let size = seen.record.seq + 1;
        if let Some((before, _)) = self.last.filter(|(_, commit)| *commit != seen.commit) {
            self.commit_ends.insert(before);
        }
        self.last = Some((size, seen.commit));
        let end = SegmentEnd { size, head: seen.line, reached: size };
        if self.segment.replace(seen.blob) == Some(seen.blob) {
            self.ends.pop();
        }
        self.ends.push(SegmentEnd { reached: self.ends.last().map_or(size, |end| end.reached.max(size)), ..end });
        let segment = self.ends.len();
        match &seen.record.entry {
            RecordPayload::DecisionAccepted(accepted) => {
                self.acceptances.entry(accepted.path.clone()).or_insert((seen.record.seq, seen.record.t));
            }
            RecordPayload::CampaignClose(close) => {
                self.closes.entry(close.campaign.clone()).or_insert(seen.record.seq);
            }
            _ => {}
        }
        if let Some(id) = seen.record.entry.action()
            && let Some(state) = history.action(id).map(ActionState::of)
        {
            self.change(id, segment, state);
        }
    }

    fn change(&mut self, id: &ActionId, segment: usize, state: ActionState) {
        let Some(states) = self.actions.get_mut(id) else {
            self.actions.insert(id.clone(), vec![(segment, state)]);
            return;
        };
        match states.last_mut() {
            Some((_, last)) if *last == state => {}
            Some((since, last)) if *since == segment => *last = state,
            _ => states.push((segment, state)),
        }
    }

    /// Returns the evidence of the first `size` records.
    ///
    /// # Errors
    /// When no commit ends with this number of records.
    pub(super) fn at(&self, size: u64) -> Result<EvidenceAt<'_>, String> {
        if size == 0 {
            return Ok(EvidenceAt { timeline: self, segments: 0, size: 0, head: Digest::ZERO });
        }
        if !self.commit_ends.contains(&size) && self.last.is_none_or(|(last, _)| last != size) {
            return Err(format!("the run had read {size} records, and no commit ends with this number"));
        }
        let place = self.ends.partition_point(|end| end.reached < size);
        let end = self.ends.get(place).ok_or("the evidence has fewer records than the run had read")?;
        Ok(EvidenceAt { timeline: self, segments: place + 1, size: end.size, head: end.head })
    }
}

/// The evidence up to the end of a segment.
pub(super) struct EvidenceAt<'t> {
    timeline: &'t EvidenceTimeline,
    segments: usize,
    size: u64,
    head: Digest,
}

impl PlanEvidence for EvidenceAt<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn head(&self) -> Digest {
        self.head
    }

    fn action_state(&self, id: &ActionId) -> Option<ActionState> {
        let states = self.timeline.actions.get(id)?;
        let count = states.partition_point(|(since, _)| *since <= self.segments);
        states.get(count.checked_sub(1)?).map(|(_, state)| *state)
    }

    fn acceptance(&self, path: &str) -> Option<(u64, Timestamp)> {
        self.timeline.acceptances.get(path).copied().filter(|(seq, _)| *seq < self.size)
    }

    fn close_of(&self, campaign: &CampaignId) -> Option<u64> {
        self.timeline.closes.get(campaign).copied().filter(|seq| *seq < self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        GrantKey, ItemId, RunId, SystemId, Timestamp, VerificationLevel,
        record::{
            IntentRecorded, OutcomeKind, OutcomeRecorded, Record, RecordPayload, VerificationKind, VerificationRecorded,
        },
    };

    fn action(number: u64) -> ActionId {
        ActionId::parse(&format!("act-{number:032x}")).unwrap()
    }

    /// Returns a record about one of three actions.
    fn record(seq: u64) -> Record {
        let mixed = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let action = action(mixed % 3);
        let entry = match mixed / 3 % 5 {
            0 => RecordPayload::Intent(IntentRecorded {
                action,
                plan: Digest::ZERO,
                system: SystemId::parse("pg").unwrap(),
                item: ItemId::parse("itm-0000000000000001").unwrap(),
                grant: GrantKey::parse("member:1").unwrap(),
                precondition: Digest::ZERO,
                verb: "revoke".into(),
                witnesses: Vec::new(),
            }),
            1 => RecordPayload::Outcome(OutcomeRecorded {
                action,
                intent: seq.saturating_sub(mixed % 4),
                result: OutcomeKind::Applied,
                class: None,
                text: String::new(),
                successor: None,
                deposited: None,
            }),
            kind => RecordPayload::Verification(VerificationRecorded {
                action,
                result: if kind == 4 { VerificationKind::Pending } else { VerificationKind::Confirmed },
                level: VerificationLevel::V3,
                paths: Vec::new(),
                left: Vec::new(),
                answers: Vec::new(),
                probe: String::new(),
            }),
        };
        let run = RunId::parse("01932b5e-7c00-7000-8000-000000000000").unwrap();
        let t = Timestamp::from_unix(i64::try_from(seq).unwrap());
        Record { v: 1, seq, prev: Digest::ZERO.hex(), run, t, entry }
    }

    #[test]
    fn timeline_equals_history_of_its_records() {
        let (mut timeline, mut history) = (EvidenceTimeline::default(), EvidenceHistory::default());
        let mut ends = vec![(0, history.clone())];
        for seq in 0..600 {
            let (record, line) = (record(seq), Digest::of(seq.to_string()));
            // Three records in a segment, and every other segment ends a commit.
            let id = |number: u64| ObjectId::parse(&format!("{number:040x}")).unwrap();
            let (blob, commit) = (id(seq / 3), id(seq / 6));
            history.push(&record, line);
            let path = "log/1";
            timeline
                .observe(&RecordRef { record: &record, line, path, blob, number: 1, commit, signer: None }, &history);
            if seq % 6 == 5 {
                ends.push((seq + 1, history.clone()));
            }
        }
        for (size, history) in &ends {
            let found = timeline.at(*size).unwrap();
            assert_eq!((found.size(), found.head()), (history.size(), history.head()));
            for number in 0..3 {
                assert_eq!(found.action_state(&action(number)), history.action_state(&action(number)), "{size}");
            }
        }
        assert!(history.actions().any(|(_, action)| action.is_done()), "no record had an effect");
        assert!(timeline.at(3).is_err(), "no commit ends there");
        assert!(timeline.at(606).is_err(), "there are fewer records");
    }
}
