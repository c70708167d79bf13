//! A change in a pull request: annotations, summary, code scanning, and the plan comment.

use crate::support::fixtures::{Ran, TestRepository, ran};
use crate::support::postgres::Cluster;
use crate::support::{fixtures, host, shop};
use serde_json::Value;
use std::fs;
use std::process::Command;
use tenure::model::Verdict;

/// Runs `tenure` as a step of a job, with a separate summary file that is returned as well.
fn step(world: &TestRepository, arguments: &[&str]) -> (Ran, String) {
    let summary = world.join("summary.md");
    let _ = fs::remove_file(&summary);
    let mut command: Command = world.command(arguments);
    let ran = ran(command.env("GITHUB_STEP_SUMMARY", &summary));
    (ran, fs::read_to_string(&summary).unwrap_or_default())
}

/// Adds a change that main would reject: an unsigned mandate, and a file with a hostile text.
fn careless(world: &TestRepository) {
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    git(&["switch", "--quiet", "--create", "careless"]);
    let mandate = world.read("repo/trust/mandate/1.toml").replacen("version = 1", "version = 2", 1);
    world.write("repo/trust/mandate/2.toml", &mandate);
    world.write("repo/systems/web-2/1.toml", HOSTILE);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "a change"]);
}

#[test]
fn check_writes_annotations_summary_and_sarif() {
    let world = TestRepository::founded();
    careless(&world);
    let (ran, summary) = step(&world, &["check", "--base", "main", "--format", "github", "--sarif", "tenure.sarif"]);
    let ran = ran.exits(3);
    let errors: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("::error ")).collect();
    let place = "::error file=systems/web-2/1.toml,line=3,endLine=3,col=";
    assert!(errors.iter().any(|line| line.starts_with(place)), "{}", ran.out);
    assert!(errors.iter().any(|line| line.contains("file=trust/mandate/2.toml,title=tenure ")), "{}", ran.out);
    assert!(summary.contains("| error ") && summary.contains("2 governed files checked"), "{summary}");
    let sarif: Value = serde_json::from_str(&world.read("repo/tenure.sarif")).unwrap();
    is_sarif(&world, &sarif);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), errors.len());
    let here = results.iter().find(|result| result["ruleId"] == "hidden-text").unwrap();
    let place = &here["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "systems/web-2/1.toml");
    let region = &here["locations"][0]["physicalLocation"]["region"];
    assert_eq!((region["startLine"].as_u64(), region["endLine"].as_u64()), (Some(3), Some(3)), "{here:#}");
    assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64(), "{here:#}");
}

#[test]
fn row_25_what_a_change_says_is_no_command_to_the_runner() {
    let world = TestRepository::founded();
    careless(&world);
    let (ran, summary) = step(&world, &["check", "--base", "main", "--format", "github"]);
    let ours = commands(&ran.out);
    assert!(!ours.is_empty() && ours.iter().all(|line| line.starts_with("::error ")), "{ours:#?}");
    assert!(ran.out.contains("set-output"), "the hostile text is shown, or the test shows nothing:\n{}", ran.out);
    assert!(ran.err.is_empty(), "the runner reads both streams: {}", ran.err);
    for dangerous in ["<img", "::set-output", "@acme", "\u{202e}"] {
        assert!(!summary.contains(dangerous), "{dangerous} in:\n{summary}");
    }
}

#[test]
fn a_fingerprint_stays_when_the_lines_around_it_move() {
    let world = TestRepository::founded();
    careless(&world);
    let fingerprint = |world: &TestRepository| -> (Value, Value) {
        let sarif: Value =
            serde_json::from_str(&world.tenure(&["check", "--base", "main", "--format", "sarif"]).out).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap().clone();
        let here = results.iter().find(|result| result["ruleId"] == "hidden-text").unwrap().clone();
        let line = here["locations"][0]["physicalLocation"]["region"]["startLine"].clone();
        (here["partialFingerprints"]["primaryLocationLineHash"].clone(), line)
    };
    let before = fingerprint(&world);
    world.write("repo/systems/web-2/1.toml", &format!("\n\n{HOSTILE}"));
    world.sandbox().git(world.repo(), &["commit", "--quiet", "--all", "-m", "move it"]);
    let after = fingerprint(&world);
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1, "it has moved");
}

#[test]
fn plan_comment_lists_dependents() {
    let cluster = Cluster::start(&[]);
    let world = shop::opened(&cluster);
    world.decides(|_, item| {
        let ends = ["svc_legacy", "svc_export", "svc_backup", "order_write", "li"];
        if ends.contains(&item.principal.as_str()) {
            item.decision = Some(Verdict::Revoke);
            item.reason = format!("ended: {}", fixtures::reason(item));
        }
    });
    world.merge("decide");
    let comment = world.tenure(&["plan", "--format", "markdown"]);
    assert!(matches!(comment.code, Some(0 | 3)), "{}{}", comment.out, comment.err);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../cases/pull_requests");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("comment", told(&comment.out)));
}

/// Two stages; the first one is assigned to both the owner of the system and the deputy.
const TWO: &str = r#"
[[stage]]
name = "both"
days = 7
reviewers = ["system-owner", "system-deputy"]
reviewers_per_item = 2
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

/// A host with two accounts without other access, assigned to two reviewers.
fn asked() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
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
    world.campaign_with(TWO, &[]);
    world
}

/// Commits the changes that `decide` makes in the work tree to a new branch from main.
fn branch(world: &TestRepository, name: &str, decide: impl FnOnce()) {
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    git(&["switch", "--quiet", "--create", name, "main"]);
    decide();
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", name]);
    git(&["switch", "--quiet", "main"]);
}

/// Decides the review file of a reviewer in a stage, and signs it.
fn answers(world: &TestRepository, reviewer: &str, stage: u32) {
    for path in world.reviews() {
        let mut review = world.review(&path);
        if review.reviewer.as_str() != reviewer || review.stage() != stage {
            continue;
        }
        for item in &mut review.items {
            item.decision = Some(Verdict::Revoke);
            item.reason = format!("ended: {}", fixtures::reason(item));
        }
        fs::write(world.repo().join(&path), tenure::format::codec::render(&review)).unwrap();
        let signers = std::iter::once(&review.reviewer).chain(&review.cosigners);
        signers.for_each(|name| world.sign(name.as_str(), &[&path]));
    }
}

/// Merges two branches into main in this order with git, and returns the tree and the output of `check` for each head.
fn merged(world: &TestRepository, order: [&str; 2]) -> (String, Vec<Ran>) {
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    git(&["switch", "--quiet", "--create", &order.join("-then-"), "main"]);
    let checks = order.map(|name| {
        git(&["merge", "--quiet", "--no-ff", "-m", &format!("merge {name}"), name]);
        assert_eq!(git(&["status", "--porcelain"]), "", "a conflict");
        world.tenure_later(8 * 24 * 60 + 5, &["check", "--base", "HEAD^1"])
    });
    let tree = git(&["rev-parse", "HEAD^{tree}"]);
    git(&["switch", "--quiet", "main"]);
    (tree, checks.into())
}

#[test]
fn two_reviewers_of_one_system_merge_in_both_orders() {
    let world = asked();
    branch(&world, "ana", || answers(&world, "ana", 1));
    branch(&world, "ben", || answers(&world, "ben", 1));
    let one = merged(&world, ["ana", "ben"]);
    let other = merged(&world, ["ben", "ana"]);
    assert_eq!(one.0, other.0, "the same files come out");
    for ran in one.1.into_iter().chain(other.1) {
        ran.exits(0);
    }
}

#[test]
fn late_response_and_stage_close_merge_cleanly() {
    let world = asked();
    branch(&world, "ana", || answers(&world, "ana", 1));
    branch(&world, "close", || {
        let advance = ["campaign", "close-stage", fixtures::CAMPAIGN];
        ran(&mut world.command_in(&world.repo(), 8 * 24 * 60, &advance)).exits(0);
        world.sign("ben", &[&format!("campaigns/{}/stages/1.toml", fixtures::CAMPAIGN)]);
    });
    let (late, checks) = merged(&world, ["close", "ana"]);
    let [close, answer] = <[Ran; 2]>::try_from(checks).ok().unwrap();
    close.exits(0);
    answer.exits(3).says("decision-late");
    let (early, checks) = merged(&world, ["ana", "close"]);
    let [answer, close] = <[Ran; 2]>::try_from(checks).ok().unwrap();
    answer.exits(0);
    close.exits(3).says("campaigns/2026-q4/stages/1.toml");
    assert_eq!(late, early, "git finds no conflict in either order");
}

/// Returns text without the parts that differ between runs: ids of actions, digests, and immutable ids.
fn told(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some((at, mark)) =
        ["act-", "sha256:", "itm-"].iter().filter_map(|mark| Some((rest.find(mark)?, mark))).min()
    {
        let (before, after) = rest.split_at(at + mark.len());
        told.push_str(before);
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        told.push('…');
    }
    told + rest
}

/// Returns the lines that a runner would execute as commands: after `stop-commands`, none until the token.
fn commands(log: &str) -> Vec<&str> {
    let mut token: Option<String> = None;
    let mut found = Vec::new();
    for line in log.lines() {
        let text = line.trim_start();
        match &token {
            Some(waited) if text == format!("::{waited}::") => token = None,
            Some(_) => {}
            None => match text.strip_prefix("::stop-commands::") {
                Some(begun) => token = Some(begun.to_owned()),
                None if text.starts_with("::") || text.contains("##[") => found.push(line),
                None => {}
            },
        }
    }
    assert!(token.is_none(), "the step ends, and commands are still stopped");
    found
}

/// Asserts that a log is valid by SARIF 2.1.0 and the limits of GitHub code scanning.
fn is_sarif(world: &TestRepository, log: &Value) {
    crate::support::sarif::is_sarif(world.sandbox(), &log.to_string());
    assert_eq!(log["version"], "2.1.0");
    only(log, &["$schema", "version", "runs"]);
    let run = &log["runs"][0];
    only(run, &["tool", "automationDetails", "columnKind", "originalUriBaseIds", "results"]);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    only(driver, &["name", "semanticVersion", "version", "rules"]);
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        let keys = ["id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"];
        only(rule, &keys);
        assert!(rule["help"]["text"].as_str().is_some_and(|text| text.starts_with("Next: ")), "{rule:#}");
        let weight = rule["properties"]["security-severity"].as_str().unwrap().parse::<f64>().unwrap();
        assert!((0.0..=10.0).contains(&weight));
    }
    for result in run["results"].as_array().unwrap() {
        only(result, &["ruleId", "ruleIndex", "level", "message", "partialFingerprints", "locations"]);
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        let (digest, twin) = hash.split_once(':').unwrap();
        assert!(digest.len() == 32 && twin.parse::<u32>().is_ok(), "{hash}");
        let place = &result["locations"][0]["physicalLocation"];
        only(place, &["artifactLocation", "region"]);
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.starts_with('/') && !uri.contains([' ', '\\', '<']), "{uri} is no relative reference");
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let region = place["region"].as_object().unwrap();
        assert!(region.values().all(|number| number.as_u64().is_some_and(|number| number > 0)), "{region:?}");
    }
}

fn only(value: &Value, keys: &[&str]) {
    let found: Vec<_> = value.as_object().unwrap().keys().collect();
    assert!(found.iter().all(|key| keys.contains(&key.as_str())), "{found:?} are not all of {keys:?}");
    assert!(keys.iter().all(|key| value.get(key).is_some()), "{found:?} has not all of {keys:?}");
}

/// A system file with an unknown key that looks like commands.
const HOSTILE: &str = "schema = \"tenure/system/v1\"\nsystem = \"web-2\"\n\"::set-output name=x::y ##[add-mask]<img src=x> @acme/admins\" = \"\u{202e}\"\nconnector = \"hosts\"\nowner = \"ana\"\ntier = \"T2\"\nremediation = \"automatic\"\n\n[settings]\nroot = \"../web-2\"\n";
