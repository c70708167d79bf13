//! A Git host with jobs: git over HTTP, a recorded REST API, an issuer of id-tokens, and runners of workflows.

use super::fixtures::TestRepository;
use super::sandbox::succeed;
use super::servers::{Server, program, systems};
use serde_json::{Value, json};
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Git host with the repository of a world; stopped when dropped.
pub struct Forge {
    _server: Server,
    port: u16,
    folder: PathBuf,
    runs: Cell<u32>,
}

/// The event that starts a workflow.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// A pull request from a fork, from the branch with this name.
    Fork(&'a str),
    /// A pull request from a branch of the repository itself.
    Pull(&'a str),
    /// A push to main.
    Push,
    /// A time of the day.
    Schedule,
}

/// The result of a job.
pub struct Done(pub Value);

impl Forge {
    /// Serves the repository of a world, and sets it as the remote.
    pub fn serve(world: &TestRepository) -> Self {
        let folder = world.join("forge");
        fs::create_dir_all(folder.join("api/repos/acme/access")).unwrap();
        let mut genrsa = world.sandbox().command(program("openssl"), &folder);
        succeed(genrsa.args(["genrsa", "-out", "issuer.pem", "2048"]));
        let users = json!({
            "reader": {"password": READ, "write": false},
            "teller": {"password": TELL, "write": false, "opens": ["issues"]},
            "writer": {"password": WRITE, "write": true, "opens": ["pulls"]},
        });
        fs::write(folder.join("users.json"), users.to_string()).unwrap();
        let mut command = world.sandbox().command(program("python3"), world.path());
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/forge.py"));
        command.arg(world.path()).arg(folder.join("users.json")).arg(&folder);
        let output = world.join("forge.log");
        let mut port = None;
        let server = Server::start("forge", &mut command, &output).wait_until(|| {
            let text = fs::read_to_string(&output).unwrap_or_default();
            port = text.lines().find_map(|line| line.strip_prefix("listening ")?.parse().ok());
            port.is_some()
        });
        Self { _server: server, port: port.unwrap(), folder, runs: Cell::new(0) }
    }

    /// Records the replies of GitHub about the head of main: a pull request by `ana-ruiz`, approved by `ben-okafor` and
    /// merged by `mia-khan`; `change` edits the recorded files, by name.
    pub fn records(&self, world: &TestRepository, change: &dyn Fn(&str, String) -> String) {
        let line = world.sandbox().git(world.join("remote.git"), &["rev-list", "--parents", "-n", "1", "main"]);
        let ids: Vec<&str> = line.split(' ').collect();
        // A squashed merge has no second parent; the head of its pull request is set to the commit itself.
        let (merge, base, head) = (ids[0], ids[1], ids.get(2).unwrap_or(&ids[0]));
        for (name, path) in [
            ("commit-pulls", format!("commits/{merge}/pulls")),
            ("pull", "pulls/7".to_owned()),
            ("reviews", "pulls/7/reviews".to_owned()),
            ("check-runs", format!("commits/{head}/check-runs")),
            ("rule-suites", "rulesets/rule-suites".to_owned()),
        ] {
            let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/github/{name}.json"));
            let text = fs::read_to_string(recorded).unwrap();
            let text = text.replace("@MERGE@", merge).replace("@HEAD@", head).replace("@BASE@", base);
            let file = self.folder.join(format!("api/repos/acme/access/{path}.json"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, change(name, text)).unwrap();
        }
    }

    /// Returns the address of the repository.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/remote.git", self.port)
    }

    /// Returns the address of the REST API.
    pub fn api(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// Returns the pull requests or issues that were opened.
    pub fn opened(&self, kind: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("opened.json")).unwrap_or_else(|_| "[]".to_owned());
        let all: Vec<Value> = serde_json::from_str(&text).unwrap();
        all.into_iter().filter(|one| one["kind"] == kind).collect()
    }

    /// Returns the log passed to code scanning, and its commit.
    pub fn scanned(&self) -> (Value, String) {
        let sent: Value = serde_json::from_slice(&fs::read(self.folder.join("sarifs.json")).unwrap()).unwrap();
        fs::write(self.folder.join("sarif"), sent["sarif"].as_str().unwrap()).unwrap();
        let mut unpack = Command::new(program("sh"));
        unpack.args(["-c", "base64 -d sarif | gzip -d"]).current_dir(&self.folder);
        let text = succeed(&mut unpack);
        (serde_json::from_str(&text).unwrap(), sent["commit_sha"].as_str().unwrap().to_owned())
    }

    /// Returns the command that runs a workflow of the world; `more` is added to the event.
    pub fn workflow(&self, world: &TestRepository, name: &str, event: Event<'_>, more: &Value) -> Command {
        let run = self.runs.replace(self.runs.get() + 1);
        let folder = world.join(&format!("run-{run}"));
        fs::create_dir_all(&folder).unwrap();
        let remote = |what: &str| world.sandbox().git(world.join("remote.git"), &["rev-parse", what]);
        let main = remote("refs/heads/main");
        let mut github = json!({
            "api_url": self.api(),
            "event": {"repository": {"fork": false}},
            "event_name": "push",
            "ref": "refs/heads/main",
            "repository": "acme/access",
            "run_id": format!("9{run}"),
            "server_url": format!("http://127.0.0.1:{}", self.port),
            "sha": main,
        });
        let mut fork = false;
        let from = match event {
            Event::Fork(branch) | Event::Pull(branch) => {
                fork = matches!(event, Event::Fork(_));
                let merge = self.merged(world, branch, &folder);
                github["event_name"] = "pull_request".into();
                github["ref"] = "refs/pull/7/merge".into();
                github["head_ref"] = branch.into();
                github["event"]["pull_request"] = json!({
                    "base": {"sha": main},
                    "body": "::add-mask::x\r\n::error::y%0A::warning::z",
                    "title": "x\n::set-output name=x::y\n%0A##[add-mask]z `touch pwned`",
                    "user": {"login": "mallory\n::set-output name=x::y"},
                });
                github["sha"] = merge.clone().into();
                merge
            }
            Event::Push => main,
            Event::Schedule => {
                github["event_name"] = "schedule".into();
                main
            }
        };
        // A workflow is read from the commit of the event.
        let text =
            world.sandbox().git(world.join("remote.git"), &["show", &format!("{from}:.github/workflows/{name}")]);
        fs::write(folder.join("workflow.yml"), text).unwrap();
        let environment: Value = world
            .sandbox()
            .environment()
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), Value::from(value.into_string().unwrap())))
            .chain([("TENURE_FORGE_ON_LOOPBACK".to_owned(), Value::from("1"))])
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut told = json!({
            "claims": self.folder.join("claims"),
            "env": environment,
            "folder": folder,
            "fork": fork,
            "github": github,
            "inputs": {"path": env!("CARGO_BIN_EXE_tenure")},
            "remote": self.url(),
            "secrets": secrets(world),
            "tokens": {"read": READ, "tell": TELL, "write": WRITE},
            "vars": {"TENURE_ROOT": world.pin()},
            "workflow": folder.join("workflow.yml"),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            told[key] = value.clone();
        }
        fs::write(folder.join("event.json"), told.to_string()).unwrap();
        let mut runner = world.sandbox().command(systems().join("lint/bin/python"), &folder);
        runner.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/runner.py")).arg(folder.join("event.json"));
        runner
    }

    /// Runs a workflow of the world to completion.
    pub fn runs(&self, world: &TestRepository, name: &str, event: Event<'_>) -> Vec<Done> {
        jobs(&succeed(&mut self.workflow(world, name, event, &json!({}))))
    }

    /// Creates the ref that a Git host provides for a pull request: the merge of a branch into main, at
    /// `refs/pull/7/merge`.
    fn merged(&self, world: &TestRepository, branch: &str, folder: &Path) -> String {
        let clone = folder.join("merging");
        let git = |arguments: &[&str]| world.sandbox().git(&clone, arguments);
        world.sandbox().git(folder, &["clone", "--quiet", &world.join("remote.git").to_string_lossy(), "merging"]);
        git(&[
            "merge",
            "--quiet",
            "--no-ff",
            "-m",
            "::set-output name=x::y\n\n##[add-mask]x",
            &format!("origin/{branch}"),
        ]);
        git(&["push", "--quiet", "--force", "origin", "HEAD:refs/pull/7/merge"]);
        git(&["rev-parse", "HEAD"])
    }
}

impl Done {
    /// Returns the name of the job with the name of its system.
    pub fn name(&self) -> String {
        let system = self.0["matrix"]["system"].as_str();
        [self.0["job"].as_str(), system].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Asserts the conclusion of the job.
    pub fn ended(&self, outcome: &str) -> &Self {
        assert_eq!(self.0["outcome"], outcome, "{}: {}", self.name(), self.log());
        self
    }

    /// Returns the output of the steps.
    pub fn log(&self) -> String {
        self.texts("log")
    }

    /// Returns the summary of the job.
    pub fn summary(&self) -> String {
        self.texts("summary")
    }

    /// Returns the environments of all its steps.
    pub fn environments(&self) -> String {
        let steps = self.0["steps"].as_array().unwrap();
        steps.iter().map(|step| step["environment"].to_string()).collect()
    }

    fn texts(&self, key: &str) -> String {
        let steps = self.0["steps"].as_array().unwrap();
        steps.iter().map(|step| step[key].as_str().unwrap_or_default()).collect()
    }
}

/// Parses the results of the runner's jobs.
pub fn jobs(text: &str) -> Vec<Done> {
    let jobs: Vec<Value> = serde_json::from_str(text).unwrap();
    jobs.into_iter().map(Done).collect()
}

/// The engine's keys in the environments that are allowed to have them, and a canary in each place.
fn secrets(world: &TestRepository) -> Value {
    let key = |name: &str| world.read(&format!("keys/{name}"));
    let readback = json!({"TENURE_READBACK_KEY": key("engine-readback"), "TENURE_LOG_KEY": key("engine-log")});
    let mut all = json!({"": {"REPOSITORY_CANARY": CANARY}, "housekeeping": readback.clone()});
    for system in ["web-1", "web-2"] {
        all[format!("enforce-{system}")] = json!({
            "CANARY": CANARY,
            "TENURE_COMMIT_KEY": key("engine-commit"),
            "TENURE_LOG_KEY": key("engine-log"),
        });
        all[format!("verify-{system}")] = readback.clone();
    }
    all
}

/// A value that no job of a pull request may ever read.
pub const CANARY: &str = "canary-5b1f7d2c";
/// The token of a job with read permission.
pub const READ: &str = "token-that-reads-7c41";
/// The token of a job that may open issues.
pub const TELL: &str = "token-that-tells-4b52";
/// The token of a job with write permission.
pub const WRITE: &str = "token-that-writes-93e0";
