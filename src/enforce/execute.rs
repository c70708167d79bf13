//! Executes one action: reads the target, compares it with the reviewed grant, applies the change, and reads it again.

use super::{
    step::{RunObserver, RunStep},
    verdict::{VerificationResult, judge},
};
use crate::{
    connector::{ApplyReceipt, Collector, ConnectorError, Intent, Provisioner, SecretSink, TargetQuery, WitnessQuery},
    model::{
        Action, ExpectedState, GrantObservation, VerificationLevel, Witness,
        action::{ActionSpec, Planned},
        file::Remediation,
        record::{OutcomeKind, OutcomeRecorded, RecordPayload, VerificationKind, short},
    },
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// The connections of a run to one system.
pub struct ProvisioningTarget {
    /// The connection that can write.
    pub provisioner: Box<dyn Provisioner + Send>,
    /// The destination of new secrets.
    pub sink: Box<dyn SecretSink + Send>,
    /// The way of making changes.
    pub remediation: Remediation,
    /// Whether this run has changed the system: a grant may then have lost paths through an earlier action.
    pub acted: bool,
}

/// The result of one action.
#[derive(Clone, Debug)]
pub struct ActionResult {
    /// The action as planned.
    pub planned: ActionSpec,
    /// The outcome.
    pub outcome: OutcomeRecorded,
    /// The result of the last read; `None` when the target was not read.
    pub judgement: Option<VerificationResult>,
}

impl ActionResult {
    /// Returns whether the target shows the decided state.
    pub fn is_confirmed(&self) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| judgement.kind == VerificationKind::Confirmed)
    }

    /// Returns whether nothing is left to do: confirmed, or kept by another decision.
    pub fn is_done(&self) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| judgement.kind.is_done())
    }

    /// Returns the entries for evidence, in order.
    pub fn entries(&self) -> Vec<RecordPayload> {
        let mut entries = vec![RecordPayload::Outcome(self.outcome.clone())];
        // A run that writes cannot exceed V3, because it reads with the same process and credential.
        let level = VerificationLevel::V3;
        entries.extend(self.judgement.iter().flat_map(|judgement| judgement.entries(&self.planned.id, level)));
        entries
    }
}

/// The time during which a run may act. Another run may take over its systems when the recorded lease expires, so the
/// run stops earlier, measured by a monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunLease {
    began: Instant,
    lasts: Duration,
}

impl RunLease {
    /// Starts a lease of this many seconds, minus a margin of one tenth.
    pub(super) fn begin(seconds: u64) -> Self {
        Self { began: Instant::now(), lasts: Duration::from_secs(seconds) * 9 / 10 }
    }

    fn is_over(self) -> bool {
        self.began.elapsed() >= self.lasts
    }
}

/// Executes one action whose intent is recorded with these witnesses. Every failure is returned as an outcome, so that
/// one action never stops the others.
pub(super) fn execute(
    action: Action<Planned>,
    intent: Intent,
    witnesses: &[Witness],
    hand: &mut ProvisioningTarget,
    lease: RunLease,
    observer: &dyn RunObserver,
) -> ActionResult {
    let planned: ActionSpec = (*action).clone();
    let seq = intent.seq();
    let done = |result, class: Option<&str>, text: &str, judgement| ActionResult {
        outcome: OutcomeRecorded {
            action: planned.id.clone(),
            intent: seq,
            result,
            class: class.map(str::to_owned),
            text: short(text),
            successor: None,
            deposited: None,
        },
        planned: planned.clone(),
        judgement,
    };
    let before = match observe_with_retry(hand.provisioner.as_ref(), &planned, WitnessQuery::Nothing) {
        Ok(before) => before,
        Err(error) => {
            let text = format!("the target could not be read before the change, so no change was made: {error}");
            let judgement = VerificationResult::unknown(error.to_string());
            return done(OutcomeKind::Failed, Some(error.class()), &text, Some(judgement));
        }
    };
    let readiness = match readiness(&planned, &before, hand.acted) {
        ActionReadiness::Ready => ActionReadiness::Ready,
        // The target does not show the reviewed grant any more, because an earlier attempt has made a part of the change.
        _ if hand.provisioner.is_half_done(&planned).unwrap_or(false) => ActionReadiness::Ready,
        other => other,
    };
    match readiness {
        ActionReadiness::Already => {
            let judgement = read_back(hand.provisioner.as_ref(), &planned, witnesses);
            return done(OutcomeKind::Already, None, "the grant was already removed or changed", Some(judgement));
        }
        ActionReadiness::Drifted(why) => return done(OutcomeKind::Drifted, None, &why, None),
        ActionReadiness::Unread(reason) => {
            let text = format!("the target could not be read before the change, so no change was made: {reason}");
            return done(OutcomeKind::Failed, Some("unreadable"), &text, Some(VerificationResult::unknown(reason)));
        }
        ActionReadiness::Ready => {}
    }
    if hand.remediation == Remediation::Manual {
        let text = "a person must make the change; the operations of the plan are the work order";
        return done(OutcomeKind::Manual, None, text, Some(VerificationResult::pending(text)));
    }
    if observer.is_interrupted() {
        let text = "the run was interrupted, so no change was made; the next run continues";
        return done(OutcomeKind::Failed, Some("interrupted"), text, Some(judge(&planned, &before)));
    }
    if lease.is_over() {
        let text = "the lease of the run on the system has expired, so no change was made; the next run continues";
        return done(OutcomeKind::Failed, Some("lease-over"), text, Some(judge(&planned, &before)));
    }
    observer.reached(RunStep::BeforeApply, Some(&planned.id));
    hand.acted = true;
    let applied = hand.provisioner.apply(&action, intent, hand.sink.as_ref());
    observer.reached(RunStep::AfterApply, Some(&planned.id));
    let after = observe_with_retry(hand.provisioner.as_ref(), &planned, WitnessQuery::Ask(witnesses));
    observer.reached(RunStep::AfterLook, Some(&planned.id));
    let judgement = match &after {
        Ok(after) => judge(&planned, after),
        Err(error) => VerificationResult::unknown(error.to_string()),
    };
    let mut finished = match applied {
        Ok(ApplyReceipt { already: true, text, .. }) => done(OutcomeKind::Already, None, &text, Some(judgement)),
        Ok(receipt) => {
            let mut finished = done(OutcomeKind::Applied, None, &receipt.text, Some(judgement));
            finished.outcome.successor = receipt.successor;
            finished.outcome.deposited = receipt.deposited.as_deref().map(short);
            finished
        }
        Err(error) => {
            let result = result_of(&error, &judgement, after.as_ref().ok(), &planned);
            done(result, Some(error.class()), &error.to_string(), Some(judgement))
        }
    };
    finished.planned = planned;
    finished
}

/// Reads the target again after an action whose access still existed or lingered.
pub(super) fn reobserve(done: &mut ActionResult, witnesses: &[Witness], hand: &ProvisioningTarget) {
    let was_done = matches!(done.outcome.result, OutcomeKind::Already | OutcomeKind::Applied);
    let open = done.judgement.as_ref().is_some_and(|judgement| {
        matches!(
            judgement.kind,
            VerificationKind::Lingering | VerificationKind::StillPresent | VerificationKind::Unknown
        )
    });
    if was_done && open {
        done.judgement = Some(read_back(hand.provisioner.as_ref(), &done.planned, witnesses));
    }
}

/// Reads the target after an action, asks it the requests of the intent, and returns the verdict.
pub(super) fn read_back<C: Collector + ?Sized>(
    collector: &C,
    planned: &ActionSpec,
    witnesses: &[Witness],
) -> VerificationResult {
    match observe_with_retry(collector, planned, WitnessQuery::Ask(witnesses)) {
        Ok(now) => judge(planned, &now),
        Err(error) => VerificationResult::unknown(error.to_string()),
    }
}

enum ActionReadiness {
    Already,
    Drifted(String),
    Ready,
    Unread(String),
}

/// Returns whether the action can be executed: the grant must be exactly as planned, or already removed.
fn readiness(planned: &ActionSpec, before: &GrantObservation, acted: bool) -> ActionReadiness {
    if let Err(reason) = &before.access {
        return ActionReadiness::Unread(reason.clone());
    }
    let met = judge(planned, before).kind.is_done();
    match &before.grant {
        _ if met => ActionReadiness::Already,
        None if matches!(planned.expects, ExpectedState::Absent | ExpectedState::Replaced) => ActionReadiness::Already,
        None => ActionReadiness::Drifted("the grant was removed, but another path gives the same access".to_owned()),
        Some(now) if now.digest() == planned.precondition => ActionReadiness::Ready,
        Some(now) if acted && now.only_lost_paths(&planned.grant) => ActionReadiness::Ready,
        Some(now) => ActionReadiness::Drifted(format!(
            "the grant has the digest {}, but {} was planned",
            now.digest(),
            planned.precondition
        )),
    }
}

/// Returns the outcome for an error of a write, after the target has been read again.
fn result_of(
    error: &ConnectorError,
    judgement: &VerificationResult,
    after: Option<&GrantObservation>,
    planned: &ActionSpec,
) -> OutcomeKind {
    match error {
        ConnectorError::PreconditionFailed(_) => OutcomeKind::Drifted,
        ConnectorError::Ambiguous(_) if judgement.kind.is_done() => OutcomeKind::Applied,
        ConnectorError::Ambiguous(_) => {
            let untouched =
                after.and_then(|after| after.grant.as_ref()).is_some_and(|now| now.digest() == planned.precondition);
            if untouched { OutcomeKind::Failed } else { OutcomeKind::Unknown }
        }
        _ => OutcomeKind::Failed,
    }
}

/// Reads the grant. A failure that may be temporary is retried a limited number of times.
pub(super) fn observe_with_retry<C: Collector + ?Sized>(
    collector: &C,
    planned: &ActionSpec,
    witnesses: WitnessQuery<'_>,
) -> Result<GrantObservation, ConnectorError> {
    let query = TargetQuery::about(planned).asking(witnesses);
    let mut tries = 0;
    loop {
        match collector.observe(&query) {
            Err(error) if error.may_retry_read() && tries < READ_RETRIES => {
                tries += 1;
                thread::sleep(READ_PAUSE * tries);
            }
            answer => return answer,
        }
    }
}

const READ_RETRIES: u32 = 3;
const READ_PAUSE: Duration = Duration::from_millis(200);
