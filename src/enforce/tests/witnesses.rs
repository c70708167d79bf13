//! Tests of the requests that a target is asked before and after a change, and of open sessions.

use super::fixtures::World;
use crate::model::{
    Timestamp, VerificationLevel,
    record::{AnswerKind, VerificationKind, VerificationRecorded},
};

fn last_verification(world: &World) -> VerificationRecorded {
    let (_, action) = world.journal.history.actions().next().unwrap();
    action.verification.clone().unwrap()
}

#[test]
fn permitted_requests_are_in_the_intent_and_asked_again() {
    let mut world = World::with_grants(1);
    world.sim.0.lock().unwrap().has_oracle = true;
    assert_eq!(world.enforce().unwrap().exit, 0);
    let (_, action) = world.journal.history.actions().next().unwrap();
    assert_eq!(action.witnesses.len(), 1);
    let seen = last_verification(&world);
    assert_eq!((seen.result, seen.answers[0].answer), (VerificationKind::Confirmed, AnswerKind::Denied));
    let looked = world.verify(None);
    assert_eq!(looked.actions[0].level, VerificationLevel::V4, "asked again by another credential");
    assert_eq!(world.sim.0.lock().unwrap().asked.len(), 3, "before, after, and when verified");
}

#[test]
fn row_53_request_that_no_known_path_permits_is_still_present() {
    let mut world = World::with_grants(1);
    {
        let mut inside = world.sim.0.lock().unwrap();
        inside.has_oracle = true;
        inside.hidden_paths = inside.grants.keys().cloned().collect();
    }
    assert_eq!(world.enforce().unwrap().exit, 4);
    let seen = last_verification(&world);
    assert_eq!((seen.result, seen.answers[0].answer), (VerificationKind::StillPresent, AnswerKind::Allowed));
    assert_eq!(world.journal.history.disagreements().count(), 1);
    world.sim.0.lock().unwrap().hidden_paths.clear();
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!(world.journal.history.disagreements().count(), 0, "the last read agrees");
}

#[test]
fn request_of_an_earlier_intent_is_asked_by_the_next_run() {
    let mut world = World::with_grants(1);
    {
        let mut inside = world.sim.0.lock().unwrap();
        inside.has_oracle = true;
        inside.hidden_paths = inside.grants.keys().cloned().collect();
    }
    world.die_at(crate::enforce::RunStep::AfterApply);
    let summary = world.enforce().unwrap();
    assert_eq!((summary.exit, summary.recovered), (4, 1));
    assert_eq!(
        last_verification(&world).result,
        VerificationKind::StillPresent,
        "the recovered intent names the request"
    );
}

#[test]
fn row_55_open_session_is_lingering_until_it_ends() {
    let mut world = World::with_grants(1);
    {
        let mut inside = world.sim.0.lock().unwrap();
        inside.open_sessions = inside.grants.keys().cloned().collect();
    }
    assert_eq!(world.enforce().unwrap().exit, 0, "the limit of the tier has not passed");
    assert_eq!(last_verification(&world).result, VerificationKind::Lingering);
    let now = Timestamp::from_unix(10);
    let late = world.verify(None).actions.remove(0);
    assert!(late.is_clean() && !late.planned.grant.tier.is_removal_overdue(now, now));
    assert!(late.planned.grant.tier.is_removal_overdue(now, now.plus_days(15)), "T2 has a limit of 14 days");
    world.sim.0.lock().unwrap().open_sessions.clear();
    assert_eq!(world.enforce().unwrap().exit, 0);
    assert_eq!(last_verification(&world).result, VerificationKind::Confirmed);
}
