//! A complete governed repository: founders with keys, a bare remote, systems, a campaign, decisions, and the real
//! `tenure` binary.
//!
//! A world is built once and copied for each case, so everything in it has relative paths.

use super::sandbox::{Sandbox, at, succeed};
use super::servers::program;
use super::signing::{key, namespace};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tenure::format::codec::{parse, render};
use tenure::format::ssh_keys::Signer as _;
use tenure::model::file::{Item, Review};
use tenure::model::{Digest, Tier, Timestamp, Verdict};

/// A governed repository `repo`, its remote `remote.git`, keys in `keys`, and further files of a test.
pub struct TestRepository {
    sandbox: Sandbox,
    pin: Option<Digest>,
    variables: Vec<(OsString, OsString)>,
}

/// One decision, on the item of a system with this holder and an entitlement with this prefix.
#[derive(Clone, Copy)]
pub struct Decision<'a>(pub &'a str, pub &'a str, pub &'a str, pub Verdict);

/// The result of a command.
pub struct Ran {
    /// The exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its error output.
    pub err: String,
}

/// The only campaign of these tests.
pub const CAMPAIGN: &str = "2026-q4";
/// The number of minutes before the decisions at which inventories are collected and campaigns opened, so that
/// decisions are not too fast.
const BEFORE: i64 = -60;
/// The current time in these tests; the system clock is not used.
pub const NOW: i64 = 1_795_410_000;

impl TestRepository {
    /// Creates a sandbox with the keys of three founders: `ana`, `ben` and `mia`.
    pub fn new() -> Self {
        let world = Self { sandbox: Sandbox::new(), pin: None, variables: Vec::new() };
        fs::create_dir(world.join("keys")).unwrap();
        for name in PEOPLE {
            let key = key(name);
            world.write(&format!("keys/{name}"), &key.to_openssh(name).unwrap());
            world.write(&format!("keys/{name}.pub"), &format!("{} {name}\n", key.public_key()));
        }
        world
    }

    /// Founds the repository: two of three founders have signed, and everything is on the remote.
    pub fn founded() -> Self {
        let mut world = Self::new();
        world.sandbox.bare("remote.git");
        let mut init = world.in_folder(world.path(), 0);
        init.arg("init").arg("repo").args(["--keys", "keys"]);
        init.args(PEOPLE.iter().flat_map(|name| ["--founder".to_owned(), format!("{name}=keys/{name}.pub")]));
        ran(&mut init).exits(0);
        world.pin = Some(Digest::of(fs::read(world.join("repo/trust/root/1.toml")).unwrap()));
        world.sandbox.git(world.repo(), &["remote", "add", "origin", "../remote.git"]);
        for name in ["ana", "ben"] {
            world.sign(name, &["trust/root/1.toml", "trust/registry/1.toml", "trust/mandate/1.toml"]);
        }
        world.merge("sign the trust");
        world
    }

    /// Founds a repository with `ana` alone, whose signature is sufficient.
    pub fn solo() -> Self {
        let mut world = Self { sandbox: Sandbox::new(), pin: None, variables: Vec::new() };
        world.sandbox.bare("remote.git");
        let mut init = world.in_folder(world.path(), 0);
        init.args(["init", "repo", "--keys", "keys", "--solo", "ana"]);
        ran(&mut init).exits(0);
        world.pin = Some(Digest::of(fs::read(world.join("repo/trust/root/1.toml")).unwrap()));
        world.sandbox.git(world.repo(), &["remote", "add", "origin", "../remote.git"]);
        world.merge("found the repository");
        world
    }

    /// Returns an independent copy of this world.
    pub fn copied(&self) -> Self {
        let sandbox = Sandbox::new();
        let mut copy = self.sandbox.command(program("cp"), self.path());
        succeed(copy.args(["-a", "."]).arg(sandbox.path()));
        Self { sandbox, pin: self.pin, variables: self.variables.clone() }
    }

    /// Adds a system with `ana` as owner, or its next version, signed by `ana`; `more` has its connector, settings and
    /// sink.
    pub fn system(&self, id: &str, more: &str) {
        let (connector, settings) = more.split_once('\n').expect("a connector and its settings");
        let rest = "owner = \"ana\"\ndeputy = \"ben\"\ntier = \"T2\"\nremediation = \"automatic\"\n";
        self.version(id, &format!("{connector}\n{rest}{settings}"), &["ana"]);
    }

    /// Writes the next version of a system with another text after its head, signed by `ana`.
    pub fn change_system(&self, id: &str, edit: impl FnOnce(&str) -> String) {
        let newest = self.read(&format!("repo/{}", self.system_path(id)));
        let (_, body) = newest.split_once("prev = ").unwrap();
        let (_, body) = body.split_once('\n').unwrap();
        self.version(id, &edit(body), &["ana"]);
    }

    /// Writes the next version of a system with this text after its head.
    pub fn version(&self, id: &str, body: &str, signers: &[&str]) {
        let versions = self.system_versions(id);
        let prev = match versions {
            0 => "none".to_owned(),
            _ => Digest::of(self.read(&format!("repo/{}", self.system_path(id)))).to_string(),
        };
        let governance = self.read("repo/governance.toml");
        let repo = governance.lines().find(|line| line.starts_with("repo = ")).unwrap();
        let path = format!("systems/{id}/{}.toml", versions + 1);
        let head = format!("schema = \"tenure/system/v1\"\n{repo}\nsystem = \"{id}\"\nversion = {}\n", versions + 1);
        self.write(&format!("repo/{path}"), &format!("{head}prev = \"{prev}\"\n{body}"));
        self.tenure(&["fmt", &path]).exits(0);
        signers.iter().for_each(|name| self.sign(name, &[&path]));
    }

    /// Returns the path of the newest version of a system.
    pub fn system_path(&self, id: &str) -> String {
        format!("systems/{id}/{}.toml", self.system_versions(id))
    }

    fn system_versions(&self, id: &str) -> usize {
        (1..).take_while(|n| self.repo().join(format!("systems/{id}/{n}.toml")).exists()).count()
    }

    /// Sets a variable for all later commands; secrets are passed in no other way.
    pub fn variable(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.variables.push((name.into(), value.into()));
    }

    /// Removes the root pin from all later commands.
    pub fn without_pin(&mut self) {
        self.pin = None;
    }

    /// Collects the systems, and merges their inventories.
    pub fn collected(&self, systems: &[&str]) {
        self.merge("describe systems");
        for system in systems {
            ran(&mut self.command_in(&self.repo(), BEFORE, &["collect", system])).exits(0);
        }
        self.merge("collect");
    }

    /// Opens the campaign over these kinds of grants of these systems, signed by `ana`, and merges it.
    pub fn campaign(&self, select: &[(&str, &[&str])]) {
        self.campaign_with("", select);
    }

    /// Opens the campaign as [`Self::campaign`] does, with additions to its definition. Returns the result of the
    /// command.
    pub fn campaign_with(&self, more: &str, select: &[(&str, &[&str])]) -> Ran {
        let selects: Vec<String> = select
            .iter()
            .map(|(system, kinds)| format!("\n[[select]]\nsystems = [\"{system}\"]\nkinds = {kinds:?}\n"))
            .collect();
        self.write("repo/policies/all.toml", &format!("{DEFINITION}{more}{}", selects.concat()));
        self.tenure(&["fmt", "policies/all.toml"]).exits(0);
        self.merge("define a campaign");
        let open = ["campaign", "open", CAMPAIGN, "--from", "policies/all.toml"];
        let opened = ran(&mut self.command_in(&self.repo(), BEFORE, &open)).exits(0);
        self.sign("ana", &[&format!("campaigns/{CAMPAIGN}/campaign.toml")]);
        self.merge("open the campaign");
        opened
    }

    /// Decides as the reviewers: the listed decisions, and `certify` for all other items; signed and merged.
    pub fn decided(&self, decisions: &[Decision<'_>]) {
        self.decide(decisions, true);
        self.merge("decide");
    }

    /// Decides as the reviewers on the present branch, and pushes it for a pull request, with or without signatures.
    pub fn proposed(&self, branch: &str, decisions: &[Decision<'_>], signed: bool) {
        self.decide(decisions, signed);
        let repo = self.repo();
        self.git(&repo, &["add", "--all"]);
        self.git(&repo, &["commit", "--quiet", "-m", "decide"]);
        self.git(&repo, &["push", "--quiet", "origin", branch]);
    }

    fn decide(&self, decisions: &[Decision<'_>], signed: bool) {
        let mut used = vec![0; decisions.len()];
        let sign = |name: &str, path: &str| {
            if signed {
                self.sign(name, &[path]);
            }
        };
        self.deciding(|review, item| decide(review.system.as_str(), item, decisions, &mut used), sign);
        for (times, Decision(_, holder, entitlement, _)) in used.iter().zip(decisions) {
            assert_eq!(*times, 1, "items with `{holder}` and `{entitlement}`:\n{}", self.items().join("\n"));
        }
    }

    /// Decides every item as its reviewer, and signs.
    pub fn decides(&self, decide: impl FnMut(&Review, &mut Item)) {
        self.deciding(decide, |name, path| self.sign(name, &[path]));
    }

    /// Decides every item as its reviewer, and signs without the checks of `tenure sign`.
    pub fn decides_unchecked(&self, decide: impl FnMut(&Review, &mut Item)) {
        self.deciding(decide, |name, path| self.sign_unchecked(name, path));
    }

    fn deciding(&self, mut decide: impl FnMut(&Review, &mut Item), sign: impl Fn(&str, &str)) {
        for path in self.reviews() {
            let stub = self.review(&path);
            let mut review = stub.clone();
            review.items.iter_mut().for_each(|item| decide(&stub, item));
            fs::write(self.repo().join(&path), render(&review)).unwrap();
            let signers = std::iter::once(&review.reviewer).chain(&review.cosigners);
            signers.for_each(|name| sign(name.as_str(), &path));
        }
    }

    /// Returns every item as displayed to its reviewer.
    pub fn items(&self) -> Vec<String> {
        let items = self.reviews().into_iter().flat_map(|path| self.review(&path).items);
        items.map(|item| format!("{}: {}", item.principal, item.entitlement)).collect()
    }

    /// Returns a review file of the work tree.
    pub fn review(&self, path: &str) -> Review {
        parse(path, &fs::read(self.repo().join(path)).unwrap())
            .unwrap_or_else(|problems| panic!("{}", problems.render(tenure::diag::RenderStyle::plain())))
    }

    /// Returns the paths of all review files.
    pub fn reviews(&self) -> Vec<String> {
        let found = format!("campaigns/{CAMPAIGN}/reviews/*.toml");
        let listed = self.sandbox.git(self.repo(), &["ls-files", "--cached", "--others", &found]);
        let mut paths: Vec<_> = listed.lines().map(str::to_owned).collect();
        paths.sort();
        paths
    }

    /// Signs files in the name of a principal.
    pub fn sign(&self, name: &str, files: &[&str]) {
        self.tenure(&[&["sign", "--key", &format!("../keys/{name}")], files].concat()).exits(0);
    }

    /// Signs a file with `ssh-keygen`, which knows no rules: for decisions that `tenure sign` refuses.
    pub fn sign_unchecked(&self, name: &str, path: &str) {
        let key = self.repo().join("../keys").join(name);
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        let namespace = namespace(path);
        let mut keygen = self.sandbox.command(program("ssh-keygen"), self.repo());
        keygen.args(["-q", "-Y", "sign", "-n", namespace.as_str(), "-f", &format!("../keys/{name}"), path]);
        ran(&mut keygen).exits(0);
        fs::rename(self.repo().join(format!("{path}.sig")), self.repo().join(format!("{path}.{name}.sig"))).unwrap();
    }

    /// Commits the work tree and pushes it to main of the remote.
    pub fn merge(&self, message: &str) {
        let repo = self.repo();
        self.git(&repo, &["add", "--all"]);
        if !self.git(&repo, &["status", "--porcelain"]).is_empty() {
            self.git(&repo, &["commit", "--quiet", "-m", message]);
        }
        self.git(&repo, &["push", "--quiet", "origin", "main"]);
        self.git(&repo, &["fetch", "--quiet", "origin"]);
    }

    /// Changes the address of the remote.
    pub fn reach_remote_at(&self, url: &str) {
        self.git(&self.repo(), &["remote", "set-url", "origin", url]);
    }

    /// Runs `git` with the variables of this world.
    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut git = self.sandbox.command(program("git"), folder);
        succeed(git.envs(self.variables.iter().map(|(name, value)| (name, value))).args(arguments))
    }

    /// Runs `tenure` in the repository.
    pub fn tenure(&self, arguments: &[&str]) -> Ran {
        ran(&mut self.command(arguments))
    }

    /// Runs `tenure` with these arguments in the repository, at a number of minutes later.
    pub fn tenure_later(&self, minutes: i64, arguments: &[&str]) -> Ran {
        ran(&mut self.command_in(&self.repo(), minutes, arguments))
    }

    /// Returns the command `tenure` with these arguments in the repository.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.repo(), 0, arguments)
    }

    /// Returns the command `tenure` with these arguments in a clone, at a number of minutes later.
    pub fn command_in(&self, clone: &Path, minutes: i64, arguments: &[&str]) -> Command {
        let mut command = self.in_folder(clone, minutes);
        command.args(arguments);
        command
    }

    /// Returns the command `tenure enforce` with the engine's keys in a clone, at a number of minutes later.
    pub fn enforce_in(&self, clone: &Path, minutes: i64, arguments: &[&str]) -> Command {
        self.command_in(clone, minutes, &[&["enforce"], KEYS, arguments].concat())
    }

    /// Runs `tenure enforce` in the repository.
    pub fn enforce(&self, arguments: &[&str]) -> Ran {
        self.enforce_later(0, arguments)
    }

    /// Runs `tenure enforce` in the repository, at a number of minutes later.
    pub fn enforce_later(&self, minutes: i64, arguments: &[&str]) -> Ran {
        ran(&mut self.enforce_in(&self.repo(), minutes, arguments))
    }

    /// Runs `tenure verify` in the repository, at a number of minutes later.
    pub fn verify_later(&self, minutes: i64) -> Ran {
        ran(&mut self.command_in(&self.repo(), minutes, &[&["verify"], READBACK].concat()))
    }

    /// Runs `tenure audit` in a new clone.
    pub fn audit(&self, minutes: i64) -> Ran {
        let clone = self.join("auditor");
        let _ = fs::remove_dir_all(&clone);
        self.sandbox.git(self.path(), &["clone", "--quiet", "remote.git", "auditor"]);
        ran(&mut self.command_in(&clone, minutes, &["audit"]))
    }

    /// Asserts that an audit in a new clone has no findings.
    pub fn audit_is_clean(&self, minutes: i64) {
        let ran = self.audit(minutes).exits(0);
        assert!(ran.err.is_empty() && ran.out.contains("integrity    nothing found"), "{}{}", ran.out, ran.err);
    }

    /// Creates a clone, as on another machine.
    pub fn clone(&self, name: &str) -> PathBuf {
        self.sandbox.git(self.path(), &["clone", "--quiet", "remote.git", name]);
        self.join(name)
    }

    /// Returns every record on the remote's evidence branch, in order.
    pub fn records(&self) -> Vec<serde_json::Value> {
        let remote = self.join("remote.git");
        if self.sandbox.git(&remote, &["for-each-ref", "refs/heads/evidence"]).is_empty() {
            return Vec::new();
        }
        let names = self.sandbox.git(&remote, &["ls-tree", "-r", "--name-only", "evidence", "log/"]);
        let read = |name: &str| self.sandbox.git(&remote, &["cat-file", "blob", &format!("evidence:{name}")]);
        let lines: Vec<String> = names.lines().map(read).collect();
        lines.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the records of this kind.
    pub fn records_of(&self, kind: &str) -> Vec<serde_json::Value> {
        self.records().into_iter().filter(|record| record["kind"] == kind).collect()
    }

    /// Writes a file in the sandbox.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file in the sandbox.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub fn path(&self) -> &Path {
        self.sandbox.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.sandbox.join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.join("repo")
    }

    pub fn pin(&self) -> Digest {
        self.pin.expect("it was founded")
    }

    fn in_folder(&self, folder: &Path, minutes: i64) -> Command {
        let mut command = self.sandbox.tenure(folder);
        at(&mut command, &Timestamp::from_unix(NOW + minutes * 60).to_string()).stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(self.pin.map(|pin| ("TENURE_ROOT", pin.to_string())));
        command
    }
}

impl Ran {
    /// Asserts the exit code.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "signal {:?}\n{}{}", self.signal, self.out, self.err);
        self
    }

    /// Asserts that the output or error output contains a text.
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "no `{text}` in:\n{}{}", self.out, self.err);
        self
    }

    /// Asserts that neither the output nor the error output contains a text.
    pub fn hides(self, text: &str) -> Self {
        assert!(!self.out.contains(text) && !self.err.contains(text), "`{text}` in:\n{}{}", self.out, self.err);
        self
    }
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    answer(command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
}

/// Returns the result of a finished command.
pub fn answer(Output { status, stdout, stderr }: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: status.code(), signal: status.signal(), out: text(stdout), err: text(stderr) }
}

fn decide(system: &str, item: &mut Item, decisions: &[Decision<'_>], used: &mut [usize]) {
    let is_meant = |Decision(on, holder, entitlement, _): &Decision<'_>| {
        *on == system && item.principal == *holder && item.entitlement.starts_with(entitlement)
    };
    let named = decisions.iter().position(is_meant);
    let verdict = named.map_or(Verdict::Certify, |place| decisions[place].3);
    if let Some(place) = named {
        used[place] += 1;
    }
    item.decision = Some(verdict);
    let code = if item.severity.is_some() { "in-use-needed: " } else { "" };
    item.reason = format!("{code}{}", reason(item));
    if verdict == Verdict::Certify && item.tier == Tier::T0 {
        item.until = Some(Timestamp::from_unix(NOW).plus_days(30));
    }
}

/// Returns a reason that is unique to the item.
pub fn reason(item: &Item) -> String {
    let hex = Digest::of(item.id.to_string()).hex();
    let letters: String =
        hex.bytes().map(|b| char::from(if b.is_ascii_digit() { b - b'0' + b'g' } else { b })).collect();
    format!("as its owner asked for {} {} {}", &letters[..8], &letters[8..16], &letters[16..24])
}

const PEOPLE: [&str; 3] = ["ana", "ben", "mia"];
/// The keys of the job that reads targets back.
pub const READBACK: &[&str] = &["--commit-key", "../keys/engine-readback", "--log-key", "../keys/engine-log"];
/// The engine's keys, as seen from any clone.
pub const KEYS: &[&str] = &["--commit-key", "../keys/engine-commit", "--log-key", "../keys/engine-log"];
/// The definition of the campaign, without selectors.
pub const DEFINITION: &str = r#"schema = "tenure/campaign-definition/v1"
title = "Access that matters"
window_days = 14
max_inventory_age_days = 2
fallback = "ben"
second_fallback = "mia"
on_no_response = "open"
"#;
