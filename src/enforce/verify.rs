//! Reading targets again later: what came back, what was changed by others, what lingers.

use super::{
    execute::observe_with_retry,
    journal::{Journal, JournalError},
    out_of_band::{OutOfBandReport, detect_out_of_band},
    recover::PlanCache,
    separation_of_duties::{self, AcceptedViolations, ToxicPairs},
    verdict::{VerificationResult, evaluate},
};
use crate::{
    connector::Collector,
    model::{
        ActionId, Clock, Inventory, SystemId, VerificationLevel,
        action::ActionSpec,
        file::Remediation,
        record::{OutcomeKind, RecordPayload, RunEnd, RunStart, VerificationKind},
    },
    plan::SodContext,
};
use std::collections::BTreeMap;

/// A system that can be read.
pub struct ReadTarget<'a> {
    /// The connection; it cannot write.
    pub collector: Box<dyn Collector + Send>,
    /// Whether it has a credential of its own, another than the one that writes.
    pub own_credential: bool,
    /// Who makes changes there.
    pub remediation: Remediation,
    /// The inventory as committed, to compare a fresh listing with; nothing when only what was acted on is read.
    pub committed: Option<&'a Inventory>,
}

/// One action that was looked at again.
#[derive(Clone, Debug)]
pub struct VerifiedAction {
    /// The action as planned.
    pub planned: ActionSpec,
    /// What the read says.
    pub judgement: VerificationResult,
    /// How much the read is worth.
    pub level: VerificationLevel,
    /// Whether it had been confirmed before and is there again.
    pub came_back: bool,
}

/// What a later look at the systems shows.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Every action that was done.
    pub actions: Vec<VerifiedAction>,
    /// Every system that was compared with its inventory as committed.
    pub systems: Vec<OutOfBandReport>,
    /// Who holds both sides of a toxic pair; nothing where that was not judged.
    pub toxic_pairs: Option<ToxicPairs>,
}

impl VerifyReport {
    /// Returns whether all is as decided, and nothing is unknown.
    pub fn is_clean(&self) -> bool {
        let confirmed = |verified: &VerifiedAction| verified.judgement.kind == VerificationKind::Confirmed;
        self.actions.iter().all(confirmed) && self.systems.iter().all(OutOfBandReport::is_clean)
    }
}

/// Reads the targets again for every action that was done, on the systems at hand, lists those whose
/// committed inventory is at hand, judges whose duties clash by what they show, and records all of it. A system that cannot be read never stops the others.
///
/// # Errors
/// When the evidence cannot be read or written.
pub fn verify(
    start: RunStart,
    readers: &BTreeMap<SystemId, ReadTarget<'_>>,
    duties: Option<(&SodContext<'_>, &AcceptedViolations)>,
    clock: &dyn Clock,
    journal: &mut dyn Journal,
) -> Result<VerifyReport, JournalError> {
    let mut plans = PlanCache::default();
    let mut due: Vec<(ActionId, crate::model::Digest, SystemId, bool)> = Vec::new();
    for (id, past) in journal.history().actions() {
        let happened = past.outcome.as_ref().is_some_and(|outcome| outcome.result != OutcomeKind::Drifted);
        if happened && readers.contains_key(&past.system) {
            due.push((id.clone(), past.plan, past.system.clone(), past.confirmed.is_some()));
        }
    }
    let mut seen = Vec::new();
    for (id, plan, system, was_confirmed) in due {
        let Some(reader) = readers.get(&system) else { continue };
        let Some(planned) = plans.action(journal, &plan, &id)? else { continue };
        let judgement = match observe_with_retry(reader.collector.as_ref(), &planned) {
            Ok(now) => evaluate(&planned.expects, &now),
            Err(error) => VerificationResult::unknown(error.to_string()),
        };
        let came_back = was_confirmed && judgement.kind == VerificationKind::StillPresent;
        let level = if reader.own_credential { VerificationLevel::V4 } else { VerificationLevel::V3 };
        seen.push(VerifiedAction { planned, judgement, level, came_back });
    }
    let history = journal.history();
    let compared = readers.iter().filter_map(|(id, reader)| detect_out_of_band(id, reader, &seen, history, clock));
    let (mut systems, mut fresh) = (Vec::new(), BTreeMap::new());
    for (listed, now) in compared {
        fresh.extend(now.map(|now| (listed.system.clone(), now)));
        systems.push(listed);
    }
    let toxic_pairs =
        duties.and_then(|(duties, accepted)| separation_of_duties::judge(duties, accepted, &fresh, history));
    let looked = VerifyReport { actions: seen, systems, toxic_pairs };
    let mut entries = vec![RecordPayload::RunStart(start)];
    entries.extend(looked.actions.iter().map(|seen| seen.judgement.entry(&seen.planned.id, seen.level)));
    entries.extend(looked.systems.iter().flat_map(OutOfBandReport::entries));
    entries.extend(looked.toxic_pairs.iter().flat_map(ToxicPairs::entries));
    entries.push(RecordPayload::RunEnd(end_of(&looked)));
    let _ = journal.publish(&entries)?;
    Ok(looked)
}

fn end_of(looked: &VerifyReport) -> RunEnd {
    let mut verifications = BTreeMap::new();
    for verified in &looked.actions {
        *verifications.entry(verified.judgement.kind.to_string()).or_default() += 1;
    }
    RunEnd { outcomes: BTreeMap::new(), verifications, exit: if looked.is_clean() { 0 } else { 4 } }
}
