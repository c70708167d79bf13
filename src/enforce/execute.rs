//! One action: look, compare, act, look again.

use super::{
    step::{RunObserver, RunStep},
    verdict::{VerificationResult, evaluate},
};
use crate::{
    connector::{ApplyReceipt, Collector, ConnectorError, Intent, Provisioner, SecretSink},
    model::{
        Action, ExpectedState, GrantObservation, Presence, VerificationLevel,
        action::{ActionSpec, Planned},
        file::Remediation,
        record::{OutcomeKind, OutcomeRecorded, RecordPayload, VerificationKind, short},
    },
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// What a run has at hand for one system.
pub struct ProvisioningTarget {
    /// The connection that can write.
    pub provisioner: Box<dyn Provisioner + Send>,
    /// Where new secrets go.
    pub sink: Box<dyn SecretSink + Send>,
    /// Who makes changes.
    pub remediation: Remediation,
    /// Whether this run has changed the system: a grant may then have lost paths to an earlier action.
    pub acted: bool,
}

/// What came of one action.
#[derive(Clone, Debug)]
pub struct ActionResult {
    /// The action as planned.
    pub planned: ActionSpec,
    /// What happened.
    pub outcome: OutcomeRecorded,
    /// What the last read says; nothing where the target was left alone.
    pub judgement: Option<VerificationResult>,
}

impl ActionResult {
    /// Returns whether the target shows what was decided.
    pub fn is_confirmed(&self) -> bool {
        self.judgement.as_ref().is_some_and(|judgement| judgement.kind == VerificationKind::Confirmed)
    }

    /// Returns the entries for evidence, in order.
    pub fn entries(&self) -> Vec<RecordPayload> {
        let mut entries = vec![RecordPayload::Outcome(self.outcome.clone())];
        // A run that wrote cannot reach more than V3: the same process, the same credential.
        entries
            .extend(self.judgement.as_ref().map(|judgement| judgement.entry(&self.planned.id, VerificationLevel::V3)));
        entries
    }
}

/// How long a run may go on acting. Another run may take its systems over once the lease it recorded has ended, so it
/// stops itself before: measured by a clock that cannot be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunLease {
    began: Instant,
    lasts: Duration,
}

impl RunLease {
    /// Begins a lease of this many seconds; one tenth of it is kept as a margin.
    pub(super) fn begin(seconds: u64) -> Self {
        Self { began: Instant::now(), lasts: Duration::from_secs(seconds) * 9 / 10 }
    }

    fn is_over(self) -> bool {
        self.began.elapsed() >= self.lasts
    }
}

/// Does one action whose intent is on record. Whatever happens comes back as an outcome: one bad item never stops the
/// others.
pub(super) fn execute(
    action: Action<Planned>,
    intent: Intent,
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
    let before = match observe_with_retry(hand.provisioner.as_ref(), &planned) {
        Ok(before) => before,
        Err(error) => {
            let text = format!("could not be read before acting, so nothing was done: {error}");
            let judgement = VerificationResult::unknown(error.to_string());
            return done(OutcomeKind::Failed, Some(error.class()), &text, Some(judgement));
        }
    };
    match readiness(&planned, &before, hand.acted) {
        ActionReadiness::Already => {
            let judgement = evaluate(&planned.expects, &before);
            return done(OutcomeKind::Already, None, "the grant itself was gone or changed before", Some(judgement));
        }
        ActionReadiness::Drifted(why) => return done(OutcomeKind::Drifted, None, &why, None),
        ActionReadiness::Unread(reason) => {
            let text = format!("could not be read before acting, so nothing was done: {reason}");
            return done(OutcomeKind::Failed, Some("unreadable"), &text, Some(VerificationResult::unknown(reason)));
        }
        ActionReadiness::Ready => {}
    }
    if hand.remediation == Remediation::Manual {
        let text = "a person has to do it; the operations of the plan are the work order";
        return done(OutcomeKind::Manual, None, text, Some(evaluate(&planned.expects, &before)));
    }
    if lease.is_over() {
        let text = "the run's lease on the system is over, so nothing was done; the next run goes on";
        return done(OutcomeKind::Failed, Some("lease-over"), text, Some(evaluate(&planned.expects, &before)));
    }
    observer.reached(RunStep::BeforeApply, Some(&planned.id));
    hand.acted = true;
    let applied = hand.provisioner.apply(&action, intent, hand.sink.as_ref());
    observer.reached(RunStep::AfterApply, Some(&planned.id));
    let after = observe_with_retry(hand.provisioner.as_ref(), &planned);
    observer.reached(RunStep::AfterLook, Some(&planned.id));
    let judgement = match &after {
        Ok(after) => evaluate(&planned.expects, after),
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

/// Looks again at an action that was done and whose access survived or lingered.
pub(super) fn reobserve(done: &mut ActionResult, hand: &ProvisioningTarget) {
    let was_done = matches!(done.outcome.result, OutcomeKind::Already | OutcomeKind::Applied);
    let open = done.judgement.as_ref().is_some_and(|judgement| {
        matches!(judgement.kind, VerificationKind::Lingering | VerificationKind::StillPresent)
    });
    if was_done && open {
        done.judgement = Some(match observe_with_retry(hand.provisioner.as_ref(), &done.planned) {
            Ok(now) => evaluate(&done.planned.expects, &now),
            Err(error) => VerificationResult::unknown(error.to_string()),
        });
    }
}

enum ActionReadiness {
    Already,
    Drifted(String),
    Ready,
    Unread(String),
}

/// The grant must be exactly what was planned for, or be gone already.
fn readiness(planned: &ActionSpec, before: &GrantObservation, acted: bool) -> ActionReadiness {
    if let Presence::Unknown { reason } = &before.presence {
        return ActionReadiness::Unread(reason.clone());
    }
    let met = evaluate(&planned.expects, before).kind == VerificationKind::Confirmed;
    match &before.grant {
        _ if met => ActionReadiness::Already,
        None if matches!(planned.expects, ExpectedState::Absent | ExpectedState::Replaced) => ActionReadiness::Already,
        None => ActionReadiness::Drifted("the grant is gone, and something else gives the same access".to_owned()),
        Some(now) if now.digest() == planned.precondition => ActionReadiness::Ready,
        Some(now) if acted && now.only_lost_paths(&planned.grant) => ActionReadiness::Ready,
        Some(now) => {
            ActionReadiness::Drifted(format!("the grant is {} now; planned was {}", now.digest(), planned.precondition))
        }
    }
}

/// What an error of a write means, once the target has been read again.
fn result_of(
    error: &ConnectorError,
    judgement: &VerificationResult,
    after: Option<&GrantObservation>,
    planned: &ActionSpec,
) -> OutcomeKind {
    match error {
        ConnectorError::PreconditionFailed(_) => OutcomeKind::Drifted,
        ConnectorError::Ambiguous(_) if judgement.kind == VerificationKind::Confirmed => OutcomeKind::Applied,
        ConnectorError::Ambiguous(_) => {
            let untouched =
                after.and_then(|after| after.grant.as_ref()).is_some_and(|now| now.digest() == planned.precondition);
            if untouched { OutcomeKind::Failed } else { OutcomeKind::Unknown }
        }
        _ => OutcomeKind::Failed,
    }
}

/// Looks at the grant; a read that may work later is tried again, a bounded number of times.
pub(super) fn observe_with_retry<C: Collector + ?Sized>(
    collector: &C,
    planned: &ActionSpec,
) -> Result<GrantObservation, ConnectorError> {
    let mut tries = 0;
    loop {
        match collector.observe(&planned.grant) {
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
