//! Threat rows 24, 25 and 35: the workflows of this repository and the generated ones contain nothing that an attacker
//! of a job could use.

use crate::support::fixtures::TestRepository;
use crate::support::sandbox::{Sandbox, succeed};
use crate::support::servers::systems;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A governed repository with systems of each kind, and the generated workflows.
static MADE: LazyLock<TestRepository> = LazyLock::new(|| {
    let world = TestRepository::founded();
    for (system, password) in [("billing", "PG_PASSWORD"), ("orders", "ORDERS_PASSWORD"), ("stock", "PG_PASSWORD")] {
        world.system(
            system,
            &format!(
                "connector = \"postgres\"\n[settings]\nhost = \"h\"\nuser = \"u\"\npassword_env = \"{password}\"\n\
                 [settings.readback]\npassword_env = \"READ_PASSWORD\"\n"
            ),
        );
    }
    world.system("web-1", "connector = \"hosts\"\n[settings]\nroot = \"../web-1\"\n");
    let arm64 = format!("\n[engine.arm64]\nurl = \"https://example.org/tenure-arm64\"\ndigest = \"{}\"\n", world.pin());
    world.write("repo/governance.toml", &(world.read("repo/governance.toml") + &arm64));
    world.tenure(&["fmt", "governance.toml"]).exits(0);
    world
        .tenure(&["forge", "workflows", "--check"])
        .exits(3)
        .says("forge-file-stale")
        .says("tenure-enforce.yml")
        .says("help: tenure forge workflows --write");
    world.tenure(&["forge", "workflows", "--write"]).exits(0);
    world.tenure(&["forge", "codeowners", "--write"]).exits(0);
    world.tenure(&["forge", "workflows", "--check"]).exits(0);
    world
});

#[test]
fn threat_35_our_workflows_stand_up_to_a_linter() {
    for folder in [Path::new(env!("CARGO_MANIFEST_DIR")), &MADE.repo()] {
        let (clean, report) = lint(&folder.join(".github"));
        assert!(clean, "{report}");
        // Only exceptions in comments beside the line are accepted.
        assert!(!report.contains("suppressed"), "{report}");
    }
}

#[test]
fn github_takes_them_for_workflows_and_an_action() {
    for folder in [Path::new(env!("CARGO_MANIFEST_DIR")), &MADE.repo()] {
        let actions = vec![folder.join(".github/actions/tenure/action.yml")];
        for (schema, files) in [("vendor.github-workflows", workflows(folder)), ("vendor.github-actions", actions)] {
            let sandbox = Sandbox::new();
            let mut judge = sandbox.command(systems().join("lint/bin/check-jsonschema"), sandbox.path());
            succeed(judge.args(["--builtin-schema", schema]).args(files));
        }
    }
    let sandbox = Sandbox::new();
    let wrong = sandbox.join("wrong.yml");
    fs::write(&wrong, "on: push\njobs:\n  run:\n    runs_on: ubuntu-24.04\n    steps: []\n").unwrap();
    let mut judge = sandbox.command(systems().join("lint/bin/check-jsonschema"), sandbox.path());
    let judged = judge.args(["--builtin-schema", "vendor.github-workflows"]).arg(&wrong).output().unwrap();
    assert!(!judged.status.success(), "it judges");
}

#[test]
fn row_24_each_system_gets_its_own_secrets_and_no_others() {
    let enforce = &read(&MADE.repo().join(".github/workflows/tenure-enforce.yml"))["jobs"]["enforce"];
    assert_eq!(enforce["environment"], "enforce-${{ matrix.system }}");
    let steps = enforce["steps"].as_array().unwrap();
    let given: Vec<&Value> = steps.iter().filter(|step| step["env"].to_string().contains("secrets.")).collect();
    let [step] = given.as_slice() else { panic!("one step has secrets: {given:#?}") };
    assert_eq!(step["env"]["ORDERS_PASSWORD"], "${{ matrix.system == 'orders' && secrets.ORDERS_PASSWORD || '' }}");
    assert_eq!(
        step["env"]["PG_PASSWORD"],
        "${{ contains(fromJSON('[\"billing\", \"stock\"]'), matrix.system) && secrets.PG_PASSWORD || '' }}"
    );
    assert!(!step["env"].to_string().contains("READ_PASSWORD"), "the job that writes cannot read back as another");
    let verify = read(&MADE.repo().join(".github/workflows/tenure-verify.yml")).to_string();
    assert!(verify.contains("secrets.READ_PASSWORD") && verify.contains("secrets.TENURE_READBACK_KEY"), "{verify}");
    for writing in ["PG_PASSWORD", "ORDERS_PASSWORD", "TENURE_COMMIT_KEY }}"] {
        assert!(!verify.contains(&format!("secrets.{writing}")), "{writing}");
    }
}

#[test]
fn rows_24_25_and_35_hold_in_every_job_of_every_workflow() {
    let ours = workflows(Path::new(env!("CARGO_MANIFEST_DIR")));
    let made = workflows(&MADE.repo());
    assert_eq!(made.len(), 6);
    for path in ours.iter().chain(&made) {
        let workflow = read(path);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{name}: nothing is allowed that no job asks for");
        assert!(workflow["concurrency"]["group"].is_string(), "{name}");
        let by_others = workflow["on"].get("pull_request").is_some();
        for forbidden in ["pull_request_target", "workflow_run", "issue_comment"] {
            assert!(workflow["on"].get(forbidden).is_none(), "{name} is started by {forbidden}");
        }
        for (job, text) in workflow["jobs"].as_object().unwrap() {
            let place = format!("{name}, {job}");
            assert!(text["timeout-minutes"].is_u64(), "{place} could run forever");
            assert!(text["permissions"].is_object(), "{place}");
            if by_others {
                assert!(text.get("environment").is_none() && !text.to_string().contains("secrets"), "{place}");
                assert_eq!(text["permissions"], serde_json::json!({"contents": "read"}), "{place}");
            }
            for step in text["steps"].as_array().unwrap() {
                let run = step["run"].as_str().unwrap_or_default();
                assert!(!run.contains("${{"), "{place}: an expression in a shell: {run}");
                let uses = step["uses"].as_str().unwrap_or("$/");
                let is_own =
                    uses == "$/.github/actions/tenure" || uses == "./base/.github/actions/tenure" || uses == "$/";
                let checkout = uses.strip_prefix("actions/checkout@").is_some_and(|commit| commit.len() == 40);
                assert!(is_own || checkout, "{place} uses {uses}");
                if checkout {
                    assert_eq!(step["with"]["persist-credentials"], false, "{place}");
                }
            }
        }
        if name.contains("enforce") {
            assert_eq!(workflow["concurrency"]["cancel-in-progress"], false, "a run is never cut off");
        }
    }
}

#[test]
fn row_25_a_system_file_cannot_write_into_a_workflow() {
    for (name, refused) in [
        ("PG_PASSWORD }} ${{ toJSON(secrets", true),
        ("GIT_SSH_COMMAND", true),
        ("LD_PRELOAD", true),
        ("BASH_ENV", true),
        ("TENURE_COMMIT_KEY", true),
        ("PATH", true),
        ("lower", true),
        ("A_PASSWORD", false),
    ] {
        let world = MADE.copied();
        let settings = format!("host = \"h\"\nuser = \"u\"\npassword_env = \"{name}\"\n");
        world.system("odd", &format!("connector = \"postgres\"\n[settings]\n{settings}"));
        let ran = world.tenure(&["forge", "workflows", "--write"]);
        if refused {
            ran.exits(1).says("no-workflow").says("`odd` names");
        } else {
            ran.exits(0);
        }
    }
}

#[test]
fn row_35_nothing_is_started_whose_digest_is_not_the_pinned_one() {
    let action = read(&MADE.repo().join(".github/actions/tenure/action.yml"));
    let run = action["runs"]["steps"][0]["run"].as_str().unwrap();
    for path in workflows(&MADE.repo()) {
        let text = fs::read_to_string(&path).unwrap();
        let pinned = |input: &str| text.matches(&format!("          {input}: \"")).count();
        assert!(pinned("sha256") > 0 && pinned("sha256") == pinned("sha256-arm64"), "{path:?}");
    }
    let digest = tenure::model::Digest::of(fs::read(env!("CARGO_BIN_EXE_tenure")).unwrap()).hex();
    let version = env!("CARGO_PKG_VERSION");
    let program = env!("CARGO_BIN_EXE_tenure");
    let (x64, arm64) = ("Linux X64", "Linux ARM64");
    for (machine, digest_x64, digest_arm64, version, path, url, why) in [
        (x64, digest.as_str(), "", version, program, "", None),
        (arm64, "", digest.as_str(), version, program, "", None),
        (x64, digest.as_str(), "", "9.9.9", program, "", Some("the version of the program")),
        (x64, digest.as_str(), "", version, "SPY", "", Some("the digest of the program")),
        (arm64, digest.as_str(), "00", version, program, "", Some("the digest of the program")),
        (x64, "", "", version, "SPY", "", Some("no program is pinned")),
        (
            arm64,
            digest.as_str(),
            "",
            version,
            program,
            "",
            Some("no program is pinned for runners with Linux on ARM64"),
        ),
        ("Linux X86", digest.as_str(), digest.as_str(), version, program, "", Some("no program is pinned")),
        ("macOS ARM64", digest.as_str(), digest.as_str(), version, program, "", Some("no program is pinned")),
        (x64, digest.as_str(), "", version, "", "http://127.0.0.1:1/tenure", Some("curl")),
    ] {
        let sandbox = Sandbox::new();
        let spy = sandbox.join("spy");
        fs::write(&spy, "#!/bin/sh\ntouch \"$RUNNER_TEMP/started\"\necho tenure 9.9.9\n").unwrap();
        let path = if path == "SPY" { spy.to_str().unwrap() } else { path };
        let (os, arch) = machine.split_once(' ').unwrap();
        let mut shell = sandbox.command("bash", sandbox.path());
        shell.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", run]);
        shell.env("RUNNER_TEMP", sandbox.path()).env("GITHUB_PATH", sandbox.join("path"));
        shell.envs([("DIGEST_X64", digest_x64), ("DIGEST_ARM64", digest_arm64), ("URL_X64", url), ("URL_ARM64", url)]);
        shell.envs([("RUNNER_ARCH", arch), ("RUNNER_OS", os), ("VERSION", version), ("PROGRAM", path)]);
        let output = shell.output().unwrap();
        assert_eq!(output.status.success(), why.is_none(), "{machine}: {output:?}");
        assert_eq!(sandbox.join("path").exists(), why.is_none(), "{machine}: {output:?}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(why.unwrap_or_default()), "{machine}: {said}");
        assert!(!sandbox.join("started").exists(), "it was started to see what it is");
    }
    let piped: Vec<_> = run.split('|').skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
    assert_eq!(piped, ["sha256sum"], "nothing that was downloaded is piped anywhere else: {run}");
}

/// Checks that the GitHub setup page lists the permissions that the workflows need, and only existing commands.
#[test]
fn the_page_for_github_says_what_the_workflows_need() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/github.md")).unwrap();
    for path in workflows(&MADE.repo()) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(page.contains(&format!("`{name}`")), "{name}");
        let asked = text.split("secrets.").skip(1).chain(text.split("vars.").skip(1));
        let word = |text: &str| -> String {
            text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
        };
        for asked in asked.map(word).filter(|asked| asked.starts_with("TENURE_")) {
            assert!(page.contains(&format!("`{asked}`")), "{name} asks for {asked}");
        }
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("environment: ")) {
            let environment = line.replace("${{ matrix.system }}", "SYSTEM");
            assert!(page.contains(&format!("| `{environment}` |")), "{name} runs in {environment}");
        }
    }
    let lines = page.lines().map(str::trim).filter(|line| line.starts_with("tenure "));
    let mut seen = 0;
    for line in lines.map(|line| line.split(" | ").next().unwrap_or_default()) {
        // A known command starts to search for a repository; an unknown command exits with 2.
        let sandbox = Sandbox::new();
        let arguments: Vec<&str> = line.split(' ').skip(1).collect();
        let code = sandbox.tenure(sandbox.path()).args(&arguments).output().unwrap().status.code();
        assert!(code.is_some_and(|code| code != 2), "`{line}` ends with {code:?}");
        seen += 1;
    }
    assert!(seen >= 10, "{seen} commands");
}

#[test]
fn threat_35_the_linter_sees_what_it_is_there_for() {
    let sandbox = Sandbox::new();
    let file = sandbox.join("ci.yml");
    fs::write(&file, CARELESS).unwrap();
    let (clean, report) = lint(&file);
    assert!(!clean);
    for finding in ["dangerous-triggers", "unpinned-uses", "template-injection", "excessive-permissions", "artipacked"]
    {
        assert!(report.contains(finding), "{finding} is not found:\n{report}");
    }
}

#[test]
fn row_24_the_code_of_a_fork_meets_no_secret_and_no_right_to_write() {
    let mut seen = 0;
    let made = workflows(&MADE.repo());
    for path in workflows(Path::new(env!("CARGO_MANIFEST_DIR"))).into_iter().chain(made) {
        assert_eq!(reachable_by_a_fork(&fs::read_to_string(&path).unwrap()), Vec::<String>::new(), "{path:?}");
        seen += 1;
    }
    assert!(seen > 0, "no workflow was looked at");
}

/// Checks that each way in which a fork could read a secret is detected.
#[test]
fn row_24_each_way_to_a_secret_is_seen() {
    let harmless = "on:\n  pull_request:\npermissions: {}\njobs:\n  run:\n    steps:\n      - run: .ci/run\n";
    assert!(reachable_by_a_fork(harmless).is_empty());
    for (from, to, why) in [
        ("pull_request:", "pull_request_target:", "pull_request_target"),
        ("pull_request:", "pull_request:\n  workflow_run:", "workflow_run"),
        ("pull_request:", "pull_request:\n  issue_comment:", "issue_comment"),
        ("permissions: {}\n", "", "permissions"),
        ("permissions: {}", "permissions: write-all", "write-all"),
        ("permissions: {}", "permissions:\n  contents: write", "contents: write"),
        ("permissions: {}", "permissions:\n  id-token: write", "id-token: write"),
        ("- run: .ci/run", "- run: .ci/run\n        env:\n          KEY: ${{ secrets.CANARY }}", "secrets.CANARY"),
        (
            "- run: .ci/run",
            "- run: .ci/run\n        env:\n          KEY: ${{ secrets['CANARY'] }}",
            "secrets['CANARY']",
        ),
        ("    steps:", "    secrets: inherit\n    steps:", "secrets: inherit"),
        ("    steps:", "    environment: production\n    steps:", "environment"),
        ("    steps:", "    runs-on: self-hosted\n    steps:", "self-hosted"),
    ] {
        let careless = harmless.replace(from, to);
        assert_ne!(careless, harmless);
        let found = reachable_by_a_fork(&careless);
        assert!(found.iter().any(|line| line.contains(why)), "{why} is not seen: {found:?}");
    }
}

/// Returns the steps in a workflow for pull requests that give its code more than a read-only token. Comments are
/// ignored.
fn reachable_by_a_fork(workflow: &str) -> Vec<String> {
    let code = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    let lines: Vec<_> = workflow.lines().filter(|line| !line.trim_start().starts_with('#')).map(code).collect();
    let mut found = Vec::new();
    if !workflow.lines().any(|line| line.starts_with("permissions:")) {
        found.push("no permissions: the token may write by default".to_owned());
    }
    let started_by_others = ["pull_request_target", "workflow_run", "issue_comment"];
    let mut wrong: Vec<_> = started_by_others.to_vec();
    if lines.iter().any(|line| line.contains("pull_request")) {
        wrong.extend(["secrets.", "secrets[", "secrets:", "toJSON(secrets", "environment:", "self-hosted"]);
        wrong.extend([": write", "write-all"]);
    }
    found.extend(lines.into_iter().filter(|line| wrong.iter().any(|wrong| line.contains(wrong))));
    found
}

/// Returns the workflows of a repository, sorted.
fn workflows(repository: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(repository.join(".github/workflows")).unwrap();
    let mut paths: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Parses a workflow as GitHub does.
fn read(path: &Path) -> Value {
    static KNOWN: LazyLock<std::sync::Mutex<BTreeMap<PathBuf, Value>>> = LazyLock::new(Default::default);
    let mut known = KNOWN.lock().unwrap();
    let parse = || {
        let sandbox = Sandbox::new();
        let mut python = sandbox.command(systems().join("lint/bin/python"), sandbox.path());
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/workflow.py")).arg(path);
        serde_json::from_str(&succeed(&mut python)).unwrap()
    };
    known.entry(path.to_owned()).or_insert_with(parse).clone()
}

/// Returns whether zizmor has no findings, and its report.
fn lint(inputs: &Path) -> (bool, String) {
    let sandbox = Sandbox::new();
    let mut zizmor = sandbox.command(systems().join("lint/bin/zizmor"), sandbox.path());
    let output = zizmor.args(["--offline", "--persona=pedantic", "--no-progress"]).arg(inputs).output().unwrap();
    let report = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&report).into_owned())
}

const CARELESS: &str = r#"
name: careless
on: pull_request_target
permissions: write-all
jobs:
  run:
    name: run
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
      - run: echo "${{ github.event.pull_request.title }}"
"#;

#[test]
fn row_50_change_of_generated_files_or_of_the_engine_is_refused() {
    let world = MADE.copied();
    world.merge("generate the files");
    let git = |world: &TestRepository, arguments: &[&str]| world.sandbox().git(world.repo(), arguments);
    let main = git(&world, &["rev-parse", "HEAD"]);
    let enforce = ".github/workflows/tenure-enforce.yml";
    let edit = |path: &'static str, change: fn(&str) -> String| {
        move |world: &TestRepository| {
            let text = world.read(&format!("repo/{path}"));
            let changed = change(&text);
            assert_ne!(text, changed, "{path}");
            world.write(&format!("repo/{path}"), &changed);
        }
    };
    type Change = Box<dyn Fn(&TestRepository)>;
    let cases: Vec<(&str, &str, Change)> = vec![
        (
            "edited",
            "forge-file-stale",
            Box::new(edit(enforce, |text| text.replace("persist-credentials: false", "persist-credentials: true"))),
        ),
        ("emptied", "forge-file-stale", Box::new(edit(enforce, |_| String::new()))),
        (
            "without its header",
            "forge-file-stale",
            Box::new(edit(enforce, |text| text.split_once('\n').unwrap().1.to_owned())),
        ),
        ("code owners emptied", "forge-file-stale", Box::new(edit(".github/CODEOWNERS", |_| String::new()))),
        (
            "action edited",
            "forge-file-stale",
            Box::new(edit(".github/actions/tenure/action.yml", |text| text.replace("sha256sum", "true"))),
        ),
        (
            "removed",
            "forge-file-removed",
            Box::new(move |world| std::fs::remove_file(world.repo().join(enforce)).unwrap()),
        ),
        (
            "another workflow with its environment",
            "workflow-uses-engine",
            Box::new(|world| {
                world
                    .write("repo/.github/workflows/own.yml", "on: push\njobs:\n  a:\n    environment: enforce-web-1\n");
            }),
        ),
        (
            "another workflow with its key",
            "workflow-uses-engine",
            Box::new(|world| {
                world.write("repo/.github/workflows/own.yml", "on: push\nenv:\n  K: ${{ secrets.TENURE_LOG_KEY }}\n");
            }),
        ),
        (
            "another release of the engine",
            "engine-not-permitted",
            Box::new(|world| {
                let text = world.read("repo/governance.toml");
                let digest = text.lines().find(|line| line.starts_with("digest = ")).unwrap();
                let other = format!("digest = \"{}\"", tenure::model::Digest::of("another program"));
                world.write("repo/governance.toml", &text.replacen(digest, &other, 1));
            }),
        ),
    ];
    for (what, code, change) in cases {
        let world = world.copied();
        change(&world);
        git(&world, &["add", "--all"]);
        git(&world, &["commit", "--quiet", "-m", what]);
        world.tenure(&["check", "--base", &main]).exits(3).says(&format!("error[{code}]"));
    }
    world.write("repo/.github/workflows/own.yml", "on: push\njobs:\n  test:\n    environment: staging\n");
    git(&world, &["add", "--all"]);
    git(&world, &["commit", "--quiet", "-m", "an ordinary workflow"]);
    world.tenure(&["check", "--base", &main]).exits(0);
}
