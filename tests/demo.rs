//! The first command of the README: the whole way, in a folder of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

#[path = "support/host.rs"]
mod host;
mod support;
#[path = "support/world.rs"]
mod world;

use std::fs;
use world::{World, ran};

#[test]
fn the_demo_goes_the_whole_way_and_leaves_what_it_made() {
    let world = World::new();
    fs::create_dir(world.repo()).unwrap();
    let told = ran(&mut world.command(&["demo", "../tried"])).exits(0);
    let told = told.says("web-1: 4 actions").says("still present  revoke group sudo from svc_backup");
    let told = told.says("recommend   = \"revoke: HUM-LVR-01\"").hides("no-rules");
    let told = told.says("survives by: /etc/sudoers.d/backup:2").says("(exit 4)").says("2026-q4 is closed");
    let told = told.says("integrity    nothing found").says("enforcement  nothing found");
    let left = world.join("tried/repo");
    let pin = told.out.lines().find_map(|line| line.split_once("TENURE_ROOT=")).unwrap().1;
    for (words, code) in LOGS {
        let mut command = world.command_in(&left, 60, words);
        let log = ran(command.env("TENURE_ROOT", pin).args(["--format", "sarif"])).exits(code).out;
        support::sarif::is_sarif(world.sandbox(), &log);
    }
    let checkpoint = world.sandbox().git(&left, &["show", "origin/evidence:checkpoint"]);
    assert!(checkpoint.lines().count() > 3, "{checkpoint}");
    let again = ran(&mut world.command(&["demo", "../tried"])).exits(1);
    again.says("not-empty");
}

/// What writes a log for code scanning, and how it ends where the demo ends.
const LOGS: [(&[&str], i32); 6] = [
    (&["audit"], 0),
    (&["campaign", "quality", "2026-q4"], 0),
    (&["check"], 0),
    (&["exception", "list"], 0),
    (&["policy", "judge"], 3),
    (&["policy", "lint"], 0),
];
