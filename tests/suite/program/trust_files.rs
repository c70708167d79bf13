//! The next registry and mandate, as commands write them.

use crate::support::fixtures::TestRepository;
use std::fs;

/// Signs the file as two founders, merges it, and asserts that main accepts it.
fn merged(world: &TestRepository, path: &str) {
    world.sign("ana", &[path]);
    world.sign("ben", &[path]);
    world.sandbox().git(world.repo(), &["add", "--all"]);
    world.sandbox().git(world.repo(), &["commit", "--quiet", "-m", "next version"]);
    world.tenure(&["check", "--base", "origin/main"]).exits(0);
    world.merge("next version");
    world.tenure(&["check"]).exits(0);
}

#[test]
fn registry_gets_a_principal_and_loses_a_key() {
    let world = TestRepository::founded();
    fs::copy(world.join("keys/mia.pub"), world.join("keys/dora.pub")).unwrap();
    let add = ["registry", "add", "dora", "--key", "../keys/dora.pub", "--subject", "web-1:uid:1004"];
    world.tenure(&add).exits(1).says("duplicate-signing-key").says("no file was written");
    let keygen = ["-q", "-t", "ed25519", "-N", "", "-C", "dora", "-f", "dora"];
    fs::remove_file(world.join("keys/dora.pub")).unwrap();
    let mut command = world.sandbox().command(crate::support::servers::program("ssh-keygen"), world.join("keys"));
    crate::support::sandbox::succeed(command.args(keygen));
    world.tenure(&["registry", "add", "dora", "--group", "reviewers"]).exits(1).says("`dora` is new and needs a key");
    world.tenure(&["registry", "add", "dora", "--key", "../keys/dora"]).exits(1).says("is a private key");
    world
        .tenure(&[&add[..], &["--group", "reviewers"]].concat())
        .exits(0)
        .says("+id = \"dora\"")
        .says("wrote trust/registry/2.toml")
        .says("signatures needed: 2; may sign: ana, ben")
        .says("next: tenure sign trust/registry/2.toml");
    world.tenure(&add).exits(1).says("already exists");
    merged(&world, "trust/registry/2.toml");
    world.tenure(&["registry", "add", "dora", "--group", "reviewers"]).exits(1).says("nothing-to-change");
    world.tenure(&["registry", "retire", "nobody"]).exits(1).says("`nobody` is not in the registry");
    world.tenure(&["registry", "retire", "dora", "--key", "../keys/mia.pub"]).exits(1).says("`dora` has no such key");
    world.tenure(&["registry", "retire", "dora"]).exits(0).says("+state = \"retired\"");
    merged(&world, "trust/registry/3.toml");
    assert!(!world.read("repo/trust/allowed_signers").contains("dora"));
}

#[test]
fn mandate_gets_other_values() {
    let world = TestRepository::founded();
    let set = |values: &[&str]| world.tenure(&[&["mandate", "set"], values].concat());
    set(&["thresholds.T0=0"]).exits(1).says("no file was written");
    set(&["guardrails.max_removals_per_run=many"]).exits(1).says("the mandate would be invalid");
    set(&["thresholds.T0=9"]).exits(1).says("threshold-unreachable").says("no file was written");
    set(&["version=9"]).exits(1).says("`version` follows from the mandate before");
    set(&["guardrails.max_removals_per_run=many"]).exits(1).hides("\\u{a}");
    set(&["unknown=1"]).exits(1).says("unknown");
    assert!(!world.join("repo/trust/mandate/2.toml").exists());
    set(&["guardrails.max_removals_per_run=7", "severity.campaign-closed=critical"]).exits(1);
    set(&["guardrails.max_removals_per_run=7"])
        .exits(0)
        .says("+max_removals_per_run = 7")
        .says("wrote trust/mandate/2.toml")
        .says("signatures needed: 2");
    merged(&world, "trust/mandate/2.toml");
}
