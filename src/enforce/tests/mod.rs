//! Tests of runs against a simulated system with scheduled faults, and a journal whose pushes can fail.

pub(super) mod fixtures;
mod journal;
mod out_of_band;
pub(super) mod simulated_system;
mod witnesses;

use crate::{
    enforce::{RunStep, journal::JournalError},
    model::record::{OutcomeKind, RecordPayload, VerificationKind},
};
use fixtures::{World, plan_of};
use simulated_system::Fault;

#[test]
fn revocation_is_confirmed_by_reading_the_target() {
    let mut world = World::with_grants(3);
    let summary = world.enforce().unwrap();
    assert_eq!(summary.exit, 0);
    assert!(summary.done.iter().all(|done| done.is_confirmed()));
    assert_eq!(world.held(), 0);
    assert_eq!(
        world.kinds(),
        [
            "run.start",
            "intent",
            "intent",
            "intent",
            "outcome",
            "verification",
            "outcome",
            "verification",
            "outcome",
            "verification",
            "run.end"
        ]
    );
}

#[test]
fn row_37_accepted_call_without_effect_is_still_present() {
    let mut world = World::with_grants(2);
    world.fault(0, Fault::SaysYesDoesNothing);
    let summary = world.enforce().unwrap();
    assert_eq!(summary.exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied, OutcomeKind::Applied]);
    assert_eq!(world.verifications(), [VerificationKind::StillPresent, VerificationKind::Confirmed]);
    assert!(!summary.done[0].judgement.as_ref().unwrap().paths.is_empty());
}

#[test]
fn row_37_refused_call_fails_and_other_actions_continue() {
    let mut world = World::with_grants(3);
    world.fault(1, Fault::Refuses);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied, OutcomeKind::Failed, OutcomeKind::Applied]);
    assert_eq!(world.held(), 1);
}

#[test]
fn row_37_reply_lost_after_the_change_is_read_back_not_repeated() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::AnswerLostAfterDoing);
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied]);
    assert_eq!(world.writes(), 1);
}

#[test]
fn row_37_reply_lost_before_the_change_is_retried_by_the_next_run() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::AnswerLostBeforeDoing);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Failed]);
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!((world.held(), world.writes()), (0, 2));
}

#[test]
fn row_37_unreadable_target_is_unknown_not_absent() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::UnreadableAfterwards);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.verifications(), [VerificationKind::Unknown]);
}

#[test]
fn row_37_target_unreadable_before_the_change_is_not_changed() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::Unreadable);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!((world.writes(), world.outcomes()), (0, vec![OutcomeKind::Failed]));
}

#[test]
fn row_37_change_of_another_grant_is_not_confirmed() {
    let mut world = World::with_grants(2);
    world.plan_only(&[0]);
    world.fault(0, Fault::DoesAnother);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.verifications(), [VerificationKind::StillPresent]);
}

#[test]
fn row_27_grant_changed_after_planning_is_not_changed() {
    let mut world = World::with_grants(2);
    let plan = plan_of(&world);
    world.mutate(1);
    let summary = world.run(plan).unwrap();
    assert_eq!(summary.exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied, OutcomeKind::Drifted]);
    assert_eq!(world.held(), 1);
}

#[test]
fn absent_grant_is_confirmed_without_a_call() {
    let mut world = World::with_grants(1);
    let plan = plan_of(&world);
    world.remove(0);
    assert_eq!(world.run(plan).unwrap().exit, 0);
    assert_eq!((world.outcomes(), world.writes()), (vec![OutcomeKind::Already], 0));
}

#[test]
fn no_target_is_changed_when_intents_cannot_be_pushed() {
    let mut world = World::with_grants(2);
    world.journal.unplug_at(0);
    let error = world.enforce().unwrap_err();
    assert!(matches!(error.cause, JournalError::Unreachable(_)));
    assert!(error.unpublished.is_empty());
    assert_eq!((world.writes(), world.held()), (0, 2));
}

#[test]
fn unpublished_outcomes_are_returned_and_recovered_by_next_run() {
    let mut world = World::with_grants(2);
    world.journal.unplug_at(1);
    let error = world.enforce().unwrap_err();
    assert_eq!(error.unpublished.iter().filter(|entry| matches!(entry, RecordPayload::Outcome(_))).count(), 2);
    let summary = world.enforce().unwrap();
    assert_eq!((summary.exit, summary.recovered), (0, 2));
    assert_eq!(world.writes(), 2, "no change is repeated");
}

#[test]
fn run_killed_at_any_step_is_completed_by_the_next() {
    for step in RunStep::ALL {
        let mut world = World::with_grants(4);
        world.fault(2, Fault::SaysYesDoesNothing);
        world.die_at(step);
        world.assert_every_write_had_its_intent();
        // The first run may meet the fault; the second one completes the work.
        let summary = [world.enforce().unwrap(), world.enforce().unwrap()];
        world.assert_every_write_had_its_intent();
        assert_eq!(world.held(), 0, "killed at {}", step.name());
        let again = world.enforce().unwrap();
        assert_eq!((again.exit, again.done.len()), (0, 0), "killed at {}: {summary:?}", step.name());
        assert_eq!(world.journal.history.dangling().count(), 0);
    }
}

#[test]
fn run_without_work_writes_no_record() {
    let mut world = World::with_grants(1);
    world.enforce().unwrap();
    let size = world.journal.entries.len();
    world.enforce().unwrap();
    assert_eq!(world.journal.entries.len(), size);
}

#[test]
fn actions_are_split_into_batches() {
    let mut world = World::with_grants(250);
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!(world.journal.pushes, 4);
    world.assert_every_write_had_its_intent();
}

#[test]
fn confirmed_removal_needs_at_most_three_calls() {
    let mut world = World::with_grants(10);
    world.enforce().unwrap();
    assert!(world.calls() <= 3 * 10, "{} calls", world.calls());
}
