//! Ways out of stages without a result: a fallback decides what the stages left undecided, and the campaign closes.

use super::campaign_lifecycle::{DAY, STAGES, company, decided, define, later, li, opened, with_jobs};
use crate::support::fixtures::{self, CAMPAIGN, KEYS, Ran, TestRepository};
use std::fs;
use std::path::Path;
use tenure::format::codec::render;
use tenure::model::file::Item;
use tenure::model::{
    PrincipalId,
    Verdict::{Certify, Disable, Reduce, Replace, Transfer},
};

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

/// Two memberships without privileges, and the accounts of their members.
fn company_with_readers() -> TestRepository {
    let world = company();
    for (path, line) in [("etc/group", "readers:x:1300:old,temp\n"), ("etc/gshadow", "readers:!::old,temp\n")] {
        let path = format!("web-1/{path}");
        world.write(&path, &(world.read(&path) + line));
    }
    world.collected(&["web-1"]);
    world
}

fn over_readers(action: &str) -> String {
    format!(
        "on_no_response = \"{action}\"\n\n[[select]]\nsystems = [\"web-1\"]\nkinds = [\"membership\"]\n\
         condition = \"grant.entitlement == 'group readers'\"\n"
    )
}

fn ana() -> String {
    format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml")
}

#[test]
fn d5_default_that_the_connector_cannot_do_does_not_open() {
    let world = company_with_readers();
    define(&world, "readers", &over_readers("disable"));
    let open = ["campaign", "open", CAMPAIGN, "--from", "policies/readers.toml"];
    let refused = world.tenure(&open).exits(3).says("error[default-unsupported]").says("2 items of kind `membership`");
    refused.says("on_no_response = \"remove\"");
    assert!(!world.repo().join("campaigns").exists());

    define(&world, "readers", &over_readers("remove"));
    opened(&world, CAMPAIGN, "readers");
    closed(&world, 1, 15);
    world.enforce_later(15 * DAY, &[]).exits(0);
    assert!(world.read("web-1/etc/group").contains("readers:x:1300:\n"), "revoked instead of disabled");
    later(&world, 15, &["campaign", "status", CAMPAIGN]).exits(0).says("2 by no-response default");
    later(&world, 15, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
}

#[test]
fn d9_answer_after_the_due_date_is_accepted_and_marked_late() {
    let world = company();
    let select = STAGES.split("[[select]]").nth(1).unwrap();
    define(&world, "all", &format!("on_no_response = \"open\"\n\n[[select]]{select}"));
    opened(&world, CAMPAIGN, "all");
    decided(&world, &ana(), &[("*", Certify)]);
    later(&world, 16, &["check"]).exits(0);
    world.enforce_later(16 * DAY, &[]).exits(0);
    let status = later(&world, 17, &["campaign", "status", CAMPAIGN]).exits(0);
    status.says("2 decided by people · 2 after the due date").says("2 decided late");
    later(&world, 17, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
}

#[test]
fn d9_fallback_is_asked_for_a_reviewer_who_left() {
    let world = company();
    define(&world, "all", STAGES);
    opened(&world, CAMPAIGN, "all");
    world.write("repo/principals.toml", &li("left").replace("id = \"li\"", "id = \"ana\""));
    world.merge("ana left");
    let status = later(&world, 1, &["--format", "json", "campaign", "status", CAMPAIGN]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    for item in status["items"].as_array().unwrap() {
        assert_eq!(item["must_act"], serde_json::json!(["ben", "mia"]), "{item}");
        assert!(item["next"].as_str().unwrap().starts_with("ana left; a fallback decides"), "{item}");
    }
    later(&world, 1, &["campaign", "remind"]).exits(0).says("of ana to decide by").says("→ ben");
    later(&world, 1, &["review", CAMPAIGN, "--as", "mia", "--list"]).exits(0).says("0 of 2   decided");
}

#[test]
fn one_acceptance_warns_at_opening_and_stops_asking() {
    let world = company();
    let stage = "[[stage]]\nname = \"both\"\ndays = 14\nreviewers = [\"system-owner\", \"system-deputy\"]\n\
                 reviewers_per_item = 2\nstrategy = \"one-accept-accepts\"\n\n[[select]]";
    let select = STAGES.split("[[select]]").nth(1).unwrap();
    let select = select.replace("'temp']", "'temp'] && grant.tier > 'T1'");
    define(&world, "all", &format!("on_no_response = \"open\"\n\n{stage}{select}"));
    let open = ["campaign", "open", CAMPAIGN, "--from", "policies/all.toml"];
    world
        .tenure(&open)
        .exits(0)
        .says("warning[one-acceptance]")
        .says("the first acceptance decides")
        .says("warning[tier-order]");
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/campaign.toml")]);
    world.merge("open a campaign");
    later(&world, 12, &["campaign", "remind"]).exits(0).says("of ben");
    decided(&world, &ana(), &[("*", Certify)]);
    later(&world, 12, &["campaign", "remind"]).exits(0).hides("of ben");
    closed(&world, 1, 12);
    later(&world, 12, &["campaign", "status", CAMPAIGN]).exits(0).says("2 decided by people");
    later(&world, 12, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
}

/// Returns the result of the gate for a signed review with this change of one item of `temp`.
fn gate(world: &TestRepository, kind: &str, change: impl Fn(&mut Item)) -> Ran {
    let world = world.copied();
    let mut review = world.review(&ana());
    let item = review.items.iter_mut().find(|item| item.entitlement.starts_with(kind)).unwrap();
    item.reason = fixtures::reason(item);
    change(item);
    fs::write(world.repo().join(ana()), render(&review)).unwrap();
    world.sign_unchecked("ana", &ana());
    let main = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    world.sandbox().git(world.repo(), &["add", "--all"]);
    world.sandbox().git(world.repo(), &["commit", "--quiet", "-m", "decide"]);
    world.tenure(&["check", "--base", &main])
}

#[test]
fn verdict_needs_a_connector_that_can_and_a_target() {
    let world = company_with_readers();
    let select = "on_no_response = \"open\"\n\n[[select]]\nsystems = [\"web-1\"]\nkinds = [\"account\", \"membership\"]\n\
                  condition = \"grant.principal == 'temp'\"\n";
    define(&world, "temp", select);
    opened(&world, CAMPAIGN, "temp");
    let disabled = gate(&world, "membership", |item| item.decision = Some(Disable)).exits(3);
    disabled.says("error[verdict-unsupported]").says("`disable` cannot be carried out on `membership group readers`");
    let with = |verdict, to: &'static str| {
        move |item: &mut Item| (item.decision, item.to) = (Some(verdict), Some(to.to_owned()))
    };
    let missing = gate(&world, "membership", with(Replace, "group writers")).exits(3);
    missing.says("error[target-missing]").says("the replacement `group writers` does not exist on `web-1`");
    gate(&world, "account", with(Transfer, "nemo")).exits(3).says("error[target-missing]").says("`nemo`");
    gate(&world, "membership", with(Reduce, "half of it")).exits(3).says("error[");
    gate(&world, "account", |item| item.decision = Some(Disable)).exits(0);
    gate(&world, "membership", with(Replace, "group docker")).exits(0);
    gate(&world, "account", with(Replace, "old")).exits(0);

    // The replacement comes first: without it, the plan removes nothing.
    let mut review = world.review(&ana());
    let item = review.items.iter_mut().find(|item| item.entitlement.starts_with("account")).unwrap();
    item.reason = fixtures::reason(item);
    with(Replace, "old")(item);
    fs::write(world.repo().join(ana()), render(&review)).unwrap();
    world.sign("ana", &[&ana()]);
    world.merge("decide");
    world.tenure(&["plan"]).exits(0).says("temp").hides("replacement-missing");
    for path in ["etc/passwd", "etc/shadow", "etc/group", "etc/gshadow"] {
        let path = format!("web-1/{path}");
        let kept: Vec<String> = world.read(&path).lines().map(|line| line.replace("old,temp", "temp")).collect();
        let kept: String =
            kept.iter().filter(|line| !line.starts_with("old:")).map(|line| format!("{line}\n")).collect();
        world.write(&path, &kept);
    }
    world.collected(&["web-1"]);
    world.tenure(&["plan"]).says("replacement-missing").says("the replacement `old` does not exist yet");
}

#[test]
fn shipped_campaigns_open_with_three_founders() {
    let world = company_with_readers();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut open = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        if !text.starts_with("schema = \"tenure/campaign-definition/") {
            continue;
        }
        world.write(
            &format!("repo/policies/{name}"),
            &text.replace("control.owner", "ben").replace("security.lead", "mia"),
        );
        let id = name.trim_end_matches(".toml");
        let trial = world.tenure(&["campaign", "open", id, "--from", &format!("policies/{name}"), "--dry-run"]);
        let told = format!("{}{}", trial.out, trial.err);
        let errors: Vec<&str> = told.lines().filter(|line| line.starts_with("error[")).collect();
        let is_empty = |line: &&str| line.starts_with("error[population-empty]");
        assert!(errors.iter().all(is_empty), "{name}: {told}");
        open.extend(errors.is_empty().then(|| id.to_owned()));
    }
    open.sort();
    for id in ["control-plane", "privileged", "production", "unowned"] {
        assert!(open.iter().any(|open| open == id), "{id} of {open:?}");
    }
    assert!(!world.repo().join("campaigns").exists(), "a trial writes nothing");
}

#[test]
fn dry_run_shows_all_causes_at_once() {
    let world = company();
    world.system("web-2", &crate::support::host::settings("web-2"));
    let select = "on_no_response = \"disable\"\n\n[[select]]\ncondition = \"grant.principal == 'nemo'\"\n";
    let head = "schema = \"tenure/campaign-definition/v1\"\ntitle = \"All\"\nwindow_days = 14\n\
                max_inventory_age_days = 40\nfallback = \"ben\"\nsecond_fallback = \"mia\"\n";
    world.write("repo/policies/all.toml", &format!("{head}{select}"));
    world.tenure(&["fmt", "policies/all.toml"]).exits(0);
    let trial = ["campaign", "open", CAMPAIGN, "--from", "policies/all.toml", "--dry-run"];
    let told = world.tenure(&trial).exits(1).says("error[inventory-missing]").says("`web-2` has no inventory");
    told.says("error[population-empty]").says("no grant on `web-1` matches");
    assert!(!world.repo().join("campaigns").exists());
}

#[test]
fn one_person_repository_ends_with_access_not_reviewed() {
    let world = TestRepository::solo();
    with_jobs(&world);
    let own = li("active").replace("id = \"li\"", "id = \"ana\"");
    world.write("repo/principals.toml", &own);
    let select = STAGES.split("[[select]]").nth(1).unwrap();
    let text = format!(
        "schema = \"tenure/campaign-definition/v1\"\ntitle = \"Accounts\"\nwindow_days = 14\n\
         max_inventory_age_days = 40\nfallback = \"ana\"\nsecond_fallback = \"ana\"\non_no_response = \"disable\"\n\n\
         [[select]]{select}"
    );
    world.write("repo/policies/all.toml", &text);
    world.tenure(&["fmt", "policies/all.toml"]).exits(0);
    let trial = ["campaign", "open", CAMPAIGN, "--from", "policies/all.toml", "--dry-run"];
    world.tenure(&trial).exits(0).says("would open with 2 items");
    world.merge("define a campaign");
    opened(&world, CAMPAIGN, "all");
    world.tenure(&["check"]).exits(0);
    decided(&world, &ana(), &[("old", Certify)]);
    later(&world, 1, &["check"]).exits(0);
    let status = later(&world, 1, &["campaign", "status", CAMPAIGN]).exits(0);
    status.says("1 not-reviewed").says("1 decided by people");
    later(&world, 1, &["campaign", "remind"]).exits(0).says("no reminders are due");
    later(&world, 1, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
    assert_eq!(world.records_of("campaign.close")[0]["verdicts"], serde_json::json!({"certify": 1, "not-reviewed": 1}));
    world
        .audit(DAY)
        .says("medium[not-reviewed]")
        .says("not reviewed: no second person")
        .hides("closed-campaign-differs");
}
