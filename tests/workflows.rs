//! Threat 35: our own workflows hold nothing that an attacker of the build could use.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

mod support;

use std::fs;
use std::path::Path;
use support::sandbox::Sandbox;
use support::servers::systems;

#[test]
fn threat_35_our_workflows_stand_up_to_a_linter() {
    let (clean, report) = lint(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows"));
    assert!(clean, "{report}");
}

#[test]
fn threat_35_the_linter_sees_what_it_is_there_for() {
    let sandbox = Sandbox::new();
    let file = sandbox.join("ci.yml");
    fs::write(&file, CARELESS).unwrap();
    let (clean, report) = lint(&file);
    assert!(!clean);
    for finding in ["dangerous-triggers", "unpinned-uses", "template-injection", "excessive-permissions", "artipacked"]
    {
        assert!(report.contains(finding), "{finding} is not found:\n{report}");
    }
}

/// Returns whether zizmor finds nothing, and what it says.
fn lint(inputs: &Path) -> (bool, String) {
    let sandbox = Sandbox::new();
    let mut zizmor = sandbox.command(systems().join("lint/bin/zizmor"), sandbox.path());
    let output = zizmor.args(["--offline", "--persona=pedantic", "--no-progress"]).arg(inputs).output().unwrap();
    let report = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&report).into_owned())
}

const CARELESS: &str = r#"
name: careless
on: pull_request_target
permissions: write-all
jobs:
  run:
    name: run
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
      - run: echo "${{ github.event.pull_request.title }}"
"#;
