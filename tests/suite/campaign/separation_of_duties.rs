//! Separation of duties over two hosts: a person has one side, a machine identity they own the other. The violation is
//! found at review, named in the plan, and gone after enforcement, unless another path remains.

use crate::support::fixtures::{Decision, TestRepository};
use crate::support::host;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use tenure::model::Verdict::Revoke;

/// A principal who restarts the shop must not be root where its log is kept.
const RULES: &str = r#"schema = "tenure/rules/v1"
title = "Duties"

[[pair]]
id = "SOD-DEPLOY-AUDIT"
title = "Whoever deploys must not change what is kept of it"
severity = "high"
rule = "HUM-SOD-01"

[pair.left]
capability = "deploy"
when = 'system == "web-1" && kind == "rule" && name.contains("systemctl restart")'

[pair.right]
capability = "change the audit log"
when = 'system == "log-1" && name == "group sudo"'
"#;

const PRINCIPALS: &str = r#"schema = "tenure/principals/v1"

[[principal]]
id = "li"
kind = "person"
status = "active"
accounts = ["web-1:uid:1103"]

[[principal]]
id = "svc-export"
kind = "service"
status = "active"
accounts = ["log-1:uid:1101"]
owner = "li"
"#;

/// A campaign over both hosts, in which Li's rule on one of them is revoked; `more` is the content of another rules
/// file.
fn decided(more: &str) -> TestRepository {
    let world = TestRepository::founded();
    for system in ["web-1", "log-1"] {
        host::lay(&world, system);
        world.system(system, &host::settings(system));
    }
    if !more.is_empty() {
        world.write("web-1/etc/sudoers.d/more", more);
        fs::set_permissions(world.join("web-1/etc/sudoers.d/more"), Permissions::from_mode(0o440)).unwrap();
    }
    world.write("repo/policies/duties.rules.toml", RULES);
    world.tenure(&["fmt", "policies/duties.rules.toml"]).exits(0);
    world.write("repo/principals.toml", PRINCIPALS);
    world.collected(&["web-1", "log-1"]);
    world.campaign(&[("web-1", host::KINDS), ("log-1", host::KINDS)]);
    world.decided(&[Decision("web-1", "deploy", "rule sudo (root) NOPASSWD: /usr/bin/systemctl restart shop", Revoke)]);
    world
}

fn codes(world: &TestRepository) -> Vec<String> {
    let findings = world.records_of("finding");
    let codes = findings.iter().map(|record| record["code"].as_str().unwrap().to_owned());
    codes.filter(|code| code.starts_with("sod-violation")).collect()
}

#[test]
fn violation_is_found_and_gone_after_removal() {
    let world = decided("");
    let facts = world.read("repo/campaigns/2026-q4/reviews/web-1/ana.toml")
        + &world.read("repo/campaigns/2026-q4/reviews/log-1/ana.toml");
    for told in [
        "separation of duties SOD-DEPLOY-AUDIT: with this grant, li can also change the audit log (group sudo on log-1, through svc-export, which they own)",
        "separation of duties SOD-DEPLOY-AUDIT: with this grant, li can also deploy (sudo (root) NOPASSWD: /usr/bin/systemctl restart shop on web-1)",
    ] {
        assert!(facts.contains(told), "no `{told}` in {facts}");
    }
    world.tenure(&["plan"]).exits(0).says("resolved by this run: li: SOD-DEPLOY-AUDIT").hides("left after this run");

    // Before enforcement, a verification finds it, and the audit reports it.
    world.verify_later(1).says("violation").says("li holds SOD-DEPLOY-AUDIT");
    assert_eq!(codes(&world), ["sod-violation-judged", "sod-violation-remains"]);
    world.audit(2).exits(3).says("sod-violation-remains");

    world.enforce_later(10, &[]);
    world
        .verify_later(60)
        .says("li SOD-DEPLOY-AUDIT: no principal holds both sides any more")
        .says("0 separation-of-duties violations found");
    assert_eq!(codes(&world)[2..], ["sod-violation-judged", "sod-violation-resolved"]);
    world.audit(61).hides("sod-violation-remains");
}

#[test]
fn violation_remains_with_another_path() {
    let world = decided("deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart till\n");
    world.tenure(&["plan"]).exits(0).says("left after this run: li: SOD-DEPLOY-AUDIT").hides("resolved by this run");
    world.tenure(&["plan", "web-1"]).exits(0).says("left after this run: li: SOD-DEPLOY-AUDIT");
    world.enforce_later(10, &[]);
    world.verify_later(60).says("systemctl restart till on web-1").says("1 separation-of-duties violation found");
    assert_eq!(codes(&world), ["sod-violation-judged", "sod-violation-remains"]);
    world.audit(61).exits(3).says("sod-violation-remains");
}
