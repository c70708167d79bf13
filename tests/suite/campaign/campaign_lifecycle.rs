//! Campaign lifecycle: stages and their closes, reminders, recurrence, changes during a campaign, and roles.

use crate::support::fixtures::{CAMPAIGN, KEYS, Ran, TestRepository, ran};
use crate::support::{fixtures, host};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tenure::diag::RenderStyle;
use tenure::format::codec::{parse, render};
use tenure::model::Verdict::{self, Certify, Revoke};
use tenure::model::file::{NoResponseOutcome, Review, StageClose};

pub(super) const DAY: i64 = 24 * 60;

/// A host with two accounts without other access, `old` and `temp`; their owner is `ana`, and `ben` is her deputy.
pub(super) fn company() -> TestRepository {
    let world = TestRepository::founded();
    with_jobs(&world);
    world
}

/// Collects a host with the accounts `old` and `temp`.
pub(super) fn with_jobs(world: &TestRepository) {
    host::lay(world, "web-1");
    for (path, more) in [
        ("etc/passwd", "old:x:1200:1200:old job:/srv/old:/bin/bash\ntemp:x:1201:1201:temporary:/srv/temp:/bin/bash\n"),
        ("etc/shadow", "old:!:20000:0:99999:7:::\ntemp:!:20000:0:99999:7:::\n"),
        ("etc/group", "old:x:1200:\ntemp:x:1201:\n"),
        ("etc/gshadow", "old:!::\ntemp:!::\n"),
    ] {
        let text = world.read(&format!("web-1/{path}")) + more;
        fs::write(world.join(&format!("web-1/{path}")), text).unwrap();
    }
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
}

pub(super) fn define(world: &TestRepository, name: &str, text: &str) {
    let head = "schema = \"tenure/campaign-definition/v1\"\ntitle = \"Accounts\"\nwindow_days = 14\nmax_inventory_age_days = 40\n\
                fallback = \"ben\"\nsecond_fallback = \"mia\"\n";
    world.write(&format!("repo/policies/{name}.toml"), &format!("{head}{text}"));
    world.tenure(&["fmt", &format!("policies/{name}.toml")]).exits(0);
    world.merge("define a campaign");
}

pub(super) fn opened(world: &TestRepository, id: &str, from: &str) {
    world.tenure(&["campaign", "open", id, "--from", &format!("policies/{from}.toml")]).exits(0);
    signed(world, id);
}

fn signed(world: &TestRepository, id: &str) {
    world.sign("ana", &[&format!("campaigns/{id}/campaign.toml")]);
    world.merge("open a campaign");
}

/// Decides the items of a review file by holder, and leaves the others undecided.
pub(super) fn decided(world: &TestRepository, path: &str, decisions: &[(&str, Verdict)]) {
    let file = world.repo().join(path);
    let mut review: Review = parse(path, &fs::read(&file).unwrap())
        .unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())));
    for item in &mut review.items {
        if let Some((_, verdict)) = decisions.iter().find(|(holder, _)| *holder == item.principal || *holder == "*") {
            item.decision = Some(*verdict);
            item.reason = fixtures::reason(item);
            item.until = Some(tenure::model::Timestamp::from_unix(fixtures::NOW).plus_days(20));
        }
    }
    fs::write(&file, render(&review)).unwrap();
    for name in std::iter::once(&review.reviewer).chain(&review.cosigners) {
        world.sign(name.as_str(), &[path]);
    }
    world.merge("decide");
}

pub(super) fn later(world: &TestRepository, days: i64, arguments: &[&str]) -> Ran {
    ran(&mut world.command_in(&world.repo(), days * DAY, arguments))
}

fn close_of(world: &TestRepository, stage: u32) -> StageClose {
    let path = format!("campaigns/{CAMPAIGN}/stages/{stage}.toml");
    parse(&path, &fs::read(world.repo().join(&path)).unwrap()).ok().unwrap()
}

pub(super) const STAGES: &str = r#"on_no_response = "disable"

[[stage]]
name = "the owner"
days = 7
reviewers = ["system-owner"]
reviewers_per_item = 1
strategy = "all-must-accept"

[[stage]]
name = "who stands in"
days = 7
reviewers = ["system-deputy"]
reviewers_per_item = 1
strategy = "all-must-accept"

[[select]]
systems = ["web-1"]
kinds = ["account"]
condition = "grant.principal in ['old', 'temp']"
"#;

#[test]
fn two_stages_go_to_the_end_and_silence_is_a_signed_list() {
    let world = company();
    define(&world, "all", STAGES);
    opened(&world, CAMPAIGN, "all");
    let reviews = format!("campaigns/{CAMPAIGN}/reviews/web-1");
    decided(&world, &format!("{reviews}/ana.toml"), &[("old", Certify)]);

    later(&world, 3, &["campaign", "close-stage", CAMPAIGN])
        .exits(3)
        .says("1 item is open for ana")
        .says("try again at");
    later(&world, 3, &["campaign", "close-stage", "--all"]).exits(0);
    let told = later(&world, 8, &["campaign", "close-stage", CAMPAIGN]).exits(0);
    told.says("stage 1: 1 answered, 1 unanswered")
        .says("advances to the next stage")
        .says("tenure sign campaigns/2026-q4/stages/1.toml");
    let close = close_of(&world, 1);
    assert_eq!(
        (close.answered, close.no_response.len(), close.no_response[0].outcome),
        (1, 1, NoResponseOutcome::Advance)
    );
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/1.toml")]);
    world.merge("close stage 1");

    decided(&world, &format!("{reviews}/ben.toml"), &[("old", Certify)]);
    let told = later(&world, 16, &["campaign", "close-stage", CAMPAIGN]).exits(0);
    told.says("stage 2: 1 answered, 1 unanswered").says("is disabled");
    assert_eq!(close_of(&world, 2).no_response[0].outcome, NoResponseOutcome::Disable);
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/2.toml")]);
    world.merge("close stage 2");
    later(&world, 16, &["check"]).exits(0);
    later(&world, 16, &["campaign", "close-stage", CAMPAIGN]).exits(3).says("all 2 stages are closed");

    let before = world.read("web-1/etc/shadow");
    assert!(before.contains("temp:!:20000:0:99999:7:::"));
    world.enforce_later(16 * DAY, &[]).exits(0).says("1 of 1 action confirmed");
    let after = world.read("web-1/etc/shadow");
    assert!(after.contains("temp:!:20000:0:99999:7::1:"), "{after}");
    assert!(after.contains("old:!:20000:0:99999:7:::"), "{after}");
    later(&world, 17, &["campaign", "status", CAMPAIGN]).says("1 decided by people · 1 by no-response default");
    later(&world, 17, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
    let close = &world.records_of("campaign.close")[0];
    assert_eq!((&close["items"], &close["by_people"]), (&2.into(), &1.into()), "silence is nobody's decision");
    world.audit_is_clean(17 * DAY);
}

/// Twenty accounts, of which a quarter is put to a second person.
const SAMPLED: &str = r#"on_no_response = "disable"

[[stage]]
name = "the owner"
days = 7
reviewers = ["system-owner"]
reviewers_per_item = 1
strategy = "all-must-accept"

[[stage]]
name = "a sample"
days = 7
reviewers = ["system-deputy"]
reviewers_per_item = 1
strategy = "all-must-accept"
sample_percent = 25

[[select]]
systems = ["web-1"]
kinds = ["account"]
condition = "grant.principal.startsWith('job')"
"#;

#[test]
fn sampled_stage_asks_about_a_part_and_the_rest_is_done_before() {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    let all = |line: fn(usize) -> String| (0..20).map(line).collect::<String>();
    for (path, more) in [
        ("etc/passwd", all(|n| format!("job{n:02}:x:{0}:{0}:job:/srv/job{n:02}:/bin/bash\n", 1200 + n))),
        ("etc/shadow", all(|n| format!("job{n:02}:!:20000:0:99999:7:::\n"))),
        ("etc/group", all(|n| format!("job{n:02}:x:{}:\n", 1200 + n))),
        ("etc/gshadow", all(|n| format!("job{n:02}:!::\n"))),
    ] {
        let text = world.read(&format!("web-1/{path}")) + &more;
        fs::write(world.join(&format!("web-1/{path}")), text).unwrap();
    }
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    define(&world, "all", SAMPLED);
    opened(&world, CAMPAIGN, "all");
    let reviews = format!("campaigns/{CAMPAIGN}/reviews/web-1");
    let (first, second) = (format!("{reviews}/ana.toml"), format!("{reviews}/ben.toml"));
    let names = |path: &str| world.review(path).items.into_iter().map(|item| item.principal).collect::<Vec<_>>();
    let sample = names(&second);
    assert!(names(&first).len() == 20 && (1..15).contains(&sample.len()), "{sample:?}");
    let outside: Vec<String> = names(&first).into_iter().filter(|name| !sample.contains(name)).collect();

    // One account outside the sample gets no response, one is removed; all others are kept.
    let [silent, removed, ..] = outside.as_slice() else { panic!("{outside:?}") };
    let kept =
        |name: &String| (name != silent).then_some((name.clone(), if name == removed { Revoke } else { Certify }));
    let decisions: Vec<(String, Verdict)> = names(&first).iter().filter_map(kept).collect();
    let decisions: Vec<(&str, Verdict)> = decisions.iter().map(|(name, verdict)| (name.as_str(), *verdict)).collect();
    decided(&world, &first, &decisions);
    later(&world, 1, &["check"]).exits(0);
    let waiting = sample.len() + 1;
    later(&world, 1, &["campaign", "status", CAMPAIGN]).says(&format!("{waiting} undecided"));
    later(&world, 8, &["campaign", "close-stage", CAMPAIGN]).exits(0).says("stage 1: 19 answered, 1 unanswered");
    assert_eq!(close_of(&world, 1).no_response[0].outcome, NoResponseOutcome::Disable, "no later stage asks about it");
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/1.toml")]);
    world.merge("close stage 1");

    // The second person disagrees about one account, and it goes.
    let torn = &sample[0];
    let decisions: Vec<(&str, Verdict)> =
        sample.iter().map(|name| (name.as_str(), if name == torn { Revoke } else { Certify })).collect();
    decided(&world, &second, &decisions);
    later(&world, 9, &["campaign", "close-stage", CAMPAIGN])
        .exits(0)
        .says(&format!("stage 2: {} answered, 0 unanswered", sample.len()));
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/2.toml")]);
    world.merge("close stage 2");
    later(&world, 9, &["check"]).exits(0);
    world.enforce_later(9 * DAY, &[]).exits(0).says("3 of 3 actions confirmed");
    later(&world, 10, &["campaign", "status", CAMPAIGN]).says("19 decided by people · 1 by no-response default");
    later(&world, 10, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0);
    world.audit_is_clean(10 * DAY);
}

#[test]
fn silence_never_takes_more_than_its_cap() {
    let world = company();
    define(
        &world,
        "all",
        &format!("max_no_response_removals = 1\n{STAGES}").replace(
            "max_no_response_removals = 1\non_no_response = \"disable\"",
            "on_no_response = \"disable\"\nmax_no_response_removals = 1",
        ),
    );
    opened(&world, CAMPAIGN, "all");
    later(&world, 8, &["campaign", "close-stage", CAMPAIGN]).exits(0).says("2 unanswered");
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/1.toml")]);
    world.merge("close stage 1");
    let refused = later(&world, 16, &["campaign", "close-stage", CAMPAIGN]).exits(3);
    refused.says("closing stage 2 would remove 2 unanswered items; the definition allows 1").says("fallback");
    assert!(!world.repo().join(format!("campaigns/{CAMPAIGN}/stages/2.toml")).exists());
}

#[test]
fn reminders_are_sent_once_at_highest_level() {
    let world = company();
    define(&world, "all", STAGES);
    opened(&world, CAMPAIGN, "all");
    let due = |days: i64, more: &[&str]| later(&world, days, &[&["campaign", "remind"], more].concat()).exits(0);
    due(0, &[]).says("[2026-q4] stage 1: 2 items of ana to decide by 2026-11-30 → ana");
    due(4, &[]).says("undecided, due on 2026-11-30");
    let issues = due(4, &[&["--output-format", "issues", "--record"], KEYS].concat());
    let issues: serde_json::Value = serde_json::from_str(&issues.out).unwrap();
    assert_eq!(issues[0]["labels"], serde_json::json!(["tenure", "campaign:2026-q4", "reminder-50"]));
    assert_eq!(issues[0]["marker"], "<!-- tenure-notice 2026-q4/1/reminder-50/ana -->");
    assert!(issues[0]["body"].as_str().unwrap().ends_with("<!-- tenure-notice 2026-q4/1/reminder-50/ana -->\n"));
    let recorded = world.records_of("notice");
    assert_eq!((recorded.len(), recorded[0]["id"].as_str()), (1, Some("2026-q4/1/reminder-50/ana")));
    due(4, &[]).says("no reminders are due");
    due(8, &[]).says("a fallback is asked").says("ben");
    due(13, &[]).says("the owners of the campaign are asked").says("mia");
    due(20, &[]).says("to apply the default");
    decided(&world, &format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml"), &[("*", Certify)]);
    due(20, &[]).says("no reminders are due");
    let _ = world.audit(20 * DAY).says("integrity    nothing found · 4 records");
}

#[test]
fn repeated_non_response_is_a_finding_until_an_answer() {
    let world = company();
    define(
        &world,
        "rules",
        "on_no_response = \"open\"\n\n[[select]]\nsystems = [\"web-1\"]\nkinds = [\"account\"]\ncondition = \"grant.principal in ['old', 'temp']\"\n",
    );
    let missed = |id: &str, days: i64| {
        later(&world, days, &["campaign", "open", id, "--from", "policies/rules.toml"]).exits(0);
        signed(&world, id);
        later(&world, days + 15, &["campaign", "close-stage", id]).exits(0).says("0 answered");
        world.sign("ana", &[&format!("campaigns/{id}/stages/1.toml")]);
        world.merge("close the stage");
    };
    missed("2026-q1", 0);
    later(&world, 15, &["campaign", "status", "2026-q1"]).hides("campaigns in a row");
    missed("2026-q2", 16);
    let status = later(&world, 31, &["campaign", "status", "2026-q2"]).exits(3);
    status.says("did not answer 2 campaigns in a row: 2026-q1, 2026-q2");
    later(&world, 31, &["campaign", "open", "2026-q3", "--from", "policies/rules.toml"]).exits(0);
    signed(&world, "2026-q3");
    decided(&world, "campaigns/2026-q3/reviews/web-1/ana.toml", &[("old", Revoke)]);
    later(&world, 31, &["campaign", "status", "2026-q3"]).hides("campaigns in a row");
}

pub(super) fn li(status: &str) -> String {
    format!(
        "schema = \"tenure/principals/v1\"\n\n[[principal]]\nid = \"li\"\nkind = \"person\"\nstatus = \"{status}\"\n\
         accounts = [\"web-1:uid:1201\"]\n"
    )
}

#[test]
fn a_leaver_opens_a_campaign_over_what_they_hold_and_only_one() {
    let world = company();
    world.write("repo/principals.toml", &li("active"));
    define(
        &world,
        "leavers",
        "on_no_response = \"disable\"\ntriggers = [\"leaver\"]\n\n[[select]]\nkinds = [\"account\"]\n",
    );
    world.tenure(&["campaign", "schedule"]).exits(0).says("no campaign is due");
    world.write("repo/principals.toml", &li("left"));
    world.merge("li left");
    let told = world.tenure(&["campaign", "schedule"]).exits(0).says("leaver li: left");
    told.says("--from policies/leavers.toml --subject web-1:uid:1201 --reason 'leaver li: left'");
    let told = world.tenure(&["campaign", "schedule", "--open"]).exits(0).says("1 item,");
    let id = told.out.lines().find_map(|line| line.split_once(": 1 item,")).unwrap().0.to_owned();
    assert!(id.starts_with("leaver-li-"), "{id}");
    world.tenure(&["campaign", "schedule"]).exits(0).says("no campaign is due");
    signed(&world, &id);
    world.tenure(&["campaign", "schedule"]).exits(0).says("no campaign is due");
    world.tenure(&["campaign", "status", &id]).exits(0).says("temp");
    let _ = world.audit(0).says("coverage     1 finding · 1 campaign, 1 item").hides("error");
}

const CHANGING: &str = "on_no_response = \"open\"\n\n[[select]]\nsystems = [\"web-1\"]\nkinds = [\"account\", \"membership\"]\n\
                        condition = \"grant.principal == 'temp'\"\n";

#[test]
fn added_access_keeps_campaign_open_until_reviewed() {
    let world = company();
    define(&world, "all", CHANGING);
    opened(&world, CAMPAIGN, "all");
    decided(&world, &format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml"), &[("*", Certify)]);
    for path in ["etc/group", "etc/gshadow"] {
        let text = world.read(&format!("web-1/{path}")).replace("deploy,li", "deploy,li,temp");
        fs::write(world.join(&format!("web-1/{path}")), text).unwrap();
    }
    world.collected(&["web-1"]);
    let close = [&["campaign", "close", CAMPAIGN], KEYS].concat();
    let refused = world.tenure(&close).exits(3);
    refused.says("error[population-changed]").says("group docker").says("tenure campaign supplement 2026-q4");
    world.tenure(&["campaign", "status", CAMPAIGN]).says("1 not reviewed").says("not reviewed");

    world.tenure(&["campaign", "supplement", CAMPAIGN]).exits(0).says("2026-q4-late: 1 item,");
    signed(&world, "2026-q4-late");
    world.tenure(&["campaign", "status", CAMPAIGN]).says("covered by campaign 2026-q4-late");
    world.tenure(&["campaign", "supplement", CAMPAIGN]).exits(0).says("no change needs a review");
    world.tenure(&close).exits(0);
    let refused = world.tenure(&["campaign", "close-stage", CAMPAIGN]).exits(3).says("error[campaign-closed]");
    refused.says("closed on 2026-11-23").says("by record 3 of the evidence").says("tenure campaign status 2026-q4");
    assert!(!world.repo().join(format!("campaigns/{CAMPAIGN}/stages")).exists(), "no stage of it is open");
    assert_eq!(world.records_of("campaign.close")[0]["followed_by"], serde_json::json!(["2026-q4-late"]));
}

#[test]
fn group_contents_are_reviewed_once() {
    let world = company();
    define(&world, "all", "on_no_response = \"open\"\n\n[[select]]\nsystems = [\"web-1\"]\nrole_contents = true\n");
    opened(&world, CAMPAIGN, "all");
    assert_eq!(world.items(), ["%sudo: rule sudo (ALL:ALL) ALL"]);
    decided(&world, &format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml"), &[("*", Revoke)]);
    let plan = world.tenure(&["plan", "--format", "json"]);
    for loser in ["ben", "svc_backup", "svc_export"] {
        assert!(plan.out.contains(&format!("\"principal\":\"{loser}\"")), "{loser}: {}", plan.out);
    }
}

const IN_DOCKER: &str = "kinds = [\"membership\"]\ncondition = \"grant.entitlement == 'group docker'\"\n";

fn sudoers(world: &TestRepository, name: &str, text: &str) {
    let path = world.join(&format!("web-1/etc/sudoers.d/{name}"));
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
}

#[test]
fn extended_role_is_reviewed_with_its_members() {
    let world = company();
    define(
        &world,
        "all",
        &format!("on_no_response = \"open\"\ntriggers = [\"role-changed\"]\n\n[[select]]\n{IN_DOCKER}"),
    );
    opened(&world, CAMPAIGN, "all");
    let ana = |id: &str| format!("campaigns/{id}/reviews/web-1/ana.toml");
    decided(&world, &ana(CAMPAIGN), &[("*", Certify)]);
    sudoers(&world, "docker", "%docker ALL=(root) NOPASSWD: /usr/bin/docker\n");
    world.collected(&["web-1"]);

    let close = [&["campaign", "close", CAMPAIGN], KEYS].concat();
    world.tenure(&close).exits(3).says("population-changed").says("was raised since the population was frozen");
    let told = world.tenure(&["campaign", "schedule"]).exits(0).says("role-changed web-1 group docker: gained 1: ");
    told.says("--role web-1:gid:998");
    let told = world.tenure(&["campaign", "schedule", "--open"]).exits(0).says("2 items");
    let id = told.out.lines().find_map(|line| line.split_once(": 2 items")).unwrap().0.to_owned();
    let review = world.read(&format!("repo/{}", ana(&id)));
    assert!(review.contains("gives 1 entitlement: sudo (root) NOPASSWD: /usr/bin/docker"), "{review}");
    assert!(review.contains("changed since it was certified on 2026-11-23: gained 1: sudo (root)"), "{review}");
    signed(&world, &id);
    world.tenure(&["campaign", "schedule"]).exits(0).says("no campaign is due");
    world.tenure(&["campaign", "status", CAMPAIGN]).says(&format!("covered by campaign {id}"));
    world.tenure(&close).exits(0);
}

#[test]
fn single_entitlement_of_role_is_removed() {
    let world = company();
    sudoers(&world, "drill", "%sudo ALL=(root) /usr/bin/id\n");
    world.collected(&["web-1"]);
    let select = "kinds = [\"membership\"]\ncondition = \"grant.entitlement == 'group sudo' && grant.principal == 'svc_export'\"\n";
    define(&world, "all", &format!("on_no_response = \"open\"\n\n[[select]]\n{select}"));
    opened(&world, CAMPAIGN, "all");
    let path = format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml");
    let shown = world.tenure(&["campaign", "summary", CAMPAIGN]).exits(0);
    shown.says("gives 2 entitlements");
    let file = world.repo().join(&path);
    let mut review: Review = parse(&path, &fs::read(&file).unwrap()).ok().unwrap();
    review.items[0].decision = Some(Verdict::Reduce);
    review.items[0].to = Some("without sudo (ALL:ALL) ALL".to_owned());
    review.items[0].reason = "excessive: the export needs nothing but id".to_owned();
    fs::write(&file, render(&review)).unwrap();
    for name in std::iter::once(&review.reviewer).chain(&review.cosigners) {
        world.sign(name.as_str(), &[&path]);
    }
    world.merge("decide");
    let plan = world.tenure(&["plan"]).says("nested-in-role").says("which 2 other principals have too");
    plan.says("split: create a role with `sudo (root) /usr/bin/id`, add `svc_export` to it").says("supports no denial");
    let shadow = world.read("web-1/etc/group");
    world.enforce(&[]);
    assert_eq!(world.read("web-1/etc/group"), shadow, "nobody loses anything by it");

    // A person removes the member, but another file gives the same access: the decision is not met.
    for name in ["web-1/etc/group", "web-1/etc/gshadow"] {
        let file = world.join(name);
        let told = fs::read_to_string(&file).unwrap();
        fs::write(&file, told.replace("ben,svc_export,svc_backup", "ben,svc_backup")).unwrap();
    }
    sudoers(&world, "export", "svc_export ALL=(ALL:ALL) ALL\n");
    world.collected(&["web-1"]);
    world
        .tenure(&["plan"])
        .says("nested-in-role")
        .says("is no longer in `group sudo`, but still has `sudo (ALL:ALL) ALL`");
    fs::remove_file(world.join("web-1/etc/sudoers.d/export")).unwrap();
    world.collected(&["web-1"]);
    world.tenure(&["plan"]).hides("nested-in-role").says("gone by every path");
}

#[test]
fn recurrence_opens_campaign_with_unanswered_items() {
    let world = company();
    define(
        &world,
        "all",
        &STAGES.replace("on_no_response = \"disable\"", "on_no_response = \"open\"\nrecurrence_days = 90"),
    );
    let told = world.tenure(&["campaign", "schedule"]).exits(0).says("it was never opened");
    told.says("tenure campaign open all-2026-11-23 --from policies/all.toml");
    let told = world.tenure(&["campaign", "schedule", "--open", "--format", "human"]).exits(0).says("2 items");
    let id = told.out.lines().find_map(|line| line.split_once(": 2 items")).unwrap().0.to_owned();
    signed(&world, &id);
    world.tenure(&["campaign", "schedule"]).exits(0).says("no campaign is due");
    later(&world, 89, &["campaign", "schedule"]).exits(0).says("no campaign is due");
    later(&world, 90, &["campaign", "schedule"]).exits(0).says("recurs every 90 days");
    later(&world, 90, &["campaign", "schedule", "--open"]).exits(3).says("inventory-stale");

    decided(&world, &format!("campaigns/{id}/reviews/web-1/ana.toml"), &[("old", Certify)]);
    let again = ["campaign", "open", "again", "--from", "policies/all.toml", "--unanswered-in", &id];
    world.tenure(&again).exits(0).says("again: 1 item,");
    signed(&world, "again");
    let review = world.read("repo/campaigns/again/reviews/web-1/ana.toml");
    assert!(review.contains("principal = \"temp\"") && !review.contains("principal = \"old\""), "{review}");
    later(&world, 90, &["campaign", "schedule"]).exits(0).says("recurs every 90 days");
}

#[test]
fn a_delegation_is_written_signed_and_bounded() {
    let world = company();
    define(&world, "all", STAGES);
    opened(&world, CAMPAIGN, "all");
    let delegate =
        |more: &[&str]| world.tenure(&[&["campaign", "delegate", CAMPAIGN, "--reason", "on leave"], more].concat());
    delegate(&["--from", "mia", "--to", "ben"]).exits(1).says("`mia` has no items in");
    delegate(&["--from", "ana", "--to", "ana"]).exits(1).says("already decides their own items");
    delegate(&["--from", "ana", "--to", "li"]).exits(1).says("has no active key");
    delegate(&["--from", "ana", "--to", "mia", "--until", "90d"]).exits(1).says("but the campaign is open until");
    let written = delegate(&["--from", "ana", "--to", "mia", "--until", "5d"]).exits(0);
    written.says("mia decides for ana in 2026-q4 until 2026-11-28").says("ana signs it: tenure sign delegations/");
    let path = "delegations/2026-q4-ana.toml";
    world.sign("ana", &[path]);
    world.merge("delegate");
    world.tenure(&["check"]).exits(0);
    world.tenure(&["campaign", "remind"]).exits(0).says("2 items of ana to decide by 2026-11-30 → ana, mia");
    later(&world, 5, &["campaign", "remind"]).exits(0).says("undecided, due on 2026-11-30 → ana\n");

    // The delegate's decision counts as the answer of the delegating reviewer.
    let stub = format!("campaigns/{CAMPAIGN}/reviews/web-1/ana.toml");
    let mut review: Review = parse(&stub, world.read(&format!("repo/{stub}")).as_bytes()).ok().unwrap();
    review.reviewer = tenure::model::PrincipalId::parse("mia").unwrap();
    let own = format!("campaigns/{CAMPAIGN}/reviews/web-1/mia.toml");
    fs::write(world.repo().join(&own), render(&review)).unwrap();
    decided(&world, &own, &[("*", Certify)]);
    world.tenure(&["check"]).exits(0);
    later(&world, 1, &["campaign", "close-stage", CAMPAIGN]).exits(0).says("stage 1: 2 answered, 0 unanswered");

    world.write("repo/principals.toml", &li("left").replace("id = \"li\"", "id = \"mia\""));
    world.merge("mia left");
    delegate(&["--from", "ana", "--to", "mia"]).exits(1).says("`mia` has left");
}

#[test]
fn stage_close_with_unreadable_inventory_is_an_error() {
    let world = company();
    define(&world, "all", &format!("on_no_response = \"disable\"\n\n[[select]]\n{IN_DOCKER}"));
    opened(&world, CAMPAIGN, "all");
    let stage = world.repo().join(format!("campaigns/{CAMPAIGN}/stages/1.toml"));
    let dependent = "required by the outcome of unanswered items in stage 1 of `2026-q4`";

    // Whether an item of tier T0 or T1 is disabled or excepted depends on its use.
    let usage = "inventory/web-1/usage.jsonl";
    let text = world.read(&format!("repo/{usage}"));
    world.write(&format!("repo/{usage}"), &text.replacen('\n', " \n", 1));
    world.merge("damage an inventory");
    let refused = later(&world, 15, &["campaign", "close-stage", CAMPAIGN]).exits(1);
    refused.says("error[inventory-inconsistent]").says(usage).says(dependent).says("tenure collect web-1");
    let refused = later(&world, 15, &["campaign", "close-stage", "--all"]).exits(1);
    refused.says("error[inventory-inconsistent]").says(dependent);
    assert!(!stage.exists());

    fs::remove_dir_all(world.repo().join("inventory/web-1")).unwrap();
    world.merge("delete an inventory");
    let refused = later(&world, 15, &["campaign", "close-stage", CAMPAIGN]).exits(1);
    refused.says("error[inventory-missing]: `web-1` has no inventory").says(dependent);
    assert!(!stage.exists());

    world.collected(&["web-1"]);
    later(&world, 15, &["campaign", "close-stage", CAMPAIGN]).exits(0);
}

#[test]
fn no_response_on_used_critical_access_requires_exception() {
    let world = company();
    define(&world, "all", &format!("on_no_response = \"disable\"\n\n[[select]]\n{IN_DOCKER}"));
    opened(&world, CAMPAIGN, "all");
    later(&world, 15, &["campaign", "close-stage", CAMPAIGN])
        .exits(0)
        .says("needs an exception or a decision of a fallback");
    assert!(close_of(&world, 1).no_response.iter().all(|silent| silent.outcome == NoResponseOutcome::Except));
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/1.toml")]);
    world.merge("close stage 1");
    let told = later(&world, 15, &["campaign", "status", CAMPAIGN]).says("0 decided by people");
    told.says("no response; needs an exception").says("tenure exception new").says("fallback");
    later(&world, 15, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(3).says("item-undecided");

    // The exception defers the decision by at most two weeks, without being one.
    let items: Vec<_> = close_of(&world, 1).no_response.iter().map(|silent| silent.item.to_string()).collect();
    let except = |item: &str, until: &str| {
        let told = ["--reason", "its owner is away", "--compensating", "its sessions are recorded"];
        let who = ["--rating", "high", "--owner", "ben", "--approver", "mia", "--until", until];
        later(&world, 15, &[&["exception", "new", item], &told[..], &who].concat())
    };
    let refused =
        except(&items[0], "60d").exits(1).says("error[exception-no-response]").says("may last at most 14 days");
    refused.says("campaigns/2026-q4/stages/1.toml").says("--until 14d; or have a fallback decide: tenure review");
    for item in &items {
        let told = except(item, "14d").exits(0).says("the exception is temporary, and the item stays undecided");
        world.sign("mia", &[told.out.lines().next().unwrap()]);
    }
    world.merge("buy time");
    later(&world, 15, &["check", "--base", "HEAD~1"]).exits(0);
    later(&world, 15, &["check"]).exits(0).says("warning[excepted-undecided]");
    let listed = later(&world, 15, &["exception", "list"]).exits(3).says("medium[excepted-undecided]");
    listed.says("no response before campaigns/2026-q4/stages/1.toml").says("a fallback decides before it ends");
    let told = later(&world, 15, &["campaign", "status", CAMPAIGN]).says("0 decided by people");
    told.says(&format!("{} undecided, excepted", items.len()));
    later(&world, 15, &[&["campaign", "close", CAMPAIGN], KEYS].concat()).exits(0).says("2 by exception");
    let close = &world.records_of("campaign.close")[0];
    assert_eq!((&close["by_people"], &close["verdicts"]), (&0.into(), &serde_json::json!({"none": 2})));
    world.audit(15 * DAY).exits(3).says("excepted-undecided");
    later(&world, 30, &["campaign", "status", CAMPAIGN]).exits(3).says("no response; needs an exception");
    later(&world, 30, &["exception", "list"]).exits(3).says("exception-lapsed");
    later(&world, 15, &["exception", "requirements"]).exits(0).says("for an item without a response: at most 14 days");
}

#[test]
fn a_campaign_whose_fallback_cannot_decide_does_not_open() {
    let world = company();
    define(&world, "all", STAGES);
    let usual = world.read("repo/policies/all.toml");
    for (fallback, status, why) in [("li", "active", "has no active key"), ("mia", "left", "left")] {
        world.write("repo/principals.toml", &li(status).replace("id = \"li\"", &format!("id = \"{fallback}\"")));
        let text = usual.replace("second_fallback = \"mia\"", &format!("second_fallback = \"{fallback}\""));
        world.write("repo/policies/all.toml", &text);
        world.merge("name a fallback");
        let refused = world.tenure(&["campaign", "open", CAMPAIGN, "--from", "policies/all.toml"]).exits(1);
        refused
            .says("error[fallback-ineligible]")
            .says("--> policies/all.toml:6:19")
            .says(&format!("`{fallback}` is the second fallback of this campaign but {why}"));
        assert!(!world.repo().join(format!("campaigns/{CAMPAIGN}")).exists());
    }
}
