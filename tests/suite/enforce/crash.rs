//! Kills `tenure enforce` at every step, on a real repository and a real host tree.
//!
//! After each crash, every change on the host has its intent on the remote, the next run completes the work, no action
//! is applied twice, and the audit reports no findings.

use crate::support::fixtures::{CAMPAIGN, TestRepository};
use crate::support::host;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use tenure::enforce::RunStep;

static DECIDED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world
});

/// The file that shows an action, and the name in its intent.
const SHOWN: [(&str, &str); 4] = [
    ("etc/group", "membership:"),
    ("etc/shadow", "account:"),
    ("srv/deploy/.ssh/authorized_keys", "key:"),
    ("etc/sudoers.d/deploy", "sudo:"),
];

#[test]
fn a_run_that_is_not_disturbed_does_everything_once() {
    let world = DECIDED.copied();
    world.enforce(&[]).exits(0);
    all_is_done_once(&world, "undisturbed");
    let before = world.records();
    world.enforce_later(60, &[]).exits(0);
    assert_eq!(world.records(), before, "a run with nothing to do writes nothing");
}

#[test]
fn killed_before_the_intents_are_out_nothing_is_touched() {
    for step in [RunStep::Recovered, RunStep::BeforeIntents] {
        let world = DECIDED.copied();
        killed_at(&world, step, 1);
        assert_eq!(changed(&world), [""; 0], "{}", step.name());
        assert!(world.records_of("intent").is_empty());
        world.enforce(&[]).exits(0);
        all_is_done_once(&world, step.name());
    }
}

#[test]
fn killed_after_the_intents_the_next_run_finds_out() {
    for step in [RunStep::AfterIntents, RunStep::BeforeOutcomes] {
        let world = DECIDED.copied();
        killed_at(&world, step, 1);
        goes_on_after_the_lease(&world, step.name());
    }
}

#[test]
fn killed_at_each_step_of_each_action_nothing_is_done_twice() {
    for step in [RunStep::BeforeApply, RunStep::AfterApply, RunStep::AfterLook] {
        for action in 1..=4 {
            let world = DECIDED.copied();
            killed_at(&world, step, action);
            let done = action - u64::from(step == RunStep::BeforeApply);
            assert_eq!(changed(&world).len() as u64, done, "{} {action}", step.name());
            goes_on_after_the_lease(&world, &format!("{}:{action}", step.name()));
        }
    }
}

#[test]
fn killed_when_all_is_written_down_there_is_nothing_left_to_do() {
    for step in [RunStep::AfterOutcomes, RunStep::Ended] {
        let world = DECIDED.copied();
        killed_at(&world, step, 1);
        let (before, files) = (world.records(), host::files(&world.join("web-1")));
        world.enforce_later(1, &[]).exits(0);
        assert_eq!(world.records(), before, "{}", step.name());
        assert_eq!(host::files(&world.join("web-1")), files);
        all_is_done_once(&world, step.name());
    }
}

#[test]
fn killed_again_and_again_it_still_ends() {
    let world = DECIDED.copied();
    let steps =
        [RunStep::AfterApply, RunStep::Recovered, RunStep::BeforeIntents, RunStep::AfterApply, RunStep::BeforeOutcomes];
    for (times, step) in steps.into_iter().enumerate() {
        killed_later(&world, times as i64 * 60, step, 1);
    }
    world.enforce_later(600, &[]).exits(0);
    all_is_done(&world, "again and again");
}

/// During the lease of the killed run, its system is busy; afterwards, the next run reads the target and completes the
/// work.
fn goes_on_after_the_lease(world: &TestRepository, story: &str) {
    let dead = changed(world);
    let files = host::files(&world.join("web-1"));
    world.enforce_later(1, &[]).exits(75).says("busy");
    assert_eq!(host::files(&world.join("web-1")), files, "{story}: a busy system is left alone");
    world.enforce_later(60, &[]).exits(0);
    for (path, text, place) in host::files(&world.join("web-1")) {
        if dead.contains(&path) {
            let (_, then, there) = files.iter().find(|(known, _, _)| *known == path).unwrap();
            assert_eq!((&text, place), (then, *there), "{story}: {path} was done, and is not written again");
        }
    }
    let recovered = world.records_of("recover");
    assert_eq!(recovered.len(), 4, "{story}: every dangling intent is looked into");
    let found_done = recovered.iter().filter(|record| record["seen"] == "confirmed").count();
    assert_eq!(found_done, dead.len(), "{story}");
    all_is_done(world, story);
    let already = world.records_of("outcome").iter().filter(|outcome| outcome["result"] == "already").count();
    assert_eq!(already, dead.len(), "{story}: what was found done is left alone");
}

fn killed_at(world: &TestRepository, step: RunStep, times: u64) {
    killed_later(world, 0, step, times);
}

fn killed_later(world: &TestRepository, minutes: i64, step: RunStep, times: u64) {
    let at = format!("{}:{times}", step.name());
    let ran = world.enforce_later(minutes, &["--crash-at", &at]);
    assert_eq!(ran.signal, Some(9), "at {at}: {:?}\n{}{}", ran.code, ran.out, ran.err);
    each_change_was_intended(world, &at);
}

/// Asserts the invariant of the evidence (docs/design.md) from outside: compares the host tree with the remote branch.
fn each_change_was_intended(world: &TestRepository, story: &str) {
    let intents = world.records_of("intent");
    for path in changed(world) {
        let (_, key) = SHOWN.iter().find(|(shown, _)| *shown == path).unwrap();
        let intended = intents.iter().any(|intent| intent["grant"].as_str().unwrap().starts_with(key));
        assert!(intended, "{story}: {path} has changed and no intent on the remote says so");
    }
}

/// Returns the files of [`SHOWN`] that have changed.
fn changed(world: &TestRepository) -> Vec<&'static str> {
    let text = |folder: &Path| -> BTreeMap<_, _> {
        host::files(folder).into_iter().map(|(path, text, _)| (path, text)).collect()
    };
    let (then, now) = (text(&DECIDED.join("web-1")), text(&world.join("web-1")));
    SHOWN.iter().map(|(path, _)| *path).filter(|path| then[path] != now[path]).collect()
}

fn all_is_done_once(world: &TestRepository, story: &str) {
    all_is_done(world, story);
    assert_eq!(world.records_of("intent").len(), 4, "{story}");
    assert_eq!(world.records_of("outcome").len(), 4, "{story}");
}

/// Asserts that the host is as decided, every action was applied once and confirmed, and the audit has no findings.
fn all_is_done(world: &TestRepository, story: &str) {
    host::is_as_decided(&world.join("web-1"));
    let mut applied = BTreeMap::new();
    for outcome in world.records_of("outcome").iter().filter(|outcome| outcome["result"] == "applied") {
        *applied.entry(outcome["action"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(applied.values().copied().collect::<Vec<_>>(), [1, 1, 1, 1], "{story}: {applied:#?}");
    world.verify_later(900).exits(0);
    world.audit_is_clean(900);
    world.tenure(&["campaign", "status", CAMPAIGN]).exits(0);
}
