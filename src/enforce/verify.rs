//! Verifies completed actions by reading their targets again, and detects reappeared access and out-of-band changes.

use super::{
    confirmation::{VerificationResult, evaluate},
    execute::observe_with_retry,
    journal::{Journal, JournalError},
    out_of_band::{OutOfBandReport, detect_out_of_band},
    read_target::{ReadTarget, VerifiedAction},
    recover::PlanCache,
    separation_of_duties::{self, AcceptedViolations, SodReport},
};
use crate::{
    model::{
        ActionId, Clock, SystemId, VerificationLevel,
        record::{OutcomeKind, RecordPayload, RunEnd, RunStart, VerificationKind},
    },
    plan::SodContext,
};
use std::collections::BTreeMap;

/// The result of a verification.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Every completed action.
    pub actions: Vec<VerifiedAction>,
    /// Every system that was compared with its committed inventory.
    pub systems: Vec<OutOfBandReport>,
    /// The separation-of-duties violations; `None` when they were not evaluated.
    pub sod_violations: Option<SodReport>,
}

impl VerifyReport {
    /// Returns whether all targets are as decided, and no result is unknown.
    pub fn is_clean(&self) -> bool {
        let confirmed = |verified: &VerifiedAction| verified.judgement.kind == VerificationKind::Confirmed;
        self.actions.iter().all(confirmed) && self.systems.iter().all(OutOfBandReport::is_clean)
    }
}

/// Reads the targets of all completed actions on the connected systems, lists the systems whose committed inventory is
/// available, evaluates separation of duties on the listings, and records the results. A system that cannot be read
/// does not stop the others.
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
    let sod_violations =
        duties.and_then(|(duties, accepted)| separation_of_duties::judge(duties, accepted, &fresh, history));
    let looked = VerifyReport { actions: seen, systems, sod_violations };
    let mut entries = vec![RecordPayload::RunStart(start)];
    entries.extend(looked.actions.iter().map(|seen| seen.judgement.entry(&seen.planned.id, seen.level)));
    entries.extend(looked.systems.iter().flat_map(OutOfBandReport::entries));
    entries.extend(looked.sod_violations.iter().flat_map(SodReport::entries));
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
