//! Checks of the evidence in a clone: by git, ssh-keygen and sha256sum alone, and by the audit.

use crate::support::{
    fixtures::{CAMPAIGN, KEYS, READBACK, Ran, TestRepository, ran},
    host,
    sandbox::succeed,
    servers::{program, systems},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};
use tenure::model::Digest;

fn enforced() -> TestRepository {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world.enforce(&[]).exits(0);
    world
}

/// Runs the commands of the README for an auditor without Tenure, in a new clone.
fn verified_without_tenure(world: &TestRepository, name: &str) {
    let clone = world.clone(name);
    let script = "set -e; mkdir proof && git archive origin/evidence | tar -x -C proof
        (cd proof && sha256sum -c --quiet segments.sha256)
        ssh-keygen -Y verify -f trust/allowed_signers -I engine -n evidence.v1@tenure \\
          -s proof/segments.sha256.sig < proof/segments.sha256
        git -c gpg.ssh.allowedSignersFile=trust/allowed_signers verify-commit origin/evidence";
    let mut shell = world.sandbox().command(program("sh"), &clone);
    succeed(shell.args(["-c", script]));
    let root: toml::Value = toml::from_str(&world.read("repo/trust/root/1.toml")).unwrap();
    let key = root["roles"]["engine"]["log_keys"][0].as_str().unwrap();
    let told = succeed(world.sandbox().command(&*TLOG, &clone).args([key, "proof"]));
    assert!(told.starts_with(&format!("{} records, root ", world.records().len())), "{told}");
    let digests = "cd proof && grep -v ' \\*' segments.sha256 | while read -r digest path; do
        [ \"$(openssl dgst -sha256 -r \"$path\" | cut -d' ' -f1)\" = \"$digest\" ] || exit 1; done";
    succeed(world.sandbox().command(program("sh"), &clone).args(["-c", digests]));
}

/// The reference implementation of signed notes and of transparency logs, in Go.
static TLOG: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = systems().join("go");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tlog.go");
    let mut build = Command::new(program("go"));
    build.args(["build", "-o"]).arg(folder.join("tlog")).arg(source);
    build.envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")]);
    succeed(build.env("GOCACHE", folder.join("cache")));
    folder.join("tlog")
});

#[test]
fn readme_commands_verify_the_evidence_after_each_command() {
    let world = enforced();
    verified_without_tenure(&world, "after-enforce");
    world.verify_later(60).exits(0);
    verified_without_tenure(&world, "after-verify");
    let close = [&["campaign", "close", CAMPAIGN], KEYS].concat();
    world.tenure(&close).exits(0);
    verified_without_tenure(&world, "after-close");
    let collect = [&["collect", "web-1", "--seal"], READBACK].concat();
    world.tenure_later(61, &collect).exits(0);
    verified_without_tenure(&world, "after-collect");
}

#[test]
fn row_41_second_log_with_the_same_origin_is_found() {
    let world = enforced();
    world.audit(1).hides("second-evidence-log");
    let remote = world.join("remote.git");
    let git = |arguments: &[&str]| world.sandbox().git(&remote, arguments);
    let copy = git(&["commit-tree", "evidence^{tree}", "-m", "another log"]);
    for name in ["refs/heads/evidence2", "refs/heads/Evidence", "refs/heads/x/evidence"] {
        git(&["update-ref", name, &copy]);
        world.audit(1).exits(3).says("second-evidence-log").says(name.trim_start_matches("refs/heads/"));
        git(&["update-ref", "-d", name]);
    }
    let part = git(&["rev-parse", "evidence~1"]);
    git(&["update-ref", "refs/heads/backup", &part]);
    world.audit(1).hides("second-evidence-log");
}

#[test]
fn row_44_read_back_key_signs_looks_and_no_changes() {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    let enforce = [&["enforce"], READBACK].concat();
    let done = ran(&mut world.command_in(&world.repo(), 0, &enforce));
    assert_ne!(done.code, Some(0), "{}{}", done.out, done.err);
    assert_eq!(world.records_of("intent").len(), 0, "nothing was recorded");
    assert!(world.read("web-1/etc/group").contains("sudo:x:27:"), "nothing was changed");

    let world = enforced();
    world.verify_later(60).exits(0);
    world.audit(61).hides("record-signer");
}

/// Collects the system again after a run, and merges the observation, which carries the position of the log.
fn collected_after(world: &TestRepository) {
    world.collected(&["web-1"]);
    world.merge("collect again");
    assert!(world.read("repo/inventory/web-1/observation.toml").contains("[evidence]\n"));
}

#[test]
fn row_45_log_that_lacks_a_position_of_main_is_refused_in_every_clone() {
    let world = enforced();
    collected_after(&world);
    let remote = world.join("remote.git");
    let git = |arguments: &[&str]| world.sandbox().git(&remote, arguments);
    let whole = git(&["rev-parse", "evidence"]);
    world.audit(1).hides("evidence-behind");
    let before = git(&["rev-parse", "evidence~1"]);
    for (name, change) in [
        ("rolled-back", vec!["update-ref", "refs/heads/evidence", before.as_str()]),
        ("deleted", vec!["update-ref", "-d", "refs/heads/evidence"]),
    ] {
        git(&change);
        let clone = world.clone(name);
        for arguments in
            [&["plan"][..], &["campaign", "status", CAMPAIGN], &["audit", "--root", &world.pin().to_string()]]
        {
            let refused = ran(&mut world.command_in(&clone, 0, arguments)).exits(3);
            refused.says("evidence-behind").says("inventory/web-1/observation.toml");
        }
        let refused = ran(&mut world.enforce_in(&clone, 0, &[]));
        assert_ne!(refused.code, Some(0));
        refused.says("evidence-behind");
    }
    git(&["update-ref", "refs/heads/evidence", &whole]);
    let clone = world.clone("whole");
    ran(&mut world.enforce_in(&clone, 0, &[])).exits(0);
}

/// Opens a second campaign on its own branch with another position of the log, and checks it.
fn opened_with(world: &TestRepository, name: &str, change: impl FnOnce(&str) -> String) -> Ran {
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    git(&["switch", "--quiet", "-c", name, "origin/main"]);
    world.tenure(&["campaign", "open", "again", "--from", "policies/all.toml"]).exits(0);
    let path = "campaigns/again/campaign.toml";
    let opened = world.read(&format!("repo/{path}"));
    let changed = change(&opened);
    world.write(&format!("repo/{path}"), &changed);
    let digest = |text: &str| Digest::of(text).to_string();
    for review in git(&["ls-files", "--others", "campaigns/again/reviews"]).lines() {
        let review = format!("repo/{review}");
        world.write(&review, &world.read(&review).replace(&digest(&opened), &digest(&changed)));
    }
    world.sign_unchecked("ana", path);
    git(&["add", "campaigns"]);
    git(&["commit", "--quiet", "-m", name]);
    let done = world.tenure(&["check", "--base", "origin/main"]);
    git(&["switch", "--quiet", "main"]);
    done
}

#[test]
fn row_45_inventory_with_a_wrong_position_is_refused_by_the_gate() {
    let world = enforced();
    collected_after(&world);
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    let path = "repo/inventory/web-1/observation.toml";
    let text = world.read(path);
    let size = text.lines().find(|line| line.starts_with("size = ")).unwrap();
    git(&["switch", "--quiet", "-c", "wrong"]);
    world.write(path, &text.replace(size, "size = 9999"));
    git(&["commit", "--quiet", "--all", "-m", "an inventory that no log follows"]);
    let refused = world.tenure(&["check", "--base", "origin/main"]).exits(3);
    refused.says("evidence-position").says("inventory/web-1/observation.toml").says("tenure collect web-1");
}

#[test]
fn row_45_campaign_carries_the_position_of_the_log() {
    let world = enforced();
    collected_after(&world);
    let table = |text: &str| {
        let start = text.find("[evidence]\n").unwrap();
        start..start + text[start..].find("\n\n").unwrap() + 2
    };
    let size = |text: &str, size: &str| {
        let line = text[table(text)].lines().find(|line| line.starts_with("size")).unwrap().to_owned();
        text.replace(&line, size)
    };
    let without = |text: &str| format!("{}{}", &text[..table(text).start], &text[table(text).end..]);
    opened_with(&world, "none", without).exits(3).says("evidence-position");
    opened_with(&world, "older", |text| size(text, "size = 1")).exits(3).says("evidence-position");
    opened_with(&world, "later", |text| size(text, "size = 9999")).exits(3).says("evidence-position");
    opened_with(&world, "own", str::to_owned).hides("evidence-position");
}
