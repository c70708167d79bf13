//! Folds evidence records into the state of every action, run and decision.

use super::{
    ActionId, CampaignId, Digest, GrantKey, ItemId, RunId, SystemId, Timestamp, VerificationLevel, Witness,
    record::{
        CampaignClose, FindingRecorded, ForgeReport, InventoryCollected, MODEL_DISAGREES, MergeProvenance, OUT_OF_BAND,
        OutcomeKind, OutcomeRecorded, Record, RecordPayload, RunStart, SOD_VIOLATION, VerificationKind,
        VerificationRecorded,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The state of one action, derived from evidence alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActionHistory {
    /// The system it changes.
    pub system: SystemId,
    /// The item.
    pub item: ItemId,
    /// The grant.
    pub grant: GrantKey,
    /// The verb of the change.
    pub verb: String,
    /// The plan of the last intent.
    pub plan: Digest,
    /// The run of the last intent.
    pub run: RunId,
    /// The sequence number of the last intent.
    pub intent: u64,
    /// The time of that intent, by the clock of its run.
    pub intended_at: Timestamp,
    /// The time of its first intent.
    pub first_intended_at: Timestamp,
    /// The outcome of that intent; `None` while it is dangling.
    pub outcome: Option<OutcomeRecorded>,
    /// The sequence number and time of that record.
    pub outcome_at: Option<(u64, Timestamp)>,
    /// The last verification.
    pub verification: Option<VerificationRecorded>,
    /// The sequence number and time of that record.
    pub verified_at: Option<(u64, Timestamp)>,
    /// The highest level at which it was ever confirmed.
    pub confirmed: Option<VerificationLevel>,
    /// The time of the first confirmation after its last intent, by the engine's clock.
    pub confirmed_at: Option<Timestamp>,
    /// Whether the access was confirmed as removed and later found again.
    pub regressed: bool,
    /// The number of its intents.
    pub intents: u32,
    /// The requests that the target permitted before the change.
    pub witnesses: Vec<Witness>,
    /// The number of verifications in a row whose result was unknown.
    pub unknown_reads: u32,
    /// Whether two people attested the result, and no later read contradicted them.
    pub is_attested: bool,
}

impl ActionHistory {
    /// Returns whether the last read showed the expected state.
    pub fn is_confirmed(&self) -> bool {
        self.verification.as_ref().is_some_and(|v| v.result == VerificationKind::Confirmed)
    }

    /// Returns whether nothing is left to do: confirmed, kept by another decision, or not readable and attested by two
    /// people.
    pub fn is_done(&self) -> bool {
        let attested = |result| result == VerificationKind::Unknown && self.is_attested;
        self.verification.as_ref().is_some_and(|v| v.result.is_done() || attested(v.result))
    }

    /// Returns whether people can attest the result: a work order, or a change that repeated reads cannot verify.
    pub fn is_attestable(&self) -> bool {
        let is_order = self.outcome.as_ref().is_some_and(|outcome| outcome.result == OutcomeKind::Manual);
        is_order || self.unknown_reads >= READS_BEFORE_ATTESTATION
    }

    /// Returns whether its last intent has no outcome.
    pub fn is_dangling(&self) -> bool {
        self.outcome.is_none()
    }
}

/// A run, derived from evidence alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunHistory {
    /// The sequence number of its start.
    pub seq: u64,
    /// The start time, by its own clock.
    pub started_at: Timestamp,
    /// The payload of its start record.
    pub start: RunStart,
    /// The sequence number and exit code of its end; `None` while it is open.
    pub end: Option<(u64, u8)>,
}

/// A recorded review file.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct AcceptedReview {
    /// The sequence number of the acceptance.
    pub seq: u64,
    /// The digest of the file's bytes.
    pub digest: Digest,
    /// The digests of its signatures by path.
    pub signatures: BTreeMap<String, Digest>,
    /// The commit that added the file.
    pub commit: String,
    /// The time of the record, by the engine's clock.
    pub at: Timestamp,
}

/// The state derived from evidence. Every record must be pushed in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EvidenceHistory {
    size: u64,
    head: Option<Digest>,
    actions: BTreeMap<ActionId, ActionHistory>,
    runs: BTreeMap<RunId, RunHistory>,
    order: Vec<RunId>,
    accepted: BTreeMap<String, AcceptedReview>,
    rejected: BTreeSet<(String, Digest)>,
    attested: BTreeMap<ActionId, u64>,
    excepted: BTreeSet<(String, Digest)>,
    closed: BTreeMap<CampaignId, ((u64, Timestamp), CampaignClose)>,
    merges: BTreeMap<String, (u64, MergeProvenance)>,
    /// The inventories that jobs recorded, by system, in the order of the log.
    collected: BTreeMap<SystemId, Vec<(u64, InventoryCollected)>>,
    noticed: BTreeSet<String>,
    stray_outcomes: Vec<(u64, ActionId)>,
    out_of_band: BTreeMap<String, Vec<(u64, FindingRecorded)>>,
    sod_violations: Vec<(u64, FindingRecorded)>,
    /// By action.
    disagreements: BTreeMap<String, (u64, FindingRecorded)>,
}

/// The number of unknown reads after which two people may attest a result.
const READS_BEFORE_ATTESTATION: u32 = 2;

impl EvidenceHistory {
    /// Returns the inventories of a system that jobs recorded, with the number of each record, in the order of the log.
    pub fn collected(&self, system: &SystemId) -> &[(u64, InventoryCollected)] {
        self.collected.get(system).map(Vec::as_slice).unwrap_or_default()
    }

    /// Adds the next record; `line` is the digest of its line.
    pub fn push(&mut self, record: &Record, line: Digest) {
        self.size = record.seq + 1;
        self.head = Some(line);
        let at = (record.seq, record.t);
        match &record.entry {
            RecordPayload::RunStart(start) => {
                let run = RunHistory { seq: record.seq, started_at: record.t, start: start.clone(), end: None };
                self.runs.insert(record.run.clone(), run);
                self.order.push(record.run.clone());
            }
            RecordPayload::RunEnd(end) => {
                if let Some(run) = self.runs.get_mut(&record.run) {
                    run.end = Some((record.seq, end.exit));
                }
            }
            RecordPayload::DecisionAccepted(accepted) => {
                let acceptance = AcceptedReview {
                    seq: record.seq,
                    digest: accepted.digest,
                    signatures: accepted.signatures.clone(),
                    commit: accepted.commit.clone(),
                    at: record.t,
                };
                // The first acceptance counts: a later one cannot move a decision past a close.
                self.accepted.entry(accepted.path.clone()).or_insert(acceptance);
            }
            RecordPayload::DecisionRejected(rejected) => {
                self.rejected.insert((rejected.path.clone(), rejected.digest));
            }
            RecordPayload::Attestation(seen) => {
                self.attested.insert(seen.action.clone(), record.seq);
                if let Some(action) = self.actions.get_mut(&seen.action) {
                    action.is_attested = true;
                }
            }
            RecordPayload::Exception(seen) => {
                self.excepted.insert((seen.path.clone(), seen.digest));
            }
            RecordPayload::Collected(seen) => {
                self.collected.entry(seen.system.clone()).or_default().push((record.seq, seen.clone()));
            }
            RecordPayload::CampaignClose(close) => {
                self.closed.entry(close.campaign.clone()).or_insert((at, close.clone()));
            }
            RecordPayload::Notice(notice) => {
                self.noticed.insert(notice.id.clone());
            }
            RecordPayload::Merge(seen) => {
                // A later report of an unknown merge does not replace an earlier report of a known one.
                let tells = !matches!(seen.told, ForgeReport::Unknown(_));
                if tells || !self.merges.contains_key(&seen.commit) {
                    self.merges.insert(seen.commit.clone(), (record.seq, seen.clone()));
                }
            }
            RecordPayload::Intent(intent) => {
                let before = self.actions.remove(&intent.action);
                let next = ActionHistory {
                    system: intent.system.clone(),
                    item: intent.item,
                    grant: intent.grant.clone(),
                    verb: intent.verb.clone(),
                    plan: intent.plan,
                    run: record.run.clone(),
                    intent: record.seq,
                    intended_at: record.t,
                    first_intended_at: before.as_ref().map_or(record.t, |b| b.first_intended_at),
                    outcome: None,
                    outcome_at: None,
                    verification: None,
                    verified_at: None,
                    confirmed_at: None,
                    confirmed: before.as_ref().and_then(|b| b.confirmed),
                    regressed: before.as_ref().is_some_and(|b| b.regressed),
                    unknown_reads: before.as_ref().map_or(0, |b| b.unknown_reads),
                    is_attested: before.as_ref().is_some_and(|b| b.is_attested),
                    intents: before.map_or(0, |b| b.intents) + 1,
                    witnesses: intent.witnesses.clone(),
                };
                self.actions.insert(intent.action.clone(), next);
            }
            RecordPayload::Outcome(outcome) => match self.actions.get_mut(&outcome.action) {
                Some(action) if action.intent == outcome.intent && action.outcome.is_none() => {
                    action.outcome = Some(outcome.clone());
                    action.outcome_at = Some(at);
                }
                _ => self.stray_outcomes.push((record.seq, outcome.action.clone())),
            },
            RecordPayload::Verification(seen) => {
                if let Some(action) = self.actions.get_mut(&seen.action) {
                    match seen.result {
                        VerificationKind::Confirmed => {
                            action.confirmed = action.confirmed.max(Some(seen.level));
                            action.confirmed_at = action.confirmed_at.or(Some(record.t));
                        }
                        VerificationKind::StillPresent => {
                            action.regressed |= action.confirmed.is_some();
                            action.is_attested = false;
                        }
                        VerificationKind::Kept
                        | VerificationKind::Lingering
                        | VerificationKind::Pending
                        | VerificationKind::Unknown => {}
                    }
                    let is_unknown = seen.result == VerificationKind::Unknown;
                    action.unknown_reads = if is_unknown { action.unknown_reads + 1 } else { 0 };
                    self.disagreements.remove(seen.action.as_str());
                    action.verification = Some(seen.clone());
                    action.verified_at = Some(at);
                }
            }
            RecordPayload::Finding(finding) => self.found(record.seq, finding),
            RecordPayload::Anchor(_)
            | RecordPayload::Attempt(_)
            | RecordPayload::KeyRotate(_)
            | RecordPayload::LogGenesis(_)
            | RecordPayload::Recover(_) => {}
        }
    }

    /// A listing replaces the previous one. A failed listing changes nothing, so earlier findings remain.
    fn found(&mut self, seq: u64, finding: &FindingRecorded) {
        if finding.code == MODEL_DISAGREES {
            self.disagreements.insert(finding.subject.clone(), (seq, finding.clone()));
        }
        match finding.code.strip_prefix(SOD_VIOLATION) {
            Some("judged") => self.sod_violations.clear(),
            Some("accepted" | "remains") => self.sod_violations.push((seq, finding.clone())),
            _ => {}
        }
        let Some(what) = finding.code.strip_prefix(OUT_OF_BAND) else { return };
        let system = finding.subject.split(' ').next().unwrap_or_default();
        match what {
            "listed" => drop(self.out_of_band.remove(system)),
            "added" | "changed" | "removed" => {
                self.out_of_band.entry(system.to_owned()).or_default().push((seq, finding.clone()));
            }
            _ => {}
        }
    }

    /// Returns the number of records.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the digest of the last line; [`Digest::ZERO`] while there is none.
    pub fn head(&self) -> Digest {
        self.head.unwrap_or(Digest::ZERO)
    }

    /// Returns the state of an action.
    pub fn action(&self, id: &ActionId) -> Option<&ActionHistory> {
        self.actions.get(id)
    }

    /// Returns all actions by id.
    pub fn actions(&self) -> impl Iterator<Item = (&ActionId, &ActionHistory)> {
        self.actions.iter()
    }

    /// Returns the actions whose last intent has no outcome.
    pub fn dangling(&self) -> impl Iterator<Item = (&ActionId, &ActionHistory)> {
        self.actions.iter().filter(|(_, action)| action.is_dangling())
    }

    /// Returns a run.
    pub fn run(&self, id: &RunId) -> Option<&RunHistory> {
        self.runs.get(id)
    }

    /// Returns the runs in the order of their start.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = (&RunId, &RunHistory)> {
        self.order.iter().filter_map(|id| self.runs.get_key_value(id))
    }

    /// Returns the open runs that hold any of `systems`: no later run has taken it over.
    pub fn holding<'a>(&'a self, systems: &'a [SystemId]) -> impl Iterator<Item = (&'a RunId, &'a RunHistory)> {
        let is_last = |run: &RunHistory, system: &SystemId| {
            self.runs()
                .rev()
                .find(|(_, other)| other.start.systems.contains(system))
                .is_some_and(|(_, o)| o.seq == run.seq)
        };
        let open = self.runs().filter(|(_, run)| run.end.is_none());
        open.filter(move |(_, run)| {
            let mut held = run.start.systems.iter().filter(|system| systems.contains(system));
            held.any(|system| is_last(run, system))
        })
    }

    /// Returns the record of an accepted review file.
    pub fn accepted(&self, path: &str) -> Option<&AcceptedReview> {
        self.accepted.get(path)
    }

    /// Returns all accepted review files, by path.
    pub fn acceptances(&self) -> impl Iterator<Item = (&str, &AcceptedReview)> {
        self.accepted.iter().map(|(path, acceptance)| (path.as_str(), acceptance))
    }

    /// Returns whether these bytes at this path were rejected before.
    pub fn rejected(&self, path: &str, digest: Digest) -> bool {
        self.rejected.contains(&(path.to_owned(), digest))
    }

    /// Returns whether the exception with these bytes at this path was recorded.
    pub fn has_exception(&self, path: &str, digest: Digest) -> bool {
        self.excepted.contains(&(path.to_owned(), digest))
    }

    /// Returns whether an attestation of the action was recorded.
    pub fn attested(&self, action: &ActionId) -> bool {
        self.attested.contains_key(action)
    }

    /// Returns the sequence number and time of the close of the campaign, by the engine's clock.
    pub fn close_of(&self, campaign: &CampaignId) -> Option<(u64, Timestamp)> {
        self.closed.get(campaign).map(|(at, _)| *at)
    }

    /// Returns the record of the close of a campaign.
    pub fn sealed_close(&self, campaign: &CampaignId) -> Option<&CampaignClose> {
        self.closed.get(campaign).map(|(_, close)| close)
    }

    /// Returns whether the campaign was closed.
    pub fn is_closed(&self, campaign: &CampaignId) -> bool {
        self.closed.contains_key(campaign)
    }

    /// Returns whether the reminder with this id was sent.
    pub fn is_noticed(&self, id: &str) -> bool {
        self.noticed.contains(id)
    }

    /// Returns the Git host's report about the merge at a commit of the main branch, with its sequence number.
    pub fn merge(&self, commit: &str) -> Option<&(u64, MergeProvenance)> {
        self.merges.get(commit)
    }

    /// Returns the Git host's reports about merges, with their sequence numbers.
    pub fn merges(&self) -> impl ExactSizeIterator<Item = &(u64, MergeProvenance)> {
        self.merges.values()
    }

    /// Returns outcomes without an open intent: each is a defect of the log.
    pub fn orphaned_outcomes(&self) -> &[(u64, ActionId)] {
        &self.stray_outcomes
    }

    /// Returns the out-of-band changes in the last listing of each system, with their sequence numbers.
    pub fn out_of_band(&self) -> impl Iterator<Item = &(u64, FindingRecorded)> {
        self.out_of_band.values().flatten()
    }

    /// Returns the contradictions between a target and the model of its connector in the last verification of each
    /// action, with their sequence numbers.
    pub fn disagreements(&self) -> impl Iterator<Item = &(u64, FindingRecorded)> {
        self.disagreements.values()
    }

    /// Returns the separation-of-duties violations in the last evaluation, accepted or not, with their sequence
    /// numbers.
    pub fn sod_violations(&self) -> impl Iterator<Item = &(u64, FindingRecorded)> {
        self.sod_violations.iter()
    }

    /// Returns whether the last outcome of the action requires more work: no outcome, or failed, drifted or unknown.
    pub fn needs_work(&self, id: &ActionId) -> bool {
        self.actions.get(id).is_none_or(|action| {
            !action.is_done()
                || action.outcome.as_ref().is_none_or(|o| {
                    !matches!(o.result, OutcomeKind::Already | OutcomeKind::Applied | OutcomeKind::Manual)
                })
        })
    }
}
