//! Lifecycle of an exception: created, signed by its approvers, proven, renewed, lapsed.

use crate::support::fixtures::{CAMPAIGN, Ran, TestRepository, ran};
use crate::support::host;
use std::{fs, path::PathBuf};
use tenure::format::codec::parse;
use tenure::model::file::Review;

const DAY: i64 = 24 * 60;

/// A host under review, and the item that gives its backup job root access.
struct Story {
    world: TestRepository,
    item: String,
}

impl Story {
    fn new() -> Self {
        let world = TestRepository::founded();
        host::lay(&world, "web-1");
        world.system("web-1", &host::settings("web-1"));
        world.collected(&["web-1"]);
        world.campaign(&[("web-1", host::KINDS)]);
        let item = item(&world, "svc_backup", "membership group sudo");
        Self { world, item }
    }

    fn later(&self, days: i64, arguments: &[&str]) -> Ran {
        ran(&mut self.world.command_in(&self.world.repo(), days * DAY, arguments))
    }

    /// Creates an exception for the item, this number of days from the start.
    fn excepts(&self, days: i64, more: &[&str]) -> Ran {
        let told = ["--reason", "the agent knows no other way yet", "--compensating", "its sessions are recorded"];
        self.later(days, &[&["exception", "new", &self.item], &told[..], more].concat())
    }

    fn list(&self, days: i64) -> Ran {
        self.later(days, &["exception", "list"])
    }
}

const HIGH: &[&str] =
    &["--rule", "NHI-PRV-01", "--rating", "high", "--owner", "ben", "--approver", "mia", "--until", "60d"];

fn item(world: &TestRepository, holder: &str, entitlement: &str) -> String {
    let folder = world.repo().join(format!("campaigns/{CAMPAIGN}/reviews/web-1"));
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let items = paths.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")).flat_map(|path| {
        let review: Review = parse("review", &fs::read(path).unwrap()).ok().unwrap();
        review.items
    });
    let mut found = items.filter(|item| item.principal == holder && item.entitlement.starts_with(entitlement));
    found.next().unwrap_or_else(|| panic!("no {entitlement} of {holder}")).id.to_string()
}

#[test]
fn lapsed_exception_reopens_violation_with_first_date() {
    let story = Story::new();
    let world = &story.world;
    let path = story.excepts(0, HIGH).exits(0).out.lines().next().unwrap().to_owned();
    world.sign("mia", &[&path]);
    world.merge("accept that the backup job is root");
    story.list(0).exits(0).says("in force").says("2026-11-23");
    story.later(0, &["check"]).exits(0);

    let unproven = story.list(40).exits(3).says("exception-unproven");
    unproven.says("tenure exception record-test");
    story.later(40, &["check"]).exits(3).says("exception-unproven");
    world.write("repo-sessions.csv", "eleven sessions\n");
    let id = path.trim_start_matches("exceptions/").trim_end_matches(".toml");
    let prove = |days: i64, result: &str| {
        let told = ["--statement", "looked at eleven sessions", "--artifact", "../repo-sessions.csv"];
        let ran = story
            .later(days, &[&["exception", "record-test", id, "--by", "ana", "--result", result], &told[..]].concat());
        let path = ran.exits(0).out.lines().next().unwrap().to_owned();
        world.sign("ana", &[&path]);
        world.merge("prove the control");
    };
    prove(40, "held");
    story.list(40).exits(0).says("in force");

    story.list(55).exits(0).says("exception-ends-soon");
    let lapsed = story.list(61).exits(3).says("exception-lapsed").says("NHI-PRV-01");
    lapsed.says("first found 2026-11-23").says("--renews");
    story.later(61, &["check"]).exits(3).says("exception-lapsed").says("first found 2026-11-23");
    story.later(61, &["check", "--base", "HEAD~1"]).exits(0);

    let renew = |days: i64, of: &str| story.excepts(days, &[HIGH, &["--renews", of]].concat());
    let second = renew(61, id).exits(0).out.lines().next().unwrap().to_owned();
    world.sign("mia", &[&second]);
    world.merge("renew it");
    story.list(61).exits(0).says("2026-11-23").hides("exception-lapsed");
    let id = second.trim_start_matches("exceptions/").trim_end_matches(".toml");
    let told = ["--statement", "two sessions were not recorded", "--artifact", "../repo-sessions.csv"];
    let failed =
        story.later(62, &[&["exception", "record-test", id, "--by", "ana", "--result", "failed"], &told[..]].concat());
    let failed = failed.exits(0).out.lines().next().unwrap().to_owned();
    world.sign("ana", &[&failed]);
    world.merge("the control did not hold");
    story.list(63).exits(3).says("exception-control-failed");
}

#[test]
fn exception_duration_and_renewals_are_limited() {
    let story = Story::new();
    let world = &story.world;
    let mut last: Option<String> = None;
    // High: the first exception and two renewals.
    for round in 0..4_i64 {
        let renews = last.as_ref().map(|id: &String| ["--renews".to_owned(), id.clone()]);
        let more: Vec<&str> = renews.iter().flatten().map(String::as_str).collect();
        let path = story.excepts(round * 61, &[HIGH, &more].concat()).exits(0);
        let path = path.out.lines().next().unwrap().to_owned();
        world.sign("mia", &[&path]);
        world.merge("accept it once more");
        let check = story.later(round * 61, &["check", "--base", "HEAD~1"]);
        if round < 3 {
            check.exits(0);
        } else {
            check.exits(3).says("exception-terms").says("renewals, which are used up");
        }
        last = Some(path.trim_start_matches("exceptions/").trim_end_matches(".toml").to_owned());
    }
}

#[test]
fn approvers_are_independent_and_several_if_critical() {
    let cases: [(&str, &[&str], &[&str], &str); 6] = [
        (
            "too long",
            &["--rating", "high", "--owner", "ben", "--approver", "mia", "--until", "91d"],
            &["mia"],
            "exception-terms",
        ),
        (
            "its owner",
            &["--rating", "high", "--owner", "mia", "--approver", "mia", "--until", "60d"],
            &["mia"],
            "exception-terms",
        ),
        (
            "alone",
            &["--rating", "critical", "--owner", "ben", "--approver", "mia", "--until", "30d"],
            &["mia"],
            "below-threshold",
        ),
        (
            "nobody",
            &["--rating", "low", "--owner", "ben", "--approver", "mia", "--until", "30d"],
            &[],
            "below-threshold",
        ),
        (
            "somebody else",
            &["--rating", "low", "--owner", "ben", "--approver", "mia", "--until", "30d"],
            &["ana"],
            "signer-not-named",
        ),
        (
            "two of them",
            &["--rating", "critical", "--owner", "ben", "--approver", "mia", "--approver", "ana", "--until", "30d"],
            &["mia", "ana"],
            "",
        ),
    ];
    let told = Story::new();
    for (case, terms, signers, code) in cases {
        let story = Story { world: told.world.copied(), item: told.item.clone() };
        let path = story.excepts(0, terms).exits(0).out.lines().next().unwrap().to_owned();
        for signer in signers {
            story.world.sign_unchecked(signer, &path);
        }
        story.world.merge(case);
        let check = story.later(0, &["check", "--base", "HEAD~1"]);
        if code.is_empty() {
            check.exits(0)
        } else {
            check.exits(3).says(code)
        };
    }
}

#[test]
fn beneficiary_neither_approves_nor_proves() {
    let story = Story::new();
    let world = &story.world;
    let bare = Story { world: world.copied(), item: story.item.clone() };
    let new = [&["exception", "new", &bare.item, "--reason", "the agent knows no other way yet"], HIGH].concat();
    let path = bare.later(0, &new).exits(0).out.lines().next().unwrap().to_owned();
    bare.world.sign("mia", &[&path]);
    bare.world.merge("accept it, with nothing to make up for it");
    let told = bare.later(0, &["check", "--base", "HEAD~1"]).exits(3);
    told.says("exception-terms").says("requires a compensating control");
    bare.later(0, &["campaign", "status", CAMPAIGN]).hides("excepted");

    let entry = "schema = \"tenure/principals/v1\"\n\n[[principal]]\nid = \"backup\"\nkind = \"service\"\n\
                 status = \"active\"\naccounts = [\"web-1:uid:1102\"]\nowner = \"mia\"\n";
    world.write("repo/principals/web-1.toml", entry);
    world.merge("mia answers for the backup job");
    let path = story.excepts(0, HIGH).exits(0).out.lines().next().unwrap().to_owned();
    world.sign("mia", &[&path]);
    world.merge("accept the risk of their own job");
    let told = story.later(0, &["check", "--base", "HEAD~1"]).exits(3);
    told.says("self-review").says("the access of `backup`, an identity they own");

    let honest = ["--rating", "high", "--owner", "ben", "--approver", "ana", "--until", "60d", "--id", "exc-honest"];
    let path = story.excepts(0, &honest).exits(0).out.lines().next().unwrap().to_owned();
    world.sign("ana", &[&path]);
    world.merge("somebody else accepts it");
    story.later(0, &["check", "--base", "HEAD~1"]).exits(0);
    world.write("repo-sessions.csv", "eleven sessions\n");
    let told = ["--statement", "looked at eleven sessions", "--artifact", "../repo-sessions.csv", "--result", "held"];
    let proof = story.later(5, &[&["exception", "record-test", "exc-honest", "--by", "mia"], &told[..]].concat());
    let proof = proof.exits(0).out.lines().next().unwrap().to_owned();
    world.sign("mia", &[&proof]);
    world.merge("they prove the control over their own job");
    story.later(5, &["check", "--base", "HEAD~1"]).exits(3).says("self-review");
}

#[test]
fn the_terms_of_the_mandate_can_be_read() {
    let story = Story::new();
    let terms = story.later(0, &["exception", "requirements"]).exits(0);
    for words in ["critical", "30 days", "every 7 days", "risk-owner"] {
        assert!(terms.out.contains(words), "{}", terms.out);
    }
}
