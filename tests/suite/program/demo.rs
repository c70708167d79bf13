//! The first command of the README: the complete demo in a new folder.

use crate::support::fixtures::{TestRepository, ran};
use std::fs;

#[test]
fn the_demo_goes_the_whole_way_and_leaves_what_it_made() {
    let world = TestRepository::new();
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
        crate::support::sarif::is_sarif(world.sandbox(), &log);
    }
    let checkpoint = world.sandbox().git(&left, &["show", "origin/evidence:checkpoint"]);
    assert!(checkpoint.lines().count() > 3, "{checkpoint}");
    let again = ran(&mut world.command(&["demo", "../tried"])).exits(1);
    again.says("folder-not-empty");
}

#[test]
fn demo_without_a_folder_makes_a_new_one() {
    let world = TestRepository::new();
    let (here, temporary) = (world.join("clone"), world.join("temporary"));
    fs::create_dir_all(temporary.join("tenure-demo")).unwrap();
    world.write("clone/Cargo.toml", "");
    let mut command = world.sandbox().tenure(&here);
    ran(command.env("TMPDIR", &temporary).arg("demo")).exits(0).says("temporary/tenure-demo-2. To inspect it");
    assert!(temporary.join("tenure-demo-2/repo/governance.toml").exists());
    assert_eq!(fs::read_dir(&here).unwrap().count(), 1, "the current folder is left alone");
}

#[test]
fn demo_with_a_relative_folder_builds_in_it() {
    let world = TestRepository::new();
    let here = world.join("clone");
    world.write("clone/Cargo.toml", "");
    ran(world.sandbox().tenure(&here).args(["demo", "try"])).exits(0).says("clone/try. To inspect it");
    assert!(here.join("try/repo/governance.toml").exists());
    assert!(!here.join("try/try").exists());
    ran(world.sandbox().tenure(&here).args(["-C", "..", "demo", "clone"])).exits(1).says("clone is not empty");
}

/// Commands that write a log for code scanning, and their exit codes at the end of the demo.
const LOGS: [(&[&str], i32); 6] = [
    (&["audit"], 0),
    (&["campaign", "quality", "2026-q4"], 0),
    (&["check"], 0),
    (&["exception", "list"], 0),
    (&["policy", "evaluate"], 3),
    (&["policy", "lint"], 0),
];
