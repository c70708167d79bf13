//! Threat row 38: rubber-stamped reviews, found by `check`, `campaign status`, `campaign quality` and `audit`; a
//! careful reviewer has no findings.

use crate::support::fixtures::{CAMPAIGN, TestRepository, reason};
use crate::support::{fixtures, host};
use std::fs;
use tenure::model::{Severity, Verdict};

/// A host with twelve memberships, and an additional number, each of a separate group.
fn crowded(world: &TestRepository, groups: usize) {
    host::lay(world, "web-1");
    for (file, line) in [("group", "team_{n}:x:{id}:ben\n"), ("gshadow", "team_{n}:!::ben\n")] {
        let path = format!("web-1/etc/{file}");
        let lines: String =
            (0..groups).map(|n| line.replace("{n}", &letters(n)).replace("{id}", &(3000 + n).to_string())).collect();
        world.write(&path, &format!("{}{lines}", world.read(&path)));
    }
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
}

fn letters(n: usize) -> String {
    [n / 676, n / 26 % 26, n % 26].map(|n| (b'a' + u8::try_from(n).unwrap()) as char).iter().collect()
}

fn told(world: &TestRepository, minutes: i64, command: &[&str]) -> fixtures::Ran {
    fixtures::ran(&mut world.command_in(&world.repo(), minutes, command))
}

/// Three hundred accesses of one host under review, without decisions.
fn three_hundred() -> TestRepository {
    let world = TestRepository::founded();
    crowded(&world, 300 - 12);
    world.campaign(&[("web-1", &["membership"])]);
    world
}

fn keep(world: &TestRepository, reason: impl Fn(&tenure::model::file::Item) -> String) {
    world.decides(|_, item| {
        let reason = reason(item);
        certify(item, reason);
    });
}

fn soon() -> tenure::model::Timestamp {
    tenure::model::Timestamp::from_unix(fixtures::NOW).plus_days(20)
}

fn certify(item: &mut tenure::model::file::Item, reason: String) {
    item.decision = Some(Verdict::Certify);
    item.reason = reason;
    item.until = (item.tier == tenure::model::Tier::T0)
        .then(|| tenure::model::Timestamp::from_unix(fixtures::NOW).plus_days(30));
}

#[test]
fn row_38_duplicate_reasons_are_found_by_all_commands() {
    let world = three_hundred();
    keep(&world, |_| "needed for the business".to_owned());
    world.sandbox().git(world.repo(), &["checkout", "--quiet", "-b", "stamp"]);
    world.sandbox().git(world.repo(), &["add", "--all"]);
    world.sandbox().git(world.repo(), &["commit", "--quiet", "-m", "keep everything"]);
    let check = told(&world, 0, &["check", "--base", "origin/main"]).exits(0).says("warning[duplicate-reasons]");
    check
        .says("75 of the 75 items that this file keeps have the same reason")
        .says("reason = \"needed for the business\"");
    let check = told(&world, 0, &["check", "--base", "origin/main", "--format", "github"]).exits(0);
    let annotation = check.out.lines().find(|line| line.starts_with("::warning") && line.contains("duplicate-reasons"));
    let annotation = annotation.unwrap_or_else(|| panic!("{}", check.out));
    let field = |name: &str| annotation.split([',', ':', ' ']).find_map(|part| part.strip_prefix(name)).unwrap();
    let line: usize = field("line=").parse().unwrap();
    let text = fs::read_to_string(world.repo().join(field("file="))).unwrap();
    assert_eq!(text.lines().nth(line - 1), Some("reason = \"needed for the business\""), "{annotation}");

    world.sandbox().git(world.repo(), &["checkout", "--quiet", "main"]);
    world.sandbox().git(world.repo(), &["merge", "--quiet", "--ff-only", "stamp"]);
    world.merge("keep everything");
    told(&world, 0, &["check"]).exits(0).says("duplicate-reasons");
    let status = told(&world, 0, &["campaign", "status", CAMPAIGN]).exits(3);
    status.says("medium[duplicate-reasons]").says("git cannot show who has read what");
    let quality = told(&world, 0, &["campaign", "quality", CAMPAIGN, "--format", "json"]).exits(3);
    let quality: serde_json::Value = serde_json::from_str(&quality.out).unwrap();
    let ana = &quality["reviewers"][0];
    assert_eq!((&ana["reviewer"], &ana["decided"], &ana["batch_max"]), (&"ana".into(), &300.into(), &75.into()));
    assert!(ana["duplicate_reason_pct"].as_u64().unwrap() >= 99, "{ana}");
    world.audit(0).exits(3).says("quality").says("medium[duplicate-reasons]");
    told(&world, 0, &["campaign", "quality", CAMPAIGN, "--format", "markdown"]).exits(3).says("| duplicate-reasons |");
}

#[test]
fn row_38_hasty_signing_is_found_careful_review_is_not() {
    let world = three_hundred();
    keep(&world, reason);
    world.merge("decide");
    told(&world, 0, &["check"]).exits(0).hides("duplicate-reasons").hides("bulk-decisions");
    let quality = told(&world, 0, &["campaign", "quality", CAMPAIGN]).exits(0);
    quality.says("ana").says("300 of 300").says("but not whether it was read").hides("medium[");

    let hasty = world.copied();
    hasty.enforce_later(-50, &[]).exits(0);
    let found = told(&hasty, 0, &["campaign", "quality", CAMPAIGN]).exits(3).says("medium[signed-too-quickly]");
    found.says("300 decisions of `ana` were accepted 10 minutes after assignment; reading takes at least 50 minutes");
    hasty.audit(0).exits(3).says("signed-too-quickly");

    world.enforce(&[]).exits(0);
    let csv = told(&world, 0, &["campaign", "quality", CAMPAIGN, "--csv"]).exits(0).out;
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(rows.headers().unwrap().len(), 9);
    let first = rows.records().next().unwrap().unwrap();
    let told: Vec<&str> = first.iter().collect();
    assert_eq!(told, [CAMPAIGN, "ana", "300", "0", "0", "0", "75", "1.0", "0"]);
    assert!(csv.contains("\r\n"));
    world.audit_is_clean(0);
}

/// Administrators are flagged, and jobs among them critically.
const RULES: &str = r#"schema = "tenure/rules/v1"
title = "Administrators"

[[rule]]
id = "NHI-PRV-01"
title = "No job administers a host"
scope = "grant"
when = "grant.entitlement == 'group sudo'"
violation = "true"
requires_attributes = []
severity = "high"
recommend = "revoke"
remediation = "remove it"
controls = []

[[rule.severity_when]]
when = "grant.principal == 'svc_backup'"
severity = "critical"
"#;

#[test]
fn row_38_flagged_items_need_text_critical_ones_exception() {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.write("repo/policies/own.rules.toml", RULES);
    world.tenure(&["fmt", "policies/own.rules.toml"]).exits(0);
    world.campaign(&[("web-1", &["membership"])]);
    let main = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    let tried = |told: &str| {
        let world = world.copied();
        world.decides_unchecked(|_, item| {
            certify(item, told.to_owned());
            // Certifying a critical item is refused before the reason is read.
            let critical = item.severity == Some(Severity::Critical) && !told.ends_with("nightly job");
            item.decision = Some(if critical { Verdict::Except } else { Verdict::Certify });
            item.until = item.until.filter(|_| !critical).or(critical.then(soon));
        });
        world.sandbox().git(world.repo(), &["add", "--all"]);
        world.sandbox().git(world.repo(), &["commit", "--quiet", "-m", "decide"]);
        self::told(&world, 0, &["check", "--base", &main])
    };
    tried("the team needs it").exits(3).says("error[decision-incomplete]").says("a reason code at the beginning");
    tried("in-use-needed: yes").exits(3).says("error[decision-incomplete]").says("a longer `reason`");
    let refused = tried("in-use-needed: the team runs its nightly job").exits(3).says("error[certify-against-policy]");
    refused.says("decision = \"certify\"").says("tenure exception new");

    world.decides(|_, item| {
        let excepted = item.severity == Some(Severity::Critical);
        item.decision = Some(if excepted { Verdict::Except } else { Verdict::Certify });
        item.until = Some(soon());
        item.reason = format!("in-use-needed: {}", reason(item));
    });
    world.merge("decide");
    told(&world, 0, &["check", "--base", &main]).exits(0);
    told(&world, 0, &["campaign", "status", CAMPAIGN, "--format", "json"]).says("no signed exception exists");
    let id = world
        .reviews()
        .iter()
        .flat_map(|path| world.review(path).items)
        .find(|item| item.severity == Some(Severity::Critical));
    let id = id.unwrap().id.to_string();
    let written = told(
        &world,
        0,
        &[
            "exception",
            "new",
            &id,
            "--rule",
            "NHI-PRV-01",
            "--rating",
            "high",
            "--owner",
            "ben",
            "--approver",
            "mia",
            "--until",
            "20d",
            "--reason",
            "the agent knows no other way yet",
            "--compensating",
            "its sessions are recorded",
        ],
    );
    let path = written.exits(0).out.lines().next().unwrap().to_owned();
    world.sign("mia", &[&path]);
    world.merge("accept that the backup job is root");
    told(&world, 0, &["campaign", "status", CAMPAIGN]).exits(0).says("1 excepted");
    let unproven = told(&world, 35 * 24 * 60, &["campaign", "status", CAMPAIGN]);
    unproven.hides("1 excepted");
}
