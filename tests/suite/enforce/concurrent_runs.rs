//! Concurrent enforcement runs on one repository: separate clones and processes, with schedules drawn from a seed.

use crate::support::fixtures::{Ran, TestRepository, answer};
use crate::support::host;
use crate::support::sandbox::hook;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;
use std::thread::{scope, sleep};
use std::time::Duration;
use tenure::enforce::RunStep;

static ONE_HOST: LazyLock<TestRepository> = LazyLock::new(|| decided(&["web-1"]));
static TWO_HOSTS: LazyLock<TestRepository> = LazyLock::new(|| decided(&["web-1", "web-2"]));

fn decided(systems: &[&str]) -> TestRepository {
    let world = TestRepository::founded();
    host::decide(&world, systems);
    world
}

#[test]
fn two_enforcers_never_act_twice_on_one_action() {
    let mut codes = BTreeSet::new();
    for seed in 1..=4 {
        let mut chance = Chance(seed);
        let world = ONE_HOST.copied();
        // A slow remote, so that the two runs overlap on any machine.
        hook(&world.join("remote.git"), "pre-receive", "sleep 0.3");
        let clones = ["a", "b"].map(|name| world.clone(name));
        let runs = clones.iter().map(|clone| (chance.below(250), world.enforce_in(clone, 0, &[])));
        let answers = side_by_side(runs.collect());
        let ended: Vec<_> = answers.iter().map(|ran| ran.code.unwrap_or(-1)).collect();
        assert!(ended.contains(&0), "seed {seed}: nobody did it: {}{}", answers[0].err, answers[1].err);
        let fine = answers.iter().all(|ran| ran.code == Some(0) || ran.code == Some(75));
        assert!(fine, "seed {seed}: {ended:?}\n{}{}", answers[0].err, answers[1].err);
        codes.extend(ended);
        host::is_as_decided(&world.join("web-1"));
        each_is_done_once(&world, 4, &format!("seed {seed}"));
        assert_eq!(world.records_of("intent").len(), 4, "seed {seed}: the loser intended nothing");
    }
    assert!(codes.contains(&75), "no schedule let two runs meet: the test shows nothing");
}

#[test]
fn one_that_dies_beside_another_loses_nothing() {
    for seed in 11..=14 {
        let mut chance = Chance(seed);
        let world = ONE_HOST.copied();
        let clones = ["a", "b"].map(|name| world.clone(name));
        let step = RunStep::ALL[chance.below(RunStep::ALL.len() as u64) as usize];
        let at = format!("{}:{}", step.name(), 1 + chance.below(3));
        let runs = vec![
            (chance.below(150), world.enforce_in(&clones[0], 0, &["--crash-at", &at])),
            (chance.below(150), world.enforce_in(&clones[1], 0, &[])),
        ];
        let answers = side_by_side(runs);
        let fine = matches!(answers[1].code, Some(0 | 75));
        assert!(fine, "seed {seed}, {at}: {:?}\n{}", answers[1].code, answers[1].err);
        world.enforce_later(60, &[]).exits(0);
        host::is_as_decided(&world.join("web-1"));
        each_is_done_once(&world, 4, &format!("seed {seed}, {at}"));
    }
}

#[test]
fn enforcers_of_different_systems_share_one_log() {
    for seed in 21..=22 {
        let mut chance = Chance(seed);
        let world = TWO_HOSTS.copied();
        let systems = ["web-1", "web-2"];
        let runs = systems.map(|system| {
            let clone = world.clone(&format!("clone-{system}"));
            (chance.below(60), world.enforce_in(&clone, 0, &[system]))
        });
        for ran in side_by_side(runs.into()) {
            ran.exits(0).says("4 of 4 actions confirmed");
        }
        systems.iter().for_each(|system| host::is_as_decided(&world.join(system)));
        each_is_done_once(&world, 8, &format!("seed {seed}"));
        let runs: BTreeSet<_> = world.records_of("run.start").iter().map(|start| start["run"].to_string()).collect();
        assert!(runs.len() >= 2, "seed {seed}");
    }
}

/// Asserts that every action was applied exactly once, and that the audit has no findings.
fn each_is_done_once(world: &TestRepository, actions: usize, story: &str) {
    let mut applied = BTreeMap::new();
    for outcome in world.records_of("outcome").iter().filter(|outcome| outcome["result"] == "applied") {
        *applied.entry(outcome["action"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(applied.into_values().collect::<Vec<_>>(), vec![1; actions], "{story}");
    world.verify_later(900).exits(0);
    world.audit_is_clean(900);
}

/// Starts each command after its delay in milliseconds, and returns the results in the same order.
fn side_by_side(runs: Vec<(u64, Command)>) -> Vec<Ran> {
    scope(|scope| {
        let started: Vec<_> = runs
            .into_iter()
            .map(|(wait, mut command)| {
                scope.spawn(move || {
                    sleep(Duration::from_millis(wait));
                    answer(command.output().unwrap())
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A generator of random numbers from a seed (xorshift64, Marsaglia 2003), so that a schedule can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
