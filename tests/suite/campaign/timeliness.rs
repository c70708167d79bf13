//! Decisions and stage closes out of time: refused by the gate, and not in force if they were merged without one.

use super::campaign_lifecycle::{DAY, STAGES, company, decided, define, later, li, opened};
use crate::support::fixtures::{self, CAMPAIGN, KEYS, TestRepository};
use std::fs;
use tenure::{
    format::codec::{parse, render},
    model::{
        Digest, PrincipalId, Timestamp,
        Verdict::{self, Certify, Revoke},
        file::{Review, StageClose},
    },
    trust::reference,
};

const ONE_STAGE: &str = r#"on_no_response = "disable"

[[select]]
systems = ["web-1"]
kinds = ["account"]
condition = "grant.principal in ['old', 'temp']"
"#;

fn ana() -> String {
    format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml")
}

fn review(world: &TestRepository, path: &str) -> Review {
    parse(path, world.read(&format!("repo/{path}")).as_bytes()).ok().unwrap()
}

/// Commits the work tree on a branch, and returns main.
fn committed(world: &TestRepository) -> String {
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    let main = git(&["rev-parse", "HEAD"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "a change"]);
    main
}

/// Changes all decisions of a signed file in the next file of its reviewer.
fn changed(world: &TestRepository, verdict: Verdict) {
    let names = reference(&ana(), Digest::of(world.read(&format!("repo/{}", ana()))));
    let mut next = review(world, &ana());
    for item in &mut next.items {
        (item.decision, item.supersedes) = (Some(verdict), Some(names.clone()));
    }
    let path = ana().replace("ana.toml", "ana-2.toml");
    fs::write(world.repo().join(&path), render(&next)).unwrap();
    world.sign_unchecked("ana", &path);
}

#[test]
fn row_46_d3_closed_campaign_stays_closed() {
    let world = company();
    define(&world, "all", ONE_STAGE);
    opened(&world, CAMPAIGN, "all");
    decided(&world, &ana(), &[("*", Certify)]);
    world.enforce(&[]).exits(0);
    let close = [&["campaign", "close", CAMPAIGN], KEYS].concat();
    world.tenure(&close).exits(0).says("is closed");
    let before = world.read("web-1/etc/passwd");

    changed(&world, Revoke);
    let main = committed(&world);
    later(&world, 3, &["check", "--base", &main])
        .exits(3)
        .says("error[decision-after-close]")
        .says("tenure campaign open");
    world.merge("decide again");
    later(&world, 3, &["plan"]).exits(0).says("warning[decision-after-close]").hides("revoke");
    world.enforce_later(3 * DAY, &[]).exits(0);
    assert_eq!(world.read("web-1/etc/passwd"), before, "nothing was removed");
    assert_eq!(world.records_of("intent").len(), 0);
    let told = world.audit(3 * DAY).exits(3).says("decision-after-close");
    told.hides("closed-campaign-differs").hides("decision-not-enforced");
}

#[test]
fn row_46_d4_close_of_stage_is_neither_early_nor_in_the_future() {
    let world = company();
    define(&world, "all", STAGES);
    opened(&world, CAMPAIGN, "all");
    later(&world, 8, &["campaign", "close-stage", CAMPAIGN]).exits(0);
    let path = format!("campaigns/{CAMPAIGN}/stages/1.toml");
    let close: StageClose = parse(&path, world.read(&format!("repo/{path}")).as_bytes()).ok().unwrap();
    let at = |minutes: i64| {
        let world = world.copied();
        let closed_at = Timestamp::from_unix(fixtures::NOW + minutes * 60);
        fs::write(world.repo().join(&path), render(&StageClose { closed_at, ..close.clone() })).unwrap();
        world.sign_unchecked("ana", &path);
        let main = committed(&world);
        (world, main)
    };
    let (early, main) = at(144);
    early.tenure_later(150, &["check", "--base", &main]).exits(3).says("error[stage-close-early]").says("ana");
    early.merge("close the stage");
    early.tenure_later(150, &["campaign", "status", CAMPAIGN]).says("2 open");
    early.audit(150).exits(3).says("stage-close-early");

    let (future, main) = at(19 * DAY);
    future.tenure_later(150, &["check", "--base", &main]).exits(3).says("error[stage-close-future]");
    future.merge("close the stage");
    let open = |minutes| {
        let told = future.tenure_later(minutes, &["campaign", "status", CAMPAIGN, "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&told.out).unwrap();
        status["stages"][0]["closed"].as_bool().unwrap()
    };
    assert!(!open(150), "it is not in force");
    future.enforce_later(150, &[]).exits(0).says("warning[stage-close-future]");
    assert!(open(20 * DAY), "its time has come");
}

#[test]
fn d9_decision_of_delegate_counts_until_the_delegation_ends() {
    let world = company();
    define(&world, "all", ONE_STAGE);
    opened(&world, CAMPAIGN, "all");
    let delegate = ["campaign", "delegate", CAMPAIGN, "--reason", "on leave", "--from", "ana", "--to", "mia"];
    world.tenure(&[&delegate[..], &["--until", "5d"]].concat()).exits(0);
    world.sign("ana", &["delegations/2026-q4-ana.toml"]);
    world.merge("delegate");
    let mut lent = review(&world, &ana());
    lent.reviewer = PrincipalId::parse("mia").unwrap();
    for item in &mut lent.items {
        (item.decision, item.reason) = (Some(Certify), fixtures::reason(item));
    }
    let path = ana().replace("ana.toml", "mia.toml");
    fs::write(world.repo().join(&path), render(&lent)).unwrap();
    world.sign("mia", &[&path]);
    let main = committed(&world);
    later(&world, 4, &["check", "--base", &main]).exits(0);
    later(&world, 6, &["check", "--base", &main]).exits(3).says("error[delegation-ended]").says("tenure review");
    world.merge("decide");
    let undecided = |days| {
        let told = later(&world, days, &["campaign", "status", CAMPAIGN, "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&told.out).unwrap();
        status["states"]["undecided"].as_u64().unwrap_or(0) > 0
    };
    assert!(!undecided(4) && undecided(6));
    world.enforce_later(4 * DAY, &[]).exits(0);
    assert!(!undecided(6), "a run has accepted it in time");
    world.audit(6 * DAY).hides("delegation-ended");
}

#[test]
fn d9_signature_of_a_principal_who_left_does_not_count() {
    let world = company();
    define(&world, "all", STAGES);
    opened(&world, CAMPAIGN, "all");
    world.write("repo/principals.toml", &li("left").replace("id = \"li\"", "id = \"ana\""));
    world.merge("ana left");
    let mut own = review(&world, &ana());
    for item in &mut own.items {
        (item.decision, item.reason) = (Some(Certify), fixtures::reason(item));
    }
    fs::write(world.repo().join(ana()), render(&own)).unwrap();
    world.sign_unchecked("ana", &ana());
    let main = committed(&world);
    world.tenure(&["check", "--base", &main]).exits(3).says("error[signer-left]").says("another person must sign");
}
