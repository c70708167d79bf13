//! Ways out of stages without a result: a fallback decides what the stages left undecided, and the campaign closes.

use super::campaign_lifecycle::{STAGES, company, decided, define, later, opened};
use crate::support::fixtures::{CAMPAIGN, KEYS, TestRepository};
use std::fs;
use tenure::format::codec::render;
use tenure::model::{PrincipalId, Verdict::Certify};

fn closed(world: &TestRepository, stage: u32, days: i64) {
    later(world, days, &["campaign", "close-stage", CAMPAIGN]).exits(0);
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/{stage}.toml")]);
    world.merge("close a stage");
}

/// Writes and signs the decision of a fallback on the items of another reviewer's file, as `tenure review` does.
fn settled(world: &TestRepository, from: &str, who: &str, days: i64) {
    let listed = later(world, days, &["review", CAMPAIGN, "--as", who, "--list"]).exits(0);
    listed.says("0 of 1   decided").says(&format!("reviews/web-1/{from}.toml"));
    let next = later(world, days, &["--format", "json", "review", CAMPAIGN, "--as", who, "--next"]).exits(0);
    assert!(next.out.contains("\"principal\":\"temp\""), "{}", next.out);
    let mut review = world.review(&format!("campaigns/{CAMPAIGN}/reviews/web-1/{from}.toml"));
    review.items.retain(|item| item.principal == "temp");
    review.items.iter_mut().for_each(|item| {
        (item.decision, item.until, item.supersedes) = (None, None, None);
        item.reason.clear();
    });
    review.reviewer = PrincipalId::parse(who).unwrap();
    let path = format!("campaigns/{CAMPAIGN}/reviews/web-1/{who}.toml");
    fs::write(world.repo().join(&path), render(&review)).unwrap();
    decided(world, &path, &[("temp", Certify)]);
}

#[test]
fn d1_d2_d6_silent_first_stage_is_decided_by_a_fallback() {
    let world = company();
    define(&world, "all", &STAGES.replace("\"disable\"", "\"open\""));
    opened(&world, CAMPAIGN, "all");
    let reviews = format!("campaigns/{CAMPAIGN}/reviews/web-1");
    decided(&world, &format!("{reviews}/ana.toml"), &[("old", Certify)]);
    later(&world, 1, &["review", CAMPAIGN, "--as", "mia", "--list"]).exits(1).says("has no review file");
    later(&world, 8, &["review", CAMPAIGN, "--as", "mia", "--list"]).exits(0).says("0 of 1   decided");
    let status = later(&world, 8, &["campaign", "status", CAMPAIGN]).exits(0);
    status.says("or a fallback decides, ben");
    closed(&world, 1, 8);
    decided(&world, &format!("{reviews}/ben.toml"), &[("*", Certify)]);
    let status = later(&world, 9, &["campaign", "status", CAMPAIGN]);
    status.says("close-stage").says("1 undecided");
    closed(&world, 2, 9);

    // All reviewers of the last stage certified, but the first stage had no response.
    let status = later(&world, 9, &["--format", "json", "campaign", "status", CAMPAIGN]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    let undecided = |who: &str| {
        let all = status["reviewers"].as_array().unwrap();
        all.iter().find(|one| one["reviewer"] == who).map(|one| one["undecided"].as_u64().unwrap())
    };
    assert_eq!([undecided("ana"), undecided("ben"), undecided("mia")], [Some(0), Some(1), Some(1)]);
    assert_eq!(status["items"][0]["must_act"], serde_json::json!(["ben", "mia"]));
    later(&world, 9, &["campaign", "remind"]).says("a fallback decides → mia");
    settled(&world, "ben", "mia", 9);
    later(&world, 9, &["check"]).exits(0);
    later(&world, 9, &["campaign", "status", CAMPAIGN]).exits(0).says("2 decided by people");
    later(&world, 9, &["campaign", "remind"]).says("no reminders are due");
    later(&world, 9, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
    world.audit_is_clean(9 * 24 * 60);
}
