//! Complete runs over each kind of remote, and against remotes that reject evidence.

use crate::support::fixtures::TestRepository;
use crate::support::git_http::{GitHttp, User};
use crate::support::git_ssh::GitSsh;
use crate::support::host;
use crate::support::sandbox::hook;
use std::fs;
use std::sync::LazyLock;

static FOUNDED: LazyLock<TestRepository> = LazyLock::new(TestRepository::founded);

/// A world with decisions, and a folder as remote.
static DECIDED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = FOUNDED.copied();
    host::decide(&world, &["web-1"]);
    world
});

#[test]
fn the_whole_run_over_a_folder() {
    for url in ["../remote.git".to_owned(), "file://".to_owned()] {
        let world = DECIDED.copied();
        let url = if url == "file://" { format!("file://{}", world.join("remote.git").display()) } else { url };
        world.reach_remote_at(&url);
        ends_well(&world);
    }
}

#[test]
fn run_over_http_with_credential_helper() {
    let mut world = FOUNDED.copied();
    let server = GitHttp::serve(world.sandbox(), world.path());
    for (name, value) in server.login(world.sandbox(), User::Writer) {
        world.variable(name, value);
    }
    world.reach_remote_at(&server.url("remote.git"));
    host::decide(&world, &["web-1"]);
    ends_well(&world);
    let secret = server.password(User::Writer);
    assert!(!world.records().iter().any(|record| record.to_string().contains(secret)));
}

#[test]
fn who_may_only_read_over_http_changes_nothing() {
    let mut world = DECIDED.copied();
    let server = GitHttp::serve(world.sandbox(), world.path());
    for (name, value) in server.login(world.sandbox(), User::Reader) {
        world.variable(name, value);
    }
    world.reach_remote_at(&server.url("remote.git"));
    world.enforce(&[]).exits(1).says("error[").says("help:").hides(server.password(User::Reader));
    host::is_untouched(&world.join("web-1"));
    assert!(world.records().is_empty());
}

#[test]
fn a_password_in_the_address_is_refused_before_anything_is_sent() {
    let world = DECIDED.copied();
    let server = GitHttp::serve(world.sandbox(), world.path());
    world.reach_remote_at(&server.url_as(User::Writer, "remote.git"));
    let said = "the URL of the remote contains credentials; use a credential helper instead";
    world.enforce(&[]).exits(1).says(said).hides(server.password(User::Writer));
    host::is_untouched(&world.join("web-1"));
    assert!(!server.output().contains("remote.git"), "{}", server.output());
}

#[test]
fn the_whole_run_over_ssh() {
    let mut world = FOUNDED.copied();
    let server = GitSsh::serve(world.sandbox());
    world.variable("GIT_SSH_COMMAND", server.command());
    world.reach_remote_at(&server.url(&world.join("remote.git")));
    host::decide(&world, &["web-1"]);
    ends_well(&world);
}

#[test]
fn a_key_that_ssh_no_longer_knows_changes_nothing() {
    let mut world = DECIDED.copied();
    let server = GitSsh::serve(world.sandbox());
    world.variable("GIT_SSH_COMMAND", server.command());
    world.reach_remote_at(&server.url(&world.join("remote.git")));
    server.forget_all_keys();
    world.enforce(&[]).exits(1).says("error[remote-unreachable]").says("help:");
    host::is_untouched(&world.join("web-1"));
}

#[test]
fn a_remote_that_declines_evidence_keeps_the_target_as_it_is() {
    let world = DECIDED.copied();
    hook(&world.join("remote.git"), "pre-receive", DECLINE_EVIDENCE);
    world.enforce(&[]).exits(1).says("error[push-declined]").says("evidence is frozen this week");
    host::is_untouched(&world.join("web-1"));
    assert!(world.records().is_empty());
    fs::remove_file(world.join("remote.git/hooks/pre-receive")).unwrap();
    ends_well(&world);
}

#[test]
fn a_remote_that_declines_what_happened_is_told_by_the_next_run() {
    let world = DECIDED.copied();
    hook(&world.join("remote.git"), "pre-receive", DECLINE_OUTCOMES);
    world.enforce(&[]).exits(1).says("error[push-declined]").says("warning[evidence-unpublished]");
    host::is_as_decided(&world.join("web-1"));
    let intended = world.records_of("intent").len();
    assert_eq!((intended, world.records_of("outcome").len()), (4, 0), "the intents were there before the changes");
    world.audit(0).exits(3);

    fs::remove_file(world.join("remote.git/hooks/pre-receive")).unwrap();
    let before = host::files(&world.join("web-1"));
    world.enforce_later(60, &[]).exits(0);
    assert_eq!(host::files(&world.join("web-1")), before, "what was done is not redone");
    assert!(world.records_of("recover").iter().all(|found| found["seen"] == "confirmed"));
    world.verify_later(120).exits(0);
    world.audit_is_clean(120);
}

#[test]
fn a_remote_that_is_not_there_changes_nothing() {
    let world = DECIDED.copied();
    fs::rename(world.join("remote.git"), world.join("elsewhere.git")).unwrap();
    world.enforce(&[]).exits(1).says("error[remote-unreachable]");
    host::is_untouched(&world.join("web-1"));
}

fn ends_well(world: &TestRepository) {
    world.tenure(&["plan"]).exits(0).says("svc_export");
    host::is_untouched(&world.join("web-1"));
    world.enforce(&[]).exits(0).says("4 of 4 actions confirmed");
    host::is_as_decided(&world.join("web-1"));
    world.verify_later(24 * 60).exits(0);
    world.audit_is_clean(24 * 60);
}

const DECLINE_EVIDENCE: &str = r#"
while read -r old new ref; do
  [ "$ref" != refs/heads/evidence ] || { echo "evidence is frozen this week" >&2; exit 1; }
done"#;
const DECLINE_OUTCOMES: &str = r#"
while read -r old new ref; do
  if git grep -q '"kind":"outcome"' "$new" -- log; then echo "no outcomes today" >&2; exit 1; fi
done"#;
