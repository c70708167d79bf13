//! Reviewers who did not respond in two campaigns in a row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

#[path = "support/host.rs"]
mod host;
mod support;
#[path = "support/world.rs"]
mod world;

use world::{KEYS, Ran, World, ran};

const DAY: i64 = 24 * 60;
const DEFINITION: &str = "schema = \"tenure/campaign-definition/v1\"\ntitle = \"Accounts\"\nwindow_days = 14\n\
                          fresh_days = 90\nfallback = \"ben\"\nsecond_fallback = \"mia\"\non_silence = \"open\"\n\n\
                          [[select]]\nsystems = [\"web-1\"]\nkinds = [\"account\"]\n\
                          cel = \"grant.principal in ['deploy', 'svc_export']\"\n";
const BACKUP: &str = "schema = \"tenure/principals/v1\"\n\n[[principal]]\nid = \"backup\"\nkind = \"service\"\n\
                      status = \"active\"\naccounts = [\"web-1:uid:1102\"]\nowner = \"ana\"\n";

fn later(world: &World, days: i64, arguments: &[&str]) -> Ran {
    ran(&mut world.command_in(&world.repo(), days * DAY, arguments))
}

fn opened(world: &World, days: i64, id: &str) {
    later(world, days, &["campaign", "open", id, "--from", "policies/rules.toml"]).exits(0);
    world.sign("ana", &[&format!("campaigns/{id}/campaign.toml")]);
    world.merge("open a campaign");
}

/// Closes the only stage of a campaign that nobody has answered.
fn passed(world: &World, days: i64, id: &str) {
    later(world, days, &["campaign", "advance", id]).exits(0).says("0 answered");
    world.sign("ana", &[&format!("campaigns/{id}/stages/1.toml")]);
    world.merge("close the stage");
}

#[test]
fn resources_of_unresponsive_owner_need_new_owner() {
    let world = World::founded(&["web-1"]);
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.write("repo/principals/web-1.toml", BACKUP);
    world.write("repo/policies/rules.toml", DEFINITION);
    world.collected(&["web-1"]);
    opened(&world, 0, "2026-q1");
    passed(&world, 15, "2026-q1");
    later(&world, 15, &["campaign", "due"]).exits(0).hides("missed");
    opened(&world, 20, "2026-q2");
    passed(&world, 35, "2026-q2");

    let due = later(&world, 35, &["campaign", "due"]).exits(0);
    let due = due.says("[2026-q2] ana missed two campaigns in a row, 2026-q1 and 2026-q2").says("→ ana, ben, mia");
    let due = due.says("the system web-1: `owner` in systems/web-1.toml");
    due.says("the non-human identity backup: `owner` in principals/web-1.toml").says("git switch -c owners-after-ana");
    let issues = later(&world, 35, &[&["campaign", "due", "--as", "issues", "--record"], KEYS].concat()).exits(0);
    let issues: serde_json::Value = serde_json::from_str(&issues.out).unwrap();
    assert_eq!(issues[0]["labels"], serde_json::json!(["tenure", "campaign:2026-q2", "reassign"]));
    let body = issues[0]["body"].as_str().unwrap();
    assert!(body.contains("| the system web-1 | systems/web-1.toml |"), "{body}");
    assert!(body.ends_with("<!-- tenure-notice 2026-q2/1/reassign/ana -->\n"), "{body}");
    assert_eq!(world.records_of("notice")[0]["event"], "reassign");
    later(&world, 36, &["campaign", "due"]).exits(0).says("nobody is to be told anything now");

    // Meanwhile who stands in is asked, and knows why.
    let other = world.copied();
    opened(&world, 36, "2026-q3");
    let asked = later(&world, 36, &["campaign", "status", "2026-q3"]);
    asked.says("deputy for the system, as ana missed two campaigns: 2026-q1, 2026-q2");
    assert!(!world.repo().join("campaigns/2026-q3/reviews/web-1/ana.toml").exists(), "ana is not asked");
    later(&world, 36, &["check"]).exits(0);

    // With another owner that is over.
    for file in ["systems/web-1.toml", "principals/web-1.toml"] {
        let text = other.read(&format!("repo/{file}"));
        other.write(&format!("repo/{file}"), &text.replace("owner = \"ana\"", "owner = \"mia\""));
    }
    other.merge("mia owns them now");
    opened(&other, 36, "2026-q3");
    assert!(other.repo().join("campaigns/2026-q3/reviews/web-1/mia.toml").exists(), "the new owner is asked");
    later(&other, 36, &["campaign", "status", "2026-q3"]).hides("missed");
}
