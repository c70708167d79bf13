//! Tests of verification: reappeared access, changes without a decision, and forged outcomes.

use super::{
    fixtures::World,
    simulated_system::{self, Fault},
};
use crate::{
    enforce::{ChangeKind, VerifyReport},
    model::{
        Inventory, VerificationLevel,
        record::{OutcomeKind, RecordPayload, VerificationKind},
    },
};

/// Returns the unexplained changes of the only system: the kind of change and the grant.
fn found(looked: &VerifyReport) -> Vec<(ChangeKind, String)> {
    let found = looked.systems[0].found.as_ref().unwrap();
    found.iter().map(|one| (one.how, one.grant.key.to_string())).collect()
}

fn recorded(world: &World) -> Vec<(String, String)> {
    let of = |entry: &RecordPayload| match entry {
        RecordPayload::Finding(finding) => Some((finding.code.clone(), finding.subject.clone())),
        _ => None,
    };
    world.journal.entries.iter().filter_map(of).collect()
}

fn exit(world: &World) -> u8 {
    match world.journal.entries.last() {
        Some(RecordPayload::RunEnd(end)) => end.exit,
        other => panic!("a run ends with its end, not with {other:?}"),
    }
}

/// Returns three grants of which the first was revoked and removed, and the inventory from before.
fn one_revoked_of_three() -> (World, Inventory) {
    let mut world = World::with_grants(3);
    world.plan_only(&[0]);
    let committed = world.inventory(0);
    assert_eq!(world.enforce().unwrap().exit, 0);
    (world, committed)
}

fn add(world: &World, number: usize) {
    let grant = simulated_system::grant(number);
    world.sim.0.lock().unwrap().grants.insert(grant.key.clone(), grant);
}

#[test]
fn enforced_change_is_not_out_of_band() {
    let (mut world, committed) = one_revoked_of_three();
    let looked = world.verify(Some(&committed));
    assert!(looked.is_clean());
    assert_eq!((found(&looked), exit(&world)), (vec![], 0));
    assert_eq!(recorded(&world), [("out-of-band-listed".to_owned(), "sim".to_owned())]);
    assert_eq!(world.journal.history.out_of_band().count(), 0);
}

#[test]
fn out_of_band_change_is_recorded_and_fails_the_run() {
    let (mut world, committed) = one_revoked_of_three();
    add(&world, 7);
    world.mutate(1);
    let looked = world.verify(Some(&committed));
    let expected = [(ChangeKind::Added, "member:7".to_owned()), (ChangeKind::Changed, "member:1".to_owned())];
    assert_eq!((found(&looked), exit(&world)), (expected.to_vec(), 4));
    assert_eq!(
        recorded(&world)[1..],
        [
            ("out-of-band-added".to_owned(), "sim member:7".to_owned()),
            ("out-of-band-changed".to_owned(), "sim member:1".to_owned())
        ]
    );
    assert_eq!(world.journal.history.out_of_band().count(), 2);
}

#[test]
fn removal_without_an_action_is_found() {
    let mut world = World::with_grants(2);
    let committed = world.inventory(0);
    world.remove(1);
    let looked = world.verify(Some(&committed));
    assert_eq!(found(&looked), [(ChangeKind::Removed, "member:1".to_owned())]);
}

#[test]
fn reappeared_access_is_reported_once() {
    let (mut world, _) = one_revoked_of_three();
    let committed = world.inventory(5);
    add(&world, 0);
    let looked = world.verify(Some(&committed));
    assert!(looked.actions[0].came_back);
    assert_eq!((found(&looked), exit(&world)), (vec![], 4));
}

#[test]
fn action_before_the_inventory_does_not_explain_a_change() {
    let (mut world, _) = one_revoked_of_three();
    let committed = world.inventory(5);
    world.remove(1);
    assert_eq!(found(&world.verify(Some(&committed))), [(ChangeKind::Removed, "member:1".to_owned())]);
}

#[test]
fn listing_replaces_the_previous_one_unless_it_failed() {
    let (mut world, committed) = one_revoked_of_three();
    add(&world, 7);
    world.verify(Some(&committed));
    world.sim.0.lock().unwrap().unlisted = true;
    let looked = world.verify(Some(&committed));
    assert!(looked.systems[0].found.is_err());
    assert_eq!(looked.actions[0].judgement.kind, VerificationKind::Confirmed, "the other targets were read");
    assert_eq!((exit(&world), world.journal.history.out_of_band().count()), (4, 1));
    world.sim.0.lock().unwrap().unlisted = false;
    world.remove(7);
    world.verify(Some(&committed));
    assert_eq!((exit(&world), world.journal.history.out_of_band().count()), (0, 0));
}

#[test]
fn all_changes_are_counted_and_a_hundred_recorded() {
    let (mut world, committed) = one_revoked_of_three();
    (1000..2000).for_each(|number| add(&world, number));
    assert_eq!(found(&world.verify(Some(&committed))).len(), 1000);
    assert_eq!(recorded(&world).len(), 101);
    let said =
        |entry: &RecordPayload| matches!(entry, RecordPayload::Finding(one) if one.text.starts_with("1000 added"));
    assert!(world.journal.entries.iter().any(said));
}

#[test]
fn verification_without_listing_lists_no_grants() {
    let (mut world, _) = one_revoked_of_three();
    world.sim.0.lock().unwrap().unlisted = true;
    let looked = world.verify(None);
    assert!(looked.is_clean() && looked.systems.is_empty());
}

#[test]
fn row_17_forged_outcome_is_detected_with_a_separate_credential() {
    for claimed in [OutcomeKind::Applied, OutcomeKind::Already, OutcomeKind::Manual] {
        let mut world = World::with_grants(1);
        let before = world.inventory(0);
        // The attacker can write everything that the engine writes. Only the target is out of reach.
        world.fault(0, Fault::SaysYesDoesNothing);
        world.enforce().unwrap();
        world.journal.claim(claimed);
        assert!(
            world.journal.history.actions().all(|(_, action)| action.is_confirmed()),
            "the forged outcome is recorded"
        );
        let looked = world.verify(Some(&before));
        let look = &looked.actions[0];
        assert_eq!((look.judgement.kind, look.level), (VerificationKind::StillPresent, VerificationLevel::V4));
        assert!(look.came_back && !look.judgement.paths.is_empty());
        assert_eq!(exit(&world), 4);
        let (_, action) = world.journal.history.actions().next().unwrap();
        assert!(action.regressed && !action.is_confirmed());
    }
}

#[test]
fn row_17_forged_outcome_is_detected_without_a_listing() {
    let mut world = World::with_grants(1);
    world.fault(0, Fault::SaysYesDoesNothing);
    world.enforce().unwrap();
    world.journal.claim(OutcomeKind::Applied);
    assert!(!world.verify(None).is_clean());
}
