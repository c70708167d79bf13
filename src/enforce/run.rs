//! Executes a whole run: start, batches, end.

use super::{
    execute::{ActionResult, ProvisioningTarget, RunLease, execute, reobserve},
    journal::{Journal, JournalError},
    read_target::is_in_time,
    recover::recover,
    step::{RunObserver, RunStep},
    witnesses::{BatchWitnesses, ask_before},
};
use crate::{
    connector::Intent,
    model::{
        Action, SystemId, Timestamp, Witness,
        action::{ActionSpec, Planned},
        record::{IntentRecorded, OutcomeKind, RecordPayload, RunEnd, RunStart},
    },
    plan::{Cleared, HeldCode, HeldDecision, Plan},
};
use std::{collections::BTreeMap, thread};

/// The inputs of a run.
pub struct RunRequest<'a> {
    /// The plan.
    pub plan: Plan<Cleared>,
    /// The record of the start.
    pub start: RunStart,
    /// Further entries to record with the start: accepted and rejected decisions.
    pub taken_up: Vec<RecordPayload>,
    /// The connections, by system.
    pub hands: &'a mut BTreeMap<SystemId, ProvisioningTarget>,
    /// Receives the progress of the run.
    pub observer: &'a dyn RunObserver,
    /// The time, which determines whether open sessions and work orders are overdue.
    pub now: Timestamp,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Every action, in the order of the plan.
    pub done: Vec<ActionResult>,
    /// The number of dangling intents of earlier runs that were recovered.
    pub recovered: usize,
    /// The exit code: 0; 3 when decisions are held; 4 when a target differs from its decision; 130 when the run was
    /// interrupted.
    pub exit: u8,
    /// The decisions that did not become actions, with the reason and the remedy of each.
    pub held: Vec<HeldDecision>,
}

/// A run that could not be recorded to its end.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct RunError {
    /// The cause.
    pub cause: JournalError,
    /// Entries about completed work that are not on the remote. The next run recovers them by reading the targets.
    pub unpublished: Vec<RecordPayload>,
}

/// Executes the plan. The intent of every change is on the remote branch before the change, and the outcome afterwards.
///
/// # Errors
/// When the run cannot be recorded. Before the first push, no target has been changed.
pub fn enforce(order: RunRequest<'_>, journal: &mut dyn Journal) -> Result<RunSummary, RunError> {
    let RunRequest { plan, mut start, taken_up, hands, observer, now } = order;
    let stop = |cause| RunError { cause, unpublished: Vec::new() };
    let (recovery, recovered) = recover(journal, hands).map_err(stop)?;
    observer.reached(RunStep::Recovered, None);
    let planned = plan.actions().len();
    let held = plan.held().to_vec();
    let waiting =
        held.iter().filter(|held| !matches!(held.code, HeldCode::ReportOnly | HeldCode::WorkOrderOpen)).count();
    if planned == 0 && recovery.is_empty() && taken_up.is_empty() {
        // Without work and news, there is no record: a run every hour must not grow the log.
        let exit = if waiting == 0 { 0 } else { 3 };
        return Ok(RunSummary { done: Vec::new(), recovered, exit, held });
    }
    let lease = RunLease::begin(start.lease);
    start.plan = Some(journal.store_blob(plan.bytes()).map_err(stop)?);

    let mut pending = vec![RecordPayload::RunStart(start)];
    pending.extend(recovery);
    pending.extend(taken_up);
    let mut done: Vec<ActionResult> = Vec::new();
    let mut begun = false;
    for batch in plan.batches(BATCH) {
        if observer.is_interrupted() {
            break;
        }
        let asked = ask_before(batch.actions(), hands, journal.history());
        let intents = batch.actions().iter().map(|action| intent_of(action, &batch, asked.of(&action.id)));
        let first = pending.len();
        pending.extend(intents);
        observer.reached(if begun { RunStep::BeforeOutcomes } else { RunStep::BeforeIntents }, None);
        let published = publish(journal, &mut pending, first, begun)?;
        begun = true;
        observer.reached(RunStep::AfterIntents, None);
        let finished = carry_out_all(batch.recorded(published).into_actions(), &asked, hands, lease, observer);
        pending.extend(finished.iter().flat_map(ActionResult::entries));
        done.extend(finished);
    }
    if !begun && observer.is_interrupted() {
        // No record was written, and no target was changed.
        return Ok(RunSummary { done, recovered, exit: INTERRUPTED, held });
    }
    let is_clean = |done: &&ActionResult| {
        let since = journal.history().action(&done.planned.id).map_or(now, |past| past.first_intended_at);
        let is_overdue = done.planned.grant.tier.is_removal_overdue(since, now);
        done.judgement.as_ref().is_some_and(|judgement| is_in_time(judgement.kind, is_overdue))
    };
    // Computed from the planned actions, so that an action that was lost on the way is not counted as clean.
    let exit = match planned - done.iter().filter(is_clean).count() {
        _ if observer.is_interrupted() => INTERRUPTED,
        0 if waiting == 0 => 0,
        0 => 3,
        _ => 4,
    };
    pending.push(RecordPayload::RunEnd(end_of(&done, exit)));
    observer.reached(RunStep::BeforeOutcomes, None);
    let first = pending.len();
    let _ = publish(journal, &mut pending, first, begun)?;
    observer.reached(RunStep::AfterOutcomes, None);
    observer.reached(RunStep::Ended, None);
    Ok(RunSummary { done, recovered, exit, held })
}

/// Pushes the pending entries and returns the proof for those from `first` on: the intents.
fn publish(
    journal: &mut dyn Journal,
    pending: &mut Vec<RecordPayload>,
    first: usize,
    begun: bool,
) -> Result<crate::plan::PublicationProof, RunError> {
    match journal.publish(pending) {
        Ok(published) => {
            pending.clear();
            Ok(published.from(first))
        }
        Err(cause) => {
            // Before the first push, there are no results that must be kept.
            pending.truncate(if begun { first } else { 0 });
            Err(RunError { cause, unpublished: std::mem::take(pending) })
        }
    }
}

/// Executes the actions of each system in order, and different systems in parallel.
fn carry_out_all(
    work: impl Iterator<Item = (Action<Planned>, Intent)>,
    asked: &BatchWitnesses,
    hands: &mut BTreeMap<SystemId, ProvisioningTarget>,
    lease: RunLease,
    observer: &dyn RunObserver,
) -> Vec<ActionResult> {
    let mut queues: BTreeMap<SystemId, Vec<(usize, Action<Planned>, Intent)>> = BTreeMap::new();
    for (place, (action, intent)) in work.enumerate() {
        queues.entry(action.grant.system.clone()).or_default().push((place, action, intent));
    }
    let mut finished: Vec<(usize, ActionResult)> = thread::scope(|scope| {
        let running: Vec<_> = hands
            .iter_mut()
            .filter_map(|(system, hand)| queues.remove(system).map(|queue| (hand, queue)))
            .map(|(hand, queue)| {
                scope.spawn(move || {
                    let work = queue.into_iter();
                    let mut finished: Vec<_> = work
                        .map(|(place, action, intent)| {
                            let witnesses = asked.of(&action.id);
                            (place, execute(action, intent, witnesses, hand, lease, observer))
                        })
                        .collect();
                    // The last change on a system may have removed the path by which an earlier access remained.
                    let last = finished.iter().rposition(|(_, done)| done.outcome.result == OutcomeKind::Applied);
                    for (_, done) in finished.iter_mut().take(last.unwrap_or(0)) {
                        reobserve(done, asked.of(&done.planned.id), hand);
                    }
                    finished
                })
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    finished.sort_by_key(|(place, _)| *place);
    finished.into_iter().map(|(_, done)| done).collect()
}

fn intent_of(action: &ActionSpec, plan: &Plan<Cleared>, witnesses: &[Witness]) -> RecordPayload {
    RecordPayload::Intent(IntentRecorded {
        action: action.id.clone(),
        plan: plan.digest(),
        system: action.grant.system.clone(),
        item: action.basis.item,
        grant: action.grant.key.clone(),
        precondition: action.precondition,
        verb: action.change.verb().to_owned(),
        witnesses: witnesses.to_vec(),
    })
}

fn end_of(done: &[ActionResult], exit: u8) -> RunEnd {
    let mut outcomes = BTreeMap::new();
    let mut verifications = BTreeMap::new();
    for done in done {
        *outcomes.entry(done.outcome.result.to_string()).or_default() += 1;
        if let Some(judgement) = &done.judgement {
            *verifications.entry(judgement.kind.to_string()).or_default() += 1;
        }
    }
    RunEnd { outcomes, verifications, exit }
}

/// The exit code of an interrupted run, as of a shell after Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// The maximum number of intents that are recorded before their outcomes.
const BATCH: usize = 100;
