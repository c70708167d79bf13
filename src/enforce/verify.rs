//! Verifies completed actions by reading their targets again, and detects reappeared access and out-of-band changes.

use super::{
    execute::read_back,
    journal::{Journal, JournalError},
    out_of_band::{OutOfBandReport, detect_out_of_band},
    outstanding::OutstandingDecision,
    read_target::{ReadTarget, VerifiedAction},
    recover::PlanCache,
    separation_of_duties::{self, AcceptedViolations, SodReport},
    verdict::VerificationResult,
};
use crate::{
    model::{
        ActionId, Clock, SystemId,
        history::ActionHistory,
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
    /// The decisions that no run has carried out yet.
    pub outstanding: Vec<OutstandingDecision>,
}

impl VerifyReport {
    /// Returns whether all targets are as decided or within the time limit, and no result is unknown.
    pub fn is_clean(&self) -> bool {
        !self.outstanding.iter().any(|decision| decision.is_overdue)
            && self.actions.iter().all(VerifiedAction::is_clean)
            && self.systems.iter().all(OutOfBandReport::is_clean)
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
    outstanding: Vec<OutstandingDecision>,
    clock: &dyn Clock,
    journal: &mut dyn Journal,
) -> Result<VerifyReport, JournalError> {
    let mut plans = PlanCache::default();
    let mut due: Vec<(ActionId, ActionHistory)> = Vec::new();
    for (id, past) in journal.history().actions() {
        let happened = past.outcome.as_ref().is_some_and(|outcome| outcome.result != OutcomeKind::Drifted);
        if happened && readers.contains_key(&past.system) {
            due.push((id.clone(), past.clone()));
        }
    }
    let now = clock.now();
    let mut seen = Vec::new();
    for (id, past) in due {
        let Some(reader) = readers.get(&past.system) else { continue };
        let Some(planned) = plans.action(journal, &past.plan, &id)? else { continue };
        let mut judgement = read_back(reader.collector.as_ref(), &planned, &past.witnesses);
        let is_order = past.outcome.as_ref().is_some_and(|outcome| outcome.result == OutcomeKind::Manual);
        if is_order && past.confirmed.is_none() && judgement.is_untouched {
            judgement = VerificationResult::pending("the work order is open: the target is unchanged");
        }
        let came_back = past.confirmed.is_some() && judgement.kind == VerificationKind::StillPresent;
        let level = judgement.level(reader.own_credential, reader.collector.has_oracle(&planned.grant));
        let is_overdue = planned.grant.tier.is_removal_overdue(past.first_intended_at, now);
        seen.push(VerifiedAction { planned, judgement, level, came_back, is_overdue });
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
    let looked = VerifyReport { actions: seen, systems, sod_violations, outstanding };
    let mut entries = vec![RecordPayload::RunStart(start)];
    entries.extend(looked.actions.iter().flat_map(|seen| seen.judgement.entries(&seen.planned.id, seen.level)));
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
