//! Out-of-band changes on a host, found by `tenure verify` and by the audit.

use crate::support::fixtures::{TestRepository, ran};
use crate::support::host;
use std::fs;
use tenure::{format::codec::render, model::Verdict};

/// A world in which all decisions are enforced.
fn enforced() -> TestRepository {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world.enforce(&[]).exits(0);
    world
}

#[test]
fn a_host_that_only_the_engine_changed_has_nothing_out_of_band() {
    let world = enforced();
    world.verify_later(60).exits(0);
    let codes: Vec<_> = world.records_of("finding").iter().map(|r| r["code"].clone()).collect();
    assert_eq!(codes, ["out-of-band-listed"]);
    world.audit(61).exits(0).hides("out-of-band-change");
}

#[test]
fn lapsing_decision_is_reported_in_its_pull_request_only() {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", host::KINDS)]);
    let path = world.join("web-1/etc/group");
    let group = fs::read_to_string(&path).unwrap();
    fs::write(&path, group.replace("ben,svc_export,svc_backup", "ben,svc_backup")).unwrap();
    let shadow = world.read("web-1/etc/gshadow").replace("ben,svc_export,svc_backup", "ben,svc_backup");
    world.write("web-1/etc/gshadow", &shadow);
    world.tenure(&["collect", "web-1"]).exits(0);
    world.merge("collect again");
    world.sandbox().git(world.repo(), &["switch", "--quiet", "-c", "reviews"]);
    world.proposed("reviews", &host::all_decisions(&["web-1"]), true);
    let told = world.tenure(&["check", "--base", "main"]).exits(0);
    assert_eq!(told.err.matches("warning[grant-changed]").count(), 1, "{}", told.err);
    told.says("is no longer in the inventory; the decision will have no effect");

    let world = enforced();
    ran(&mut world.command_in(&world.repo(), 60, &["collect", "web-1"])).exits(0);
    world.merge("collect what is left");
    ran(&mut world.command_in(&world.repo(), 60, &["check"])).exits(0).hides("grant-changed");
}

#[test]
fn enforced_removals_are_not_inventory_shrinkage() {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", host::KINDS)]);
    for (number, gone) in ROUNDS.iter().enumerate() {
        revokes(&world, number, gone);
        let told = world.enforce(&[]);
        assert!(!told.err.contains("inventory-shrank"), "round {number}: {}", told.err);
        told.exits(0);
        ran(&mut world.command_in(&world.repo(), 10, &["collect", "web-1"])).exits(0);
        world.merge("collect what is left");
    }
    // A removal by another administrator is an out-of-band change.
    let path = world.join("web-1/etc/passwd");
    let kept: Vec<String> =
        fs::read_to_string(&path).unwrap().lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(&path, kept.concat()).unwrap();
    ran(&mut world.command_in(&world.repo(), 20, &["collect", "web-1"])).exits(0);
    world.merge("collect what others left");
    revokes(&world, ROUNDS.len(), &[("svc_backup", "membership group sudo")]);
    world.tenure(&["plan"]).exits(3).says("inventory-shrank");
}

/// Each round is below a fifth of the host; all together exceed it.
const ROUNDS: [&[(&str, &str)]; 3] = [
    &[
        ("svc_export", "membership group sudo"),
        ("li", "membership group docker"),
        ("deploy", "membership group docker"),
    ],
    &[
        ("deploy", "credential ssh as deploy with li@laptop"),
        ("deploy", "rule sudo (root) NOPASSWD"),
        ("deploy", "credential ssh as deploy with build@ci"),
    ],
    &[("ben", "membership group sudo")],
];

/// Adds a review file for each reviewer that revokes these accesses, signed and merged.
fn revokes(world: &TestRepository, number: usize, gone: &[(&str, &str)]) {
    for path in world.reviews().iter().filter(|path| !path.rsplit('/').next().unwrap().contains('-')) {
        let mut review = world.review(path);
        let is_gone =
            |holder: &str, what: &str| gone.iter().any(|(who, start)| *who == holder && what.starts_with(start));
        review.items.retain(|item| is_gone(&item.principal, &item.entitlement));
        review.items.iter_mut().for_each(|item| {
            item.decision = Some(Verdict::Revoke);
            item.reason = format!("{} of {} has no purpose any more", item.entitlement, item.principal);
        });
        if review.items.is_empty() {
            continue;
        }
        let own = path.replace(".toml", &format!("-{}.toml", number + 2));
        fs::write(world.repo().join(&own), render(&review)).unwrap();
        std::iter::once(&review.reviewer).chain(&review.cosigners).for_each(|name| world.sign(name.as_str(), &[&own]));
    }
    world.merge("decide");
}

#[test]
fn a_membership_that_somebody_added_by_hand_is_found_and_named() {
    let world = enforced();
    let path = world.join("web-1/etc/group");
    let group = fs::read_to_string(&path).unwrap();
    assert!(group.contains("sudo:x:27:ben,svc_backup"), "{group}");
    fs::write(&path, group.replace("sudo:x:27:ben,svc_backup", "sudo:x:27:ben,svc_backup,deploy")).unwrap();
    let seen = world.verify_later(60).exits(4).says("deploy");
    assert!(seen.out.contains("sudo"), "{}", seen.out);
    let added = world.records_of("finding");
    assert!(added.iter().any(|record| record["code"] == "out-of-band-added"), "{added:?}");
    world.audit(61).exits(3).says("out-of-band-change");
}

#[test]
fn a_host_that_cannot_be_read_is_unknown_and_never_unchanged() {
    let world = enforced();
    fs::remove_file(world.join("web-1/etc/shadow")).unwrap();
    world.verify_later(60).exits(4);
    let codes: Vec<_> = world.records_of("finding").iter().map(|r| r["code"].clone()).collect();
    assert_eq!(codes, ["out-of-band-unknown"]);
    assert!(world.records_of("verification").iter().rev().take(4).all(|record| record["result"] == "unknown"));
}
