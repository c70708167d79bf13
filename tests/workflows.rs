//! Threats 24 and 35: our own workflows hold nothing that an attacker of the build could use.
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

#[test]
fn row_24_the_code_of_a_fork_meets_no_secret_and_no_right_to_write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(reachable_by_a_fork(&fs::read_to_string(&path).unwrap()), Vec::<String>::new(), "{path:?}");
        seen += 1;
    }
    assert!(seen > 0, "no workflow was looked at");
}

/// The canary: each way by which a fork gets at a secret is seen.
#[test]
fn row_24_each_way_to_a_secret_is_seen() {
    let harmless = "on:\n  pull_request:\npermissions: {}\njobs:\n  run:\n    steps:\n      - run: .ci/run\n";
    assert!(reachable_by_a_fork(harmless).is_empty());
    for (from, to, why) in [
        ("pull_request:", "pull_request_target:", "pull_request_target"),
        ("pull_request:", "pull_request:\n  workflow_run:", "workflow_run"),
        ("pull_request:", "pull_request:\n  issue_comment:", "issue_comment"),
        ("permissions: {}\n", "", "permissions"),
        ("permissions: {}", "permissions: write-all", "write-all"),
        ("permissions: {}", "permissions:\n  contents: write", "contents: write"),
        ("permissions: {}", "permissions:\n  id-token: write", "id-token: write"),
        ("- run: .ci/run", "- run: .ci/run\n        env:\n          KEY: ${{ secrets.CANARY }}", "secrets.CANARY"),
        (
            "- run: .ci/run",
            "- run: .ci/run\n        env:\n          KEY: ${{ secrets['CANARY'] }}",
            "secrets['CANARY']",
        ),
        ("    steps:", "    secrets: inherit\n    steps:", "secrets: inherit"),
        ("    steps:", "    environment: production\n    steps:", "environment"),
        ("    steps:", "    runs-on: self-hosted\n    steps:", "self-hosted"),
    ] {
        let careless = harmless.replace(from, to);
        assert_ne!(careless, harmless);
        let found = reachable_by_a_fork(&careless);
        assert!(found.iter().any(|line| line.contains(why)), "{why} is not seen: {found:?}");
    }
}

/// Returns what gives the code of a pull request more than a token that reads, in a workflow that a pull request can
/// start. Comments count for nothing.
fn reachable_by_a_fork(workflow: &str) -> Vec<String> {
    let code = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    let lines: Vec<_> = workflow.lines().filter(|line| !line.trim_start().starts_with('#')).map(code).collect();
    let mut found = Vec::new();
    if !workflow.lines().any(|line| line.starts_with("permissions:")) {
        found.push("no permissions: the token may write by default".to_owned());
    }
    let started_by_others = ["pull_request_target", "workflow_run", "issue_comment"];
    let mut wrong: Vec<_> = started_by_others.to_vec();
    if lines.iter().any(|line| line.contains("pull_request")) {
        wrong.extend(["secrets.", "secrets[", "secrets:", "toJSON(secrets", "environment:", "self-hosted"]);
        wrong.extend([": write", "write-all"]);
    }
    found.extend(lines.into_iter().filter(|line| wrong.iter().any(|wrong| line.contains(wrong))));
    found
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
