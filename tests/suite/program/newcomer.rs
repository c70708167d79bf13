//! Mistakes of first use, and the message that each of them gets.

use crate::support::fixtures::{KEYS, TestRepository, ran};
use crate::support::host;
use crate::support::terminal::Terminal;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use tenure::format::codec::render;
use tenure::format::ssh_keys::{PrivateKey, Signer as _};
use tenure::model::{Digest, Timestamp, Verdict, file::Review};

/// One host with a campaign whose decisions are on main; the engine may change it.
static DECIDED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world
});

/// One host with an open campaign, and no decisions.
static OPENED: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", host::KINDS)]);
    world
});

const OPENING: &str = "campaigns/2026-q4/campaign.toml";

#[test]
fn sign_with_public_key_and_no_agent_names_private_key() {
    let told = DECIDED.tenure(&["sign", OPENING, "--key", "../keys/ana.pub"]).exits(1);
    told.says("../keys/ana.pub is a public key, and no ssh-agent is running").says("--key ../keys/ana,");
}

#[test]
fn sign_with_unregistered_key_says_how_to_register() {
    let world = DECIDED.copied();
    let key = PrivateKey::from_seed(Digest::of("a stranger").as_bytes());
    world.write("keys/stranger", &key.to_openssh("stranger").unwrap());
    let told = world.tenure(&["sign", OPENING, "--key", "../keys/stranger"]).exits(1);
    told.says(&key.public_key().fingerprint()).says("add it to the next trust/registry/N.toml");
}

#[test]
fn sign_by_other_person_is_refused() {
    let world = OPENED.copied();
    let (path, review) = first_review(&world);
    let names = [review.reviewer.as_str()].into_iter().chain(review.cosigners.iter().map(|name| name.as_str()));
    let names: Vec<&str> = names.collect();
    let other = ["ana", "ben", "mia"].into_iter().find(|name| !names.contains(name)).expect("a third person");
    let told = world.tenure(&["sign", &path, "--key", &format!("../keys/{other}")]).exits(1);
    told.says("error[signer-not-named]").says(names[0]);
    assert!(!world.repo().join(format!("{path}.{other}.sig")).exists());
}

#[test]
fn sign_without_reason_is_refused() {
    let world = OPENED.copied();
    let (path, mut review) = first_review(&world);
    review.items[0].decision = Some(Verdict::Revoke);
    review.items[0].reason = String::new();
    fs::write(world.repo().join(&path), render(&review)).unwrap();
    let key = format!("../keys/{}", review.reviewer);
    world
        .tenure(&["sign", &path, "--key", &key])
        .exits(1)
        .says("error[decision-incomplete]")
        .says("`revoke` needs a `reason`");
}

#[test]
fn sign_certification_of_tier_0_without_end_is_refused() {
    let world = OPENED.copied();
    let is_top = |review: &Review| review.items.iter().position(|item| item.tier == tenure::model::Tier::T0);
    let mut reviews = world.reviews().into_iter().map(|path| (world.review(&path), path));
    let (mut review, path) = reviews.find(|(review, _)| is_top(review).is_some()).expect("an item of tier T0");
    let place = is_top(&review).unwrap();
    review.items[place].decision = Some(Verdict::Certify);
    review.items[place].reason = "in-use-needed: runs the nightly jobs of this host".to_owned();
    fs::write(world.repo().join(&path), render(&review)).unwrap();
    let key = format!("../keys/{}", review.reviewer);
    let told = world.tenure(&["sign", &path, "--key", &key]).exits(1);
    assert!(told.err.contains("decision-incomplete") || told.err.contains("certify-against-policy"), "{}", told.err);
}

#[test]
fn check_of_unsigned_review_names_signers_and_command() {
    let world = OPENED.copied();
    let git = |arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    git(&["switch", "--quiet", "-c", "reviews"]);
    world.proposed("reviews", &host::all_decisions(&["web-1"]), false);
    let told = world.tenure(&["check", "--base", "origin/main"]).exits(3);
    let (path, review) = first_review(&world);
    told.says("below-threshold").says(&format!("may sign: `{}`", review.reviewer)).says(&format!("tenure sign {path}"));
}

#[test]
fn check_mentions_files_that_are_not_committed() {
    let world = DECIDED.copied();
    world.write("repo/systems/web-2/1.toml", "tear = \"T2\"\n");
    let told = world.tenure(&["check"]).exits(0);
    told.says("1 governed file is not committed and not checked").says("systems/web-2/1.toml");
}

#[test]
fn detached_head_names_the_commit_in_use() {
    let world = DECIDED.copied();
    world.sandbox().git(world.repo(), &["checkout", "--quiet", "--detach", "HEAD~1"]);
    world.tenure(&["plan"]).exits(0).says("HEAD is detached at").says("origin/main is used, at");
}

#[test]
fn unpushed_main_names_the_commit_in_use() {
    let world = DECIDED.copied();
    world.sandbox().git(world.repo(), &["commit", "--quiet", "--allow-empty", "-m", "not pushed"]);
    world.tenure(&["plan"]).exits(0).says("your branch main is not pushed: origin/main is used, at");
}

#[test]
fn clone_without_evidence_says_so_before_the_plan() {
    let world = DECIDED.copied();
    world.enforce(&[]).exits(0);
    world.sandbox().git(world.path(), &["clone", "--quiet", "-o", "upstream", "remote.git", "other"]);
    let told = ran(&mut world.command_in(&world.join("other"), 0, &["plan"])).exits(0);
    told.says("no evidence branch found (origin/evidence)").says("git remote rename upstream origin");
    world.tenure(&["plan"]).exits(0).hides("no evidence branch");
}

#[test]
fn missing_pin_says_where_to_get_it() {
    let mut world = DECIDED.copied();
    world.without_pin();
    world.tenure(&["plan"]).exits(1).says("no root pin is set").says("ask a person who uses this repository");
}

#[test]
fn enforce_at_a_terminal_needs_the_pin() {
    let mut world = DECIDED.copied();
    world.without_pin();
    for words in [&[&["enforce"], KEYS].concat()[..], &["audit"]] {
        let (code, text) = at_terminal(&world, words).ends();
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("no root pin is set") && text.contains("--trust-on-first-use"), "{text}");
    }
    host::is_untouched(&world.join("web-1"));
    let (code, text) = at_terminal(&world, &["plan"]).ends();
    assert_eq!(code, Some(0), "{text}");
    let trusted = world.tenure(&[&["enforce", "--trust-on-first-use"], KEYS].concat()).exits(0);
    trusted.says("warning[root-not-pinned]").says("trusting the root in this repository");
}

#[test]
fn wrong_pin_is_one_finding() {
    let world = DECIDED.copied();
    let wrong = format!("sha256:{}", "0".repeat(64));
    let audited = world.tenure(&["audit", "--root", &wrong]).exits(3);
    audited.says("integrity    1 finding").says("root-pin-mismatch").hides("no-trust");
    let checked = world.tenure(&["check", "--root", &wrong]).exits(3);
    checked.says("1 error").says("root-pin-mismatch").hides("no-trust");
}

#[test]
fn wrong_engine_key_says_which() {
    let world = DECIDED.copied();
    let commit = ["enforce", "--commit-key", "../keys/ana", "--log-key", "../keys/engine-log"];
    world.tenure(&commit).exits(1).says("the commit key SHA256:").says("--commit-key FILE");
    let log = ["enforce", "--commit-key", "../keys/engine-commit", "--log-key", "../keys/ben"];
    world.tenure(&log).exits(1).says("the log key ").says("--log-key FILE");
    let public = ["enforce", "--commit-key", "../keys/engine-commit.pub", "--log-key", "../keys/engine-log"];
    world.tenure(&public).exits(1).says("is a public key");
}

#[test]
fn wrong_column_of_a_table_is_reported_once() {
    let world = DECIDED.copied();
    let rows = (1..=7).map(|n| format!("p{n},person,high,red,9\n"));
    world.write("repo/hr.csv", &format!("id,kind,salary,colour,desk\n{}", rows.collect::<String>()));
    let told = world.tenure(&["principals", "import", "hr.csv"]).exits(1);
    assert_eq!(told.err.matches("error[").count(), 3, "{}", told.err);
    told.says("line 1, column `colour`: unknown key `colour`");
}

#[test]
fn date_or_days_in_a_file_says_what_to_write() {
    let world = OPENED.copied();
    let (path, mut review) = first_review(&world);
    review.items[0].until = Some(Timestamp::parse("2027-03-31").unwrap());
    let text = render(&review);
    for (until, told) in [("2027-03-31", "in a file, write `2027-03-31T00:00:00Z`"), ("90d", "a file has a date")] {
        fs::write(world.repo().join(&path), text.replace("2027-03-31T00:00:00Z", until)).unwrap();
        world.tenure(&["fmt", &path]).exits(1).says(told);
    }
}

#[test]
fn enforce_of_several_systems_names_them() {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1", "web-2"]);
    let told = world.enforce(&[]).exits(0);
    told.says("web-1: revoke").says("web-2: revoke");
}

#[test]
fn held_decision_names_its_access_and_reason() {
    let world = DECIDED.copied();
    world.change_system("web-1", |file| file.replace("\"automatic\"", "\"report-only\""));
    world.merge("report only");
    let told = world.tenure(&["plan"]).exits(0);
    assert!(told.out.contains("li: ") && told.out.contains("why: report-only: "), "{}", told.out);
}

#[test]
fn enforce_says_why_a_suspended_campaign_waits() {
    let world = DECIDED.copied();
    let path = world.reviews().remove(0);
    let review = world.read(&format!("repo/{path}"));
    world.write(&format!("repo/{path}"), &review.replacen("reason = \"", "reason = \"edited: ", 1));
    world.merge("edit a signed file");
    let told = world.enforce(&[]).exits(3);
    told.says("why: campaign-suspended: the signed file").says(&path).says("next: restore it").says("li: ");
    world.enforce(&["--format", "json"]).exits(3).says("\"code\":\"campaign-suspended\"");

    world.write(&format!("repo/{path}"), &review);
    world.merge("restore it");
    world.enforce(&[]).hides("campaign-suspended");
}

#[test]
fn decisions_on_a_removed_system_are_held() {
    let world = DECIDED.copied();
    fs::remove_dir_all(world.repo().join("systems/web-1")).unwrap();
    world.merge("remove the system");
    let told = world.tenure(&["plan"]).exits(3);
    told.says("why: unknown-system: systems/web-1/1.toml: a signed system version was deleted").says("next: restore");
    world.enforce(&[]).exits(3).says("why: unknown-system");
}

#[test]
fn invalid_system_file_holds_back_only_its_system() {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1", "web-2"]);
    let whole = world.tenure(&["plan"]).exits(0).out;
    assert!(whole.contains("web-1") && whole.contains("web-2"), "{whole}");
    let system = world.read("repo/systems/web-2/1.toml");
    world.write("repo/systems/web-2/1.toml", &system.replacen("connector = \"hosts\"", "connector = hosts", 1));
    world.write("repo/systems/notes.txt", "to do\n");
    world.merge("break a system file");

    let told = world.tenure(&["plan"]).exits(3);
    let told = told.says("error[signed-file-edited]").says("systems/web-2/1.toml").says("systems/notes.txt");
    let told = told.says("why: unknown-system: systems/web-2/1.toml: a signed system version was edited");
    let (one, other) = (world.tenure(&["plan", "web-1"]).exits(0).out, told.out);
    let actions = |text: &str| text.lines().filter(|line| line.contains("revoke")).count();
    assert!(actions(&one) > 0 && actions(&one) <= actions(&other), "{one}\n{other}");
    world.tenure(&["plan", "web-2"]).exits(3).says("systems/web-2/1.toml");
    world.enforce(&[]).exits(3).says("systems/web-2/1.toml");
    world.tenure(&["audit"]).hides("plan-differs");
}

#[test]
fn check_reports_duplicate_principals_and_unknown_owners() {
    let world = DECIDED.copied();
    let base = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    let entry = |id: &str, more: &str| {
        format!("\n[[principal]]\nid = \"{id}\"\nkind = \"service\"\nstatus = \"active\"\naccounts = []\n{more}")
    };
    let file = |entries: &[String]| format!("schema = \"tenure/principals/v1\"\n{}", entries.concat());
    world.write("repo/principals/a.toml", &file(&[entry("batch", ""), entry("robot", "owner = \"nobody\"\n")]));
    world.write("repo/principals/b.toml", &file(&[entry("batch", "")]));
    world.tenure(&["fmt", "principals/a.toml", "principals/b.toml"]).exits(0);
    world.merge("describe services");
    for arguments in [&["check"][..], &["check", "--base", base.trim()]] {
        let told = world.tenure(arguments).exits(3);
        let told = told.says("error[duplicate-principal]: `batch` is defined twice").says("principals/b.toml:4:");
        told.says("error[unknown-owner]: the owner `nobody` of `robot`")
            .says("principals/a.toml:")
            .says("owner = \"nobody\"");
    }
    let base = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    world.write("repo/principals/c.toml", &file(&[entry("other", "")]));
    world.tenure(&["fmt", "principals/c.toml"]).exits(0);
    world.merge("describe another service");
    world.tenure(&["check", "--base", base.trim()]).exits(0).hides("duplicate-principal");
}

#[test]
fn status_of_a_suspended_or_misspelt_campaign_says_so() {
    let world = DECIDED.copied();
    world.tenure(&["campaign", "status", "2026-q3"]).exits(1).says("did you mean `2026-q4`?");
    let path = world.reviews().remove(0);
    let review = world.read(&format!("repo/{path}"));
    world.write(&format!("repo/{path}"), &review.replacen("reason = \"", "reason = \"edited: ", 1));
    world.merge("edit a signed file");
    let told = world.tenure(&["campaign", "status", "2026-q4"]).exits(3);
    told.says("the campaign `2026-q4` is suspended, its decisions are held").says(&path).says("restore it: git log");
}

#[test]
fn status_of_a_campaign_with_rejected_definition_says_why() {
    let world = OPENED.copied();
    let text = world.read(&format!("repo/{OPENING}")).replace("2026-q4", "2026-q5");
    world.write("repo/campaigns/2026-q5/campaign.toml", &text);
    let signature = fs::read(world.repo().join(format!("{OPENING}.ana.sig"))).unwrap();
    fs::write(world.repo().join("campaigns/2026-q5/campaign.toml.ana.sig"), signature).unwrap();
    world.merge("copy the campaign");
    let told = world.tenure(&["campaign", "status", "2026-q5"]).exits(3);
    told.says("error[campaign-suspended]: the campaign `2026-q5` is suspended: ")
        .says("campaigns/2026-q5/campaign.toml");
}

#[test]
fn system_file_with_the_name_of_another_is_refused() {
    let world = DECIDED.copied();
    let base = world.sandbox().git(world.repo(), &["rev-parse", "HEAD"]);
    let system = world.read("repo/systems/web-1/1.toml");
    world.write("repo/systems/web-2/1.toml", &system);
    world.merge("copy the system");
    let told = world.tenure(&["check", "--base", base.trim()]).exits(3);
    told.says("error[place-mismatch]: the content belongs to systems/web-1/1.toml").says("systems/web-2/1.toml");
}

#[test]
fn sign_for_another_person_with_own_key_is_refused() {
    let world = OPENED.copied();
    let (path, review) = first_review(&world);
    let reviewer = review.reviewer.as_str();
    let other = ["ana", "ben", "mia"].into_iter().find(|name| *name != reviewer).expect("another person");
    let told = world.tenure(&["sign", &path, "--signer", reviewer, "--key", &format!("../keys/{other}")]).exits(1);
    told.says("error[wrong-key]").says(&format!("belongs to `{other}`, not to `{reviewer}`"));
    assert!(!world.repo().join(format!("{path}.{reviewer}.sig")).exists());
}

#[test]
fn closed_pipe_is_no_error_message() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    let output = command.args(["schema", "mandate"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let output = output.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
}

#[test]
fn log_for_github_at_a_terminal_begins_with_stop_commands() {
    let world = DECIDED.copied();
    let (code, text) = at_terminal(&world, &["collect", "web-1", "--format", "github"]).ends();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("::stop-commands::"), "{text}");
}

#[test]
fn plan_fits_a_terminal_of_80_columns() {
    let world = DECIDED.copied();
    let (_, text) = at_terminal(&world, &["plan"]).ends();
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &str| line.starts_with('─') || line.starts_with('═');
    assert!(lines.iter().any(|line| is_rule(line)), "{text}");
    assert!(!lines.windows(2).any(|pair| is_rule(pair[0]) && is_rule(pair[1])), "a rule is wrapped:\n{text}");
}

fn at_terminal(world: &TestRepository, words: &[&str]) -> Terminal {
    Terminal::start(&world.command(words), 200, 80)
}

fn first_review(world: &TestRepository) -> (String, Review) {
    let path = world.reviews().into_iter().next().expect("a review file");
    let review = world.review(&path);
    (path, review)
}
