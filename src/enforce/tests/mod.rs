//! Stories of runs against a system that misbehaves on a schedule, and a journal that can be unplugged.

mod fixtures;
mod journal;
mod sim;
mod unexplained;

use crate::{
    enforce::{RunStep, journal::JournalError},
    model::record::{OutcomeKind, RecordPayload, VerificationKind},
};
use fixtures::{World, plan_of};
use sim::Fault;

#[test]
fn a_revocation_is_confirmed_by_what_the_target_says_afterwards() {
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
fn row_37_a_target_that_says_yes_and_does_nothing_is_still_present() {
    let mut world = World::with_grants(2);
    world.fault(0, Fault::SaysYesDoesNothing);
    let summary = world.enforce().unwrap();
    assert_eq!(summary.exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied, OutcomeKind::Applied]);
    assert_eq!(world.verifications(), [VerificationKind::StillPresent, VerificationKind::Confirmed]);
    assert!(!summary.done[0].judgement.as_ref().unwrap().paths.is_empty());
}

#[test]
fn row_37_a_target_that_refuses_fails_and_the_rest_is_done() {
    let mut world = World::with_grants(3);
    world.fault(1, Fault::Refuses);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied, OutcomeKind::Failed, OutcomeKind::Applied]);
    assert_eq!(world.held(), 1);
}

#[test]
fn row_37_an_answer_lost_after_the_change_leads_to_a_read_and_not_to_a_second_change() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::AnswerLostAfterDoing);
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied]);
    assert_eq!(world.writes(), 1);
}

#[test]
fn row_37_an_answer_lost_before_the_change_is_a_failure_that_the_next_run_makes_good() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::AnswerLostBeforeDoing);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Failed]);
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!((world.held(), world.writes()), (0, 2));
}

#[test]
fn row_37_a_target_that_cannot_be_read_back_is_unknown_and_never_gone() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::UnreadableAfterwards);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.verifications(), [VerificationKind::Unknown]);
}

#[test]
fn row_37_a_target_that_cannot_be_read_before_is_left_alone() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::Unreadable);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!((world.writes(), world.outcomes()), (0, vec![OutcomeKind::Failed]));
}

#[test]
fn row_37_a_change_to_another_grant_is_not_taken_for_this_one() {
    let mut world = World::with_grants(2);
    world.plan_only(&[0]);
    world.fault(0, Fault::DoesAnother);
    assert_eq!(world.enforce().unwrap().exit, 4);
    assert_eq!(world.verifications(), [VerificationKind::StillPresent]);
}

#[test]
fn row_27_a_grant_that_changed_between_plan_and_apply_is_left_alone() {
    let mut world = World::with_grants(2);
    let plan = plan_of(&world);
    world.mutate(1);
    let summary = world.run(plan).unwrap();
    assert_eq!(summary.exit, 4);
    assert_eq!(world.outcomes(), [OutcomeKind::Applied, OutcomeKind::Drifted]);
    assert_eq!(world.held(), 1);
}

#[test]
fn a_grant_that_is_gone_already_is_seen_to_be_gone_and_nothing_is_called() {
    let mut world = World::with_grants(1);
    let plan = plan_of(&world);
    world.remove(0);
    assert_eq!(world.run(plan).unwrap().exit, 0);
    assert_eq!((world.outcomes(), world.writes()), (vec![OutcomeKind::Already], 0));
}

#[test]
fn no_target_is_touched_when_the_intents_cannot_be_pushed() {
    let mut world = World::with_grants(2);
    world.journal.unplug_at(0);
    let error = world.enforce().unwrap_err();
    assert!(matches!(error.cause, JournalError::Unreachable(_)));
    assert!(error.unpublished.is_empty());
    assert_eq!((world.writes(), world.held()), (0, 2));
}

#[test]
fn what_happened_is_handed_back_when_it_cannot_be_pushed_and_the_next_run_finds_it_out() {
    let mut world = World::with_grants(2);
    world.journal.unplug_at(1);
    let error = world.enforce().unwrap_err();
    assert_eq!(error.unpublished.iter().filter(|entry| matches!(entry, RecordPayload::Outcome(_))).count(), 2);
    let summary = world.enforce().unwrap();
    assert_eq!((summary.exit, summary.recovered), (0, 2));
    assert_eq!(world.writes(), 2, "nothing is done twice");
}

#[test]
fn whatever_step_a_run_dies_at_the_next_one_ends_it_and_no_request_lacks_its_intent() {
    for step in RunStep::ALL {
        let mut world = World::with_grants(4);
        world.fault(2, Fault::SaysYesDoesNothing);
        world.die_at(step);
        world.assert_every_write_had_its_intent();
        // The first run may meet the fault, the second makes it good.
        let summary = [world.enforce().unwrap(), world.enforce().unwrap()];
        world.assert_every_write_had_its_intent();
        assert_eq!(world.held(), 0, "after dying at {}", step.name());
        let again = world.enforce().unwrap();
        assert_eq!((again.exit, again.done.len()), (0, 0), "after dying at {}: {summary:?}", step.name());
        assert_eq!(world.journal.history.dangling().count(), 0);
    }
}

#[test]
fn a_run_with_nothing_to_do_writes_nothing() {
    let mut world = World::with_grants(1);
    world.enforce().unwrap();
    let size = world.journal.entries.len();
    world.enforce().unwrap();
    assert_eq!(world.journal.entries.len(), size);
}

#[test]
fn two_hundred_and_fifty_actions_take_three_batches() {
    let mut world = World::with_grants(250);
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!(world.journal.pushes, 4);
    world.assert_every_write_had_its_intent();
}

#[test]
fn a_confirmed_removal_takes_three_calls_at_most() {
    let mut world = World::with_grants(10);
    world.enforce().unwrap();
    assert!(world.calls() <= 3 * 10, "{} calls", world.calls());
}
