//! The generated workflows, run line by line against a git remote over HTTP, a recorded GitHub API, and an issuer of
//! id-tokens. What requires GitHub itself is listed in `docs/github.md`.

use crate::support::actions::{CANARY, Event, Forge, READ, TELL, WRITE, jobs};
use crate::support::fixtures::{CAMPAIGN, TestRepository};
use crate::support::sandbox::{hook, succeed};
use crate::support::servers::program;
use crate::support::{fixtures, host};
use serde_json::json;
use std::fs;
use std::sync::LazyLock;
use std::thread::scope;

/// A repository with two managed hosts, which do not exist yet.
static FOUNDED: LazyLock<TestRepository> = LazyLock::new(TestRepository::founded);

/// A world with the two hosts and an open campaign. The hosts are at an absolute path, because jobs run on separate
/// machines.
fn opened() -> TestRepository {
    let world = FOUNDED.copied();
    for system in ["web-1", "web-2"] {
        host::lay(&world, system);
        let root = world.join(system);
        let root = format!("root = \"{}\"\n", root.display());
        world.system(system, &format!("connector = \"hosts\"\n\n[settings]\n{root}\n[settings.readback]\n{root}"));
    }
    people(&world);
    world.tenure(&["forge", "workflows", "--write"]).exits(0);
    world.tenure(&["forge", "codeowners", "--write"]).exits(0);
    world.collected(&["web-1", "web-2"]);
    world.campaign(&[("web-1", host::KINDS), ("web-2", host::KINDS)]);
    world
}

/// Assigns the accounts of the Git host to principals.
fn people(world: &TestRepository) {
    let mut text = world.read("repo/principals.toml");
    for (name, number) in [("ana", 1001), ("ben", 1002), ("mia", 1003)] {
        let entry = format!("id = \"{name}\"\nkind = \"person\"\nstatus = \"active\"\naccounts = []");
        assert!(text.contains(&entry), "{text}");
        let named = format!(
            "id = \"{name}\"\nkind = \"person\"\nhandle = \"@{name}\"\nstatus = \"active\"\naccounts = [\"github:{number}\"]"
        );
        text = text.replace(&entry, &named);
    }
    world.write("repo/principals.toml", &text);
}

fn git(world: &TestRepository, arguments: &[&str]) -> String {
    world.sandbox().git(world.repo(), arguments)
}

/// Returns the lines of a log that a runner would execute as commands, other than annotations.
fn foreign_commands(log: &str) -> Vec<String> {
    let mut token: Option<&str> = None;
    let mut found = Vec::new();
    for line in log.lines().map(str::trim_start) {
        match token {
            Some(waited) if line.strip_prefix("::").and_then(|rest| rest.strip_suffix("::")) == Some(waited) => {
                token = None
            }
            Some(_) => {}
            None if line.starts_with("::stop-commands::") => token = line.strip_prefix("::stop-commands::"),
            None if line.starts_with("::error ") || line.starts_with("::warning ") || line.starts_with("::notice ") => {
            }
            None if line.starts_with("::") || line.contains("##[") => found.push(line.to_owned()),
            None => {}
        }
    }
    found
}

#[test]
fn from_a_pull_request_to_sealed_evidence_of_two_systems() {
    let world = opened();
    let forge = Forge::serve(&world);

    // A pull request with an unsigned decision fails, with annotations on its lines; signed, it passes.
    git(&world, &["switch", "--quiet", "--create", "decide"]);
    world.proposed("decide", &host::all_decisions(&["web-1", "web-2"]), false);
    let checked = forge.runs(&world, "tenure-check.yml", Event::Pull("decide"));
    let check = checked[0].ended("failure");
    assert!(check.log().lines().any(|line| line.starts_with("::error file=campaigns/")), "{}", check.log());
    assert!(check.summary().contains("| error "), "{}", check.summary());
    world.proposed("decide", &host::all_decisions(&["web-1", "web-2"]), true);
    let checked = forge.runs(&world, "tenure-check.yml", Event::Pull("decide"));
    let check = checked[0].ended("success");
    assert!(check.summary().contains("### Tenure plan: 8 actions"), "{}", check.summary());
    assert!(!check.environments().contains(CANARY) && !check.environments().contains(WRITE));
    assert!(foreign_commands(&check.log()).is_empty(), "{}", check.log());
    assert!(world.records().is_empty(), "a check writes nothing");

    // After the merge, the push enforces: each system on a separate machine, in a separate environment, all into one
    // log.
    git(&world, &["switch", "--quiet", "main"]);
    git(&world, &["merge", "--quiet", "--no-ff", "-m", "decide (#7)", "decide"]);
    git(&world, &["push", "--quiet", "origin", "main"]);
    forge.records(&world, &|_, text| text);
    let enforced = forge.runs(&world, "tenure-enforce.yml", Event::Push);
    let names: Vec<_> = enforced.iter().map(|job| job.ended("success").name()).collect();
    assert_eq!(names, ["systems", "enforce web-1", "enforce web-2"]);
    for job in &enforced[1..] {
        assert!(job.log().contains("4 of 4 actions confirmed by the target"), "{}", job.log());
        assert!(foreign_commands(&job.log()).is_empty(), "{}", job.log());
    }
    assert!(!enforced[0].environments().contains(CANARY), "the job that lists systems has no secret");
    for system in ["web-1", "web-2"] {
        host::is_as_decided(&world.join(system));
    }
    let starts = world.records_of("run.start");
    assert_eq!(starts.len(), 2, "one log has both runs");
    for start in &starts {
        let claims = &start["claims"];
        assert_eq!(claims["standing"], "verified", "{claims:#}");
        let system = start["systems"][0].as_str().unwrap();
        assert_eq!(claims["environment"], format!("enforce-{system}"));
        assert_eq!(claims["repository"], "acme/access");
        assert!(
            claims.get("jti").is_none() && claims.get("exp").is_none(),
            "only what says which job it is: {claims:#}"
        );
    }
    let merges = world.records_of("merge");
    assert!(!merges.is_empty());
    let told = &merges[0]["told"]["pull"];
    assert_eq!((&told["number"], &told["author"]["login"]), (&json!(7), &json!("ana-ruiz")));
    assert_eq!(told["reviews"].as_array().unwrap().len(), 1, "the last word of each: {told:#}");
    assert_eq!(told["reviews"][0]["state"], "approved");
    assert_eq!(told["checks"], json!({"skipped": 1, "success": 1}));
    assert_eq!(told["bypassed"], false);
    let all = world.records().iter().map(ToString::to_string).collect::<String>();
    for secret in [READ, WRITE, CANARY, "request-enforce", "set-output"] {
        assert!(!all.contains(secret), "{secret} is in the evidence");
    }

    // Another push has no work, and the log does not grow.
    let before = world.records().len();
    forge.runs(&world, "tenure-enforce.yml", Event::Schedule).iter().for_each(|job| _ = job.ended("success"));
    assert_eq!(world.records().len(), before);

    // Later, another job verifies with a separate key and environment.
    let verified = forge.runs(&world, "tenure-verify.yml", Event::Schedule);
    for job in &verified {
        job.ended("success");
        assert!(!job.environments().contains(CANARY));
    }
    let seen = world.records_of("verification");
    assert_eq!(seen.iter().filter(|seen| seen["level"] == "V4").count(), 8, "{seen:#?}");
    let audit = world.audit(0);
    let authority = audit.out.lines().find(|line| line.starts_with("authority")).unwrap().to_owned();
    assert!(authority.starts_with("authority    nothing found") && authority.contains("1 merge by"), "{}", audit.out);
}

#[test]
fn row_24_a_fork_reaches_no_secret_and_cannot_push() {
    let world = opened();
    let forge = Forge::serve(&world);
    // The fork adds a workflow that requests all permissions.
    let branch = "$(touch${IFS}pwned)\";touch${IFS}pwned;echo`touch${IFS}pwned`'%0A;;set-output-name=x;y";
    git(&world, &["switch", "--quiet", "--create", branch]);
    let workflow = world.read("repo/.github/workflows/tenure-check.yml");
    let greedy = workflow
        .replace("contents: read # to fetch the change", "contents: write\n      id-token: write")
        .replace("    env:\n", "    environment: enforce-web-1\n    env:\n      STOLEN: ${{ secrets.CANARY }}\n      ALSO: ${{ secrets.REPOSITORY_CANARY }}\n");
    assert_ne!(workflow, greedy);
    world.write("repo/.github/workflows/tenure-check.yml", &greedy);
    world.write("repo/docs/::set-output name=x::y.md", "##[add-mask]x\n");
    world.write(
        "repo/.github/actions/tenure/action.yml",
        "name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: touch pwned\n",
    );
    git(&world, &["add", "--all"]);
    git(&world, &["commit", "--quiet", "-m", "::set-output name=x::y"]);
    git(&world, &["push", "--quiet", "origin", branch]);
    let done = forge.runs(&world, "tenure-check.yml", Event::Fork(branch));
    let job = done[0].ended("failure");
    let environments = job.environments();
    assert!(environments.contains("touch${IFS}pwned"), "the name of the branch did reach the job");
    for secret in [CANARY, TELL, WRITE, "ACTIONS_ID_TOKEN", "BEGIN OPENSSH"] {
        assert!(!environments.contains(secret), "{secret}");
    }
    assert!(foreign_commands(&job.log()).is_empty(), "{}", job.log());
    assert!(foreign_commands(&job.summary()).is_empty(), "{}", job.summary());
    let find = succeed(world.sandbox().command(program("find"), world.path()).args([".", "-name", "pwned"]));
    assert_eq!(find, "", "something of the change was started");
    // Its token can read, and cannot write: neither main nor the evidence branch.
    for branch in ["main", "evidence"] {
        let mut push = world.sandbox().command(program("git"), world.repo());
        let login = forge.url().replace("http://", &format!("http://x-access-token:{READ}@"));
        let pushed = push.args(["push", &login, &format!("HEAD:refs/heads/{branch}")]).output().unwrap();
        assert!(!pushed.status.success() && String::from_utf8_lossy(&pushed.stderr).contains("403"), "{pushed:?}");
    }
}

#[test]
fn a_lost_race_is_waited_out_and_nothing_is_done_twice() {
    let world = opened();
    world.decided(&host::all_decisions(&["web-1", "web-2"]));
    let forge = Forge::serve(&world);
    forge.records(&world, &|_, text| text);
    // A slow remote, so that the two runs overlap.
    hook(&world.join("remote.git"), "pre-receive", "sleep 0.4");
    let both = [(); 2].map(|()| forge.workflow(&world, "tenure-enforce.yml", Event::Push, &json!({})));
    let ended = scope(|scope| {
        both.map(|mut command| scope.spawn(move || succeed(&mut command))).map(|thread| thread.join().unwrap())
    });
    let ended: Vec<_> = ended.iter().flat_map(|text| jobs(text)).collect();
    ended.iter().for_each(|job| _ = job.ended("success"));
    let waited = ended.iter().filter(|job| job.log().contains("note[run-waiting]")).count();
    assert!(waited > 0, "the two did not meet: the test shows nothing");
    assert_eq!(world.records_of("intent").len(), 8, "each action was intended once");
    for system in ["web-1", "web-2"] {
        host::is_as_decided(&world.join(system));
    }
}

#[test]
fn what_the_forge_tells_is_judged_by_the_audit() {
    type Told<'t> = &'t dyn Fn(&str, String) -> String;
    let stories: [(&str, Told<'_>); 8] = [
        ("merge-without-pull-request", &|name, text| if name == "commit-pulls" { "[]".to_owned() } else { text }),
        ("merge-not-approved", &|name, text| if name == "reviews" { "[]".to_owned() } else { text }),
        ("merge-self-approved", &|name, text| {
            if name == "reviews" { text.replace("1002", "1001") } else { text }
        }),
        ("approval-stale", &|name, text| {
            if name == "pull" {
                let head = text.find("\"decide\", \"sha\": \"").unwrap() + 18;
                format!("{}{}{}", &text[..head], "a".repeat(40), &text[head + 40..])
            } else {
                text
            }
        }),
        ("merge-bypassed", &|name, text| {
            if name == "rule-suites" { text.replace("\"result\": \"pass\"", "\"result\": \"bypass\"") } else { text }
        }),
        ("checks-missing", &|name, text| {
            if name == "check-runs" { text.replace("skipped", "failure") } else { text }
        }),
        ("merge-unknown", &|name, text| {
            let refused = r#"{"status": 403, "body": {"message": "Resource not accessible by integration"}}"#;
            if name == "commit-pulls" { refused.to_owned() } else { text }
        }),
        ("merge-by-unknown-user", &|name, text| if name == "pull" { text.replace("1003", "4711") } else { text }),
    ];
    let base = opened();
    // The merging person may have an account on the hosts; `li` is decided on.
    base.decided(&host::all_decisions(&["web-1", "web-2"]));
    let forge = Forge::serve(&base);
    for (code, change) in stories {
        // The hosts are not part of the copied folder.
        ["web-1", "web-2"].iter().for_each(|system| host::lay(&base, system));
        let world = base.copied();
        forge.records(&base, change);
        let found = audited(&world, &forge);
        assert!(found.contains(&format!("[{code}]")), "{code}: {found}");
    }
}

#[test]
fn who_merges_a_decision_on_their_own_access_is_found() {
    let world = opened();
    let text = world.read("repo/principals.toml");
    // `mia` has the account `li` (uid 1002) on web-1, and merged the decision on it.
    world.write("repo/principals.toml", &text.replace("\"github:1003\"", "\"github:1003\", \"web-1:uid:1002\""));
    world.merge("mia has an account");
    world.decided(&host::all_decisions(&["web-1", "web-2"]));
    let forge = Forge::serve(&world);
    forge.records(&world, &|_, text| text);
    let found = audited(&world, &forge);
    assert!(found.contains("[self-review-as-merger]") && found.contains("`mia`"), "{found}");
}

#[test]
fn claims_of_an_invalid_token_are_not_verified() {
    for (event, why) in [
        (json!({"issuer": {"forged": "AAAA"}}), "invalid signature"),
        (json!({"times": {"exp": -120}}), "the token has expired (`exp`)"),
        (json!({"other_job": {"run_id": "1"}}), "the token is of another job: `run_id`"),
        (
            json!({"other_job": {"sha": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}}),
            "the token is of another job: `sha`",
        ),
        (json!({"other_job": {"repository": "acme/other"}}), "the token is of another job: `repository`"),
        (json!({"times": {"nbf": 3600}}), "the token is not valid yet (`nbf`)"),
        (json!({"times": {"exp": null}}), "the token has no expiry time (`exp`)"),
    ] {
        let world = opened();
        world.decided(&host::all_decisions(&["web-1", "web-2"]));
        let forge = Forge::serve(&world);
        forge.records(&world, &|_, text| text);
        let done = jobs(&succeed(&mut forge.workflow(&world, "tenure-enforce.yml", Event::Push, &event)));
        done.iter().for_each(|job| _ = job.ended("success"));
        let starts = world.records_of("run.start");
        assert_eq!(starts.len(), 2, "{event}");
        for start in starts {
            assert_eq!(start["claims"]["standing"], "claimed", "{event}: {start:#}");
            assert!(start["claims"]["why"].as_str().unwrap().contains(why), "{event}: {start:#}");
            assert!(start["claims"].get("sub").is_none(), "nothing of the token is kept: {start:#}");
        }
    }
}

#[test]
fn the_audit_hands_what_it_finds_to_code_scanning() {
    let world = opened();
    world.decided(&host::all_decisions(&["web-1", "web-2"]));
    let forge = Forge::serve(&world);
    forge.records(&world, &|name, text| if name == "reviews" { "[]".to_owned() } else { text });
    forge.runs(&world, "tenure-enforce.yml", Event::Push).iter().for_each(|job| _ = job.ended("success"));
    let done = forge.runs(&world, "tenure-audit.yml", Event::Schedule);
    let log = done[0].log();
    assert!(foreign_commands(&log).is_empty(), "{log}");
    assert!(!done[0].environments().contains(CANARY) && !done[0].environments().contains(WRITE));
    let (sarif, commit) = forge.scanned();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "merge-not-approved"), "{results:#?}");
    assert_eq!(commit, world.sandbox().git(world.join("remote.git"), &["rev-parse", "main"]));
}

/// A world with a campaign over the hosts that was opened a month ago, without a response.
fn forgotten() -> TestRepository {
    let world = FOUNDED.copied();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    people(&world);
    world.tenure(&["forge", "workflows", "--write"]).exits(0);
    let then =
        |arguments: &[&str]| fixtures::ran(&mut world.command_in(&world.repo(), -30 * 24 * 60, arguments)).exits(0);
    world.merge("describe systems");
    then(&["collect", "web-1"]);
    world.write("repo/policies/all.toml", FORGOTTEN);
    world.tenure(&["fmt", "policies/all.toml"]).exits(0);
    world.merge("collect, define a campaign");
    then(&["campaign", "open", CAMPAIGN, "--from", "policies/all.toml"]);
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/campaign.toml")]);
    world.merge("open the campaign");
    world
}

#[test]
fn housekeeping_tells_once_records_it_and_proposes_what_is_due() {
    let world = forgotten();
    let forge = Forge::serve(&world);
    let done = forge.runs(&world, "tenure-housekeeping.yml", Event::Schedule);
    let names: Vec<_> = done.iter().map(|job| job.ended("success").name()).collect();
    assert_eq!(names, ["remind", "record", "propose"]);
    let issues = forge.opened("issues");
    assert!(!issues.is_empty(), "{}", done[0].log());
    for issue in &issues {
        let body = issue["body"].as_str().unwrap();
        assert!(body.contains("@ana") && body.contains("<!-- tenure-notice 2026-q4/1/default-action-"), "{body}");
        assert_eq!(issue["labels"], json!(["tenure", "campaign:2026-q4", "default-action"]));
    }
    let noticed = world.records_of("notice");
    assert_eq!(noticed.len(), issues.len(), "what was told is recorded, and nothing else");
    // The stage has ended: the list of items without a response is proposed for the signature of a campaign owner.
    let pulls = forge.opened("pulls");
    assert_eq!(pulls.iter().map(|pull| pull["head"].as_str().unwrap()).collect::<Vec<_>>(), PROPOSED);
    git(&world, &["fetch", "--quiet", "origin", PROPOSED[0]]);
    let listed = git(&world, &["diff", "--name-only", "origin/main", "FETCH_HEAD"]);
    assert_eq!(listed, format!("campaigns/{CAMPAIGN}/stages/1.toml"));
    for job in &done {
        assert!(foreign_commands(&job.log()).is_empty(), "{}", job.log());
    }
    assert!(!done[0].environments().contains("BEGIN OPENSSH") && !done[0].environments().contains(WRITE));

    // Again: all reminders are sent, and all files are proposed.
    forge.runs(&world, "tenure-housekeeping.yml", Event::Schedule).iter().for_each(|job| _ = job.ended("success"));
    assert_eq!((forge.opened("issues").len(), forge.opened("pulls").len()), (issues.len(), 1));
    assert_eq!(world.records_of("notice").len(), noticed.len());

    // A campaign owner signs on the branch, which is then not changed any more; after the merge, the stage is closed.
    git(&world, &["switch", "--quiet", "--create", "sign", "FETCH_HEAD"]);
    world.sign("ana", &[&format!("campaigns/{CAMPAIGN}/stages/1.toml")]);
    git(&world, &["add", "--all"]);
    git(&world, &["commit", "--quiet", "-m", "sign"]);
    git(&world, &["push", "--quiet", "origin", &format!("HEAD:{}", PROPOSED[0])]);
    let signed = git(&world, &["rev-parse", "HEAD"]);
    let done = forge.runs(&world, "tenure-housekeeping.yml", Event::Schedule);
    let log: String = done.iter().map(|job| job.ended("success").log()).collect();
    assert!(log.contains("has commits of other authors"), "{log}");
    let there = world.sandbox().git(world.join("remote.git"), &["rev-parse", PROPOSED[0]]);
    assert_eq!(there, signed, "what somebody signed is never pushed over");
    git(&world, &["switch", "--quiet", "main"]);
    git(&world, &["merge", "--quiet", "--no-ff", "-m", "close stage 1 (#100)", "sign"]);
    git(&world, &["push", "--quiet", "origin", "main"]);
    git(&world, &["fetch", "--quiet", "origin"]);
    world.tenure(&["check"]).exits(0);
    world.tenure(&["campaign", "close-stage", CAMPAIGN]).exits(3).says("all 1 stages are closed");
    let audit = world.audit(0);
    assert!(audit.out.contains("integrity    nothing found"), "{}{}", audit.out, audit.err);
}

#[test]
fn collected_inventory_is_proposed_to_system_owner() {
    let world = opened();
    let forge = Forge::serve(&world);
    let done = forge.runs(&world, "tenure-collect.yml", Event::Schedule);
    let names: Vec<_> = done.iter().map(|job| job.ended("success").name()).collect();
    assert_eq!(names, ["systems", "collect web-1", "collect web-2"]);
    let mut heads: Vec<_> = forge.opened("pulls").iter().map(|pull| pull["head"].to_string()).collect();
    heads.sort();
    assert_eq!(heads, ["\"tenure/inventory/web-1\"", "\"tenure/inventory/web-2\""]);
    git(&world, &["fetch", "--quiet", "origin", "tenure/inventory/web-1"]);
    let listed = git(&world, &["diff", "--name-only", "origin/main...FETCH_HEAD"]);
    assert!(!listed.is_empty() && listed.lines().all(|path| path.starts_with("inventory/web-1/")), "{listed}");
    for job in &done {
        assert!(!job.environments().contains(CANARY) && foreign_commands(&job.log()).is_empty(), "{}", job.log());
    }
    // The next day continues from this state: no commit is overwritten, and no second pull request is opened.
    let first = git(&world, &["rev-parse", "FETCH_HEAD"]);
    host::lay(&world, "web-1");
    let group = world.read("web-1/etc/group").replace("deploy,li", "deploy");
    world.write("web-1/etc/group", &group);
    forge.runs(&world, "tenure-collect.yml", Event::Schedule).iter().for_each(|job| _ = job.ended("success"));
    assert_eq!(forge.opened("pulls").len(), 2);
    git(&world, &["fetch", "--quiet", "origin", "tenure/inventory/web-1"]);
    git(&world, &["merge-base", "--is-ancestor", &first, "FETCH_HEAD"]);
}

/// Enforces a world as a job of the Git host would, and returns the findings of an audit.
fn audited(world: &TestRepository, forge: &Forge) -> String {
    let mut enforce = world.enforce_in(&world.repo(), 0, &["web-1", "web-2"]);
    enforce.envs([
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", forge.api().as_str()),
        ("GITHUB_REPOSITORY", "acme/access"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_TOKEN", READ),
        ("TENURE_FORGE_ON_LOOPBACK", "1"),
    ]);
    fixtures::ran(&mut enforce).exits(0);
    let audit = world.audit(0);
    fs::remove_dir_all(world.join("auditor")).unwrap();
    format!("{}{}", audit.out, audit.err)
}

const PROPOSED: [&str; 1] = ["tenure/campaigns/2026-q4"];
/// A campaign with one day to respond, long ago.
const FORGOTTEN: &str = r#"schema = "tenure/campaign-definition/v1"
title = "Accounts"
window_days = 1
max_inventory_age_days = 2
fallback = "ben"
second_fallback = "mia"
on_no_response = "open"

[[select]]
systems = ["web-1"]
kinds = ["account"]
"#;
