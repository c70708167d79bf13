//! A valid governed repository, made once with the real program: founded, collected, decided, enforced, verified. Each
//! test tampers with a copy of the auditor's clone.

use super::signing::{armored, namespace};
pub use super::signing::{key, signature_path};
use super::{
    evidence,
    sandbox::{Sandbox, at, succeed},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tenure::{
    format::{
        codec::{parse, render},
        ssh_keys::{PrivateKey, Signer as _},
        sshsig::SignatureNamespace,
    },
    git::{CommitDraft, CommitIdentity, ObjectId, Repository, TreeEdit},
    model::{
        Digest, FixedClock, Tier, Timestamp, Verdict,
        file::{Item, Review},
    },
};

pub const FOUNDERS: [&str; 3] = ["ana", "ben", "mia"];
pub const CAMPAIGN: &str = "campaigns/2026-q4/campaign.toml";
/// The review of the items that need two signatures.
pub const TOP: &str = "campaigns/2026-q4/reviews/web-1/ana.toml";
/// The review of all other items; it revokes one membership.
pub const REVIEW: &str = "campaigns/2026-q4/reviews/web-1/ana-2.toml";
/// The time of all commands, and of the audit.
pub const NOW: &str = "2026-11-23T05:00:00Z";
const MAIN: &str = "refs/remotes/origin/main";
pub const EVIDENCE: &str = "refs/remotes/origin/evidence";

/// A valid governed repository with evidence.
pub struct EnforcedRepository {
    /// The sandbox and the engine's keys.
    pub engine: evidence::TestLog,
    /// The auditor's clone.
    pub clone: PathBuf,
    /// The root pin.
    pub pin: String,
}

impl EnforcedRepository {
    /// Creates it with the real program and git.
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        let remote = sandbox.bare("remote.git");
        host(&sandbox.join("host"));
        let keys = sandbox.join("keys");
        fs::create_dir(&keys).unwrap();
        let mut init = sandbox.tenure(sandbox.path());
        init.args(["init", "repo", "--keys", "keys", "--log-origin", evidence::ORIGIN]);
        at(&mut init, NOW);
        for name in FOUNDERS {
            let key = key(name);
            fs::write(keys.join(name), key.to_openssh(name).unwrap().as_bytes()).unwrap();
            fs::write(keys.join(format!("{name}.pub")), format!("{}\n", key.public_key())).unwrap();
            init.args(["--founder".to_owned(), format!("{name}=keys/{name}.pub")]);
        }
        succeed(&mut init);
        let repo = sandbox.join("repo");
        let git = |arguments: &[&str]| sandbox.git(&repo, arguments);
        let pin = Digest::of(fs::read(repo.join("trust/root/1.toml")).unwrap()).to_string();
        let tenure = |arguments: &[&str]| {
            let engine = ["TENURE_COMMIT_KEY", "TENURE_LOG_KEY"].into_iter().zip(["engine-commit", "engine-log"]);
            let engine = engine.map(|(name, file)| (name, keys.join(file)));
            let mut command = sandbox.tenure(&repo);
            succeed(at(&mut command, NOW).args(arguments).env("TENURE_ROOT", &pin).envs(engine))
        };
        let commit = |message: &str| {
            git(&["add", "--all"]);
            git(&["commit", "-q", "-m", message]);
            git(&["push", "-q", "origin", "HEAD:main"]);
            git(&["fetch", "-q", "origin"]);
        };
        git(&["remote", "add", "origin", "../remote.git"]);
        for name in ["ana", "ben"] {
            let key = format!("../keys/{name}");
            tenure(&["sign", "--key", &key, "trust/root/1.toml", "trust/registry/1.toml", "trust/mandate/1.toml"]);
        }
        commit("sign the first versions of trust");
        fs::create_dir_all(repo.join("systems/web-1")).unwrap();
        fs::create_dir_all(repo.join("policies")).unwrap();
        let governance = fs::read_to_string(repo.join("governance.toml")).unwrap();
        let id = governance.lines().find(|line| line.starts_with("repo = ")).unwrap();
        fs::write(repo.join("systems/web-1/1.toml"), SYSTEM.replace("REPO", id)).unwrap();
        tenure(&["sign", "--key", "../keys/ana", "systems/web-1/1.toml"]);
        fs::write(repo.join("policies/access.toml"), DEFINITION).unwrap();
        commit("describe web-1");
        tenure(&["collect", "web-1"]);
        commit("collect web-1");
        tenure(&["campaign", "open", "2026-q4", "--from", "policies/access.toml"]);
        tenure(&["sign", "--key", "../keys/ana", CAMPAIGN]);
        commit("open the campaign");
        for (path, signers) in [(TOP, &["ana", "ben"][..]), (REVIEW, &["ana"])] {
            let mut review: Review = parse(path, &fs::read(repo.join(path)).unwrap()).unwrap();
            review.items.iter_mut().for_each(decide);
            fs::write(repo.join(path), render(&review)).unwrap();
            for signer in signers {
                tenure(&["sign", "--key", &format!("../keys/{signer}"), path]);
            }
        }
        commit("review the access to web-1");
        tenure(&["enforce"]);
        tenure(&["verify"]);
        sandbox.git(sandbox.path(), &["clone", "-q", "remote.git", "clone"]);
        let clone = sandbox.join("clone");
        sandbox.git(&clone, &["repack", "-q", "-a", "-d"]);
        let secret = |name: &str| PrivateKey::parse_openssh(&fs::read_to_string(keys.join(name)).unwrap()).unwrap();
        let clock = FixedClock(Timestamp::parse(NOW).unwrap());
        let (commit_key, log_key) = (secret("engine-commit"), secret("engine-log"));
        Self { engine: evidence::TestLog { sandbox, remote, clock, commit_key, log_key }, clone, pin }
    }

    /// Returns a copy of the auditor's clone.
    pub fn case(&self, name: &str) -> Case<'_> {
        let folder = self.engine.sandbox.join(&format!("case {name}"));
        copy(&self.clone, &folder);
        let repository = Repository::open(&folder).unwrap();
        let at = |name| repository.reference(name).unwrap().unwrap();
        let (main, log) = (at(MAIN), at(EVIDENCE));
        Case { world: self, folder, main, log, repository }
    }
}

/// A copy of the auditor's clone, for tampering.
pub struct Case<'w> {
    pub world: &'w EnforcedRepository,
    pub folder: PathBuf,
    pub repository: Repository,
    /// The head of main.
    pub main: ObjectId,
    /// The head of the evidence branch.
    pub log: ObjectId,
}

/// The output of `tenure audit`.
#[derive(Debug)]
pub struct Said {
    pub exit: i32,
    /// The codes of its findings, sorted, without duplicates.
    pub codes: Vec<String>,
    pub json: String,
}

impl Case<'_> {
    /// Runs `tenure audit` with JSON output.
    pub fn audit(&self) -> Said {
        self.audit_with(&[])
    }

    /// Runs `tenure audit` with further arguments and JSON output.
    pub fn audit_with(&self, more: &[&str]) -> Said {
        let (exit, json) = self.run("json", more);
        let answer: serde_json::Value =
            serde_json::from_str(&json).unwrap_or_else(|error| panic!("exit {exit}, {error}: {json}"));
        let found = answer["findings"].as_array().unwrap();
        let mut codes: Vec<_> = found.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
        codes.sort_unstable();
        codes.dedup();
        Said { exit, codes, json }
    }

    /// Runs `tenure audit`, and returns its exit code and text output.
    pub fn audit_for_people(&self) -> (i32, String) {
        self.run("human", &[])
    }

    fn run(&self, format: &str, more: &[&str]) -> (i32, String) {
        let mut command = self.world.engine.sandbox.tenure(&self.folder);
        at(&mut command, "2026-11-23T06:00:00Z").args(["audit", "--format", format]).args(more);
        let output = command.env("TENURE_ROOT", &self.world.pin).output().unwrap();
        let notes = if format == "json" { Vec::new() } else { output.stderr };
        let text = [output.stdout, notes].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    /// Returns the bytes of a file on main.
    pub fn read(&self, path: &str) -> Vec<u8> {
        evidence::read(&self.repository, self.main, path)
    }

    /// Returns the parsed file at `path` of main.
    pub fn file<T: tenure::model::file::GovernedFile>(&self, path: &str) -> T {
        parse(path, &self.read(path)).unwrap()
    }

    /// Merges a branch with these changes into main; a path without bytes is deleted.
    pub fn merge(&mut self, files: &Files) {
        let tree = self.tree(self.main, files);
        let branch = self.commit(tree, &[self.main]);
        let merge = self.commit(tree, &[self.main, branch]);
        self.main_is(merge);
    }

    /// Writes the tree of a commit with these changes.
    pub fn tree(&self, commit: ObjectId, files: &Files) -> ObjectId {
        let edits: Vec<_> = files
            .iter()
            .map(|(path, bytes)| match bytes {
                Some(bytes) => TreeEdit::Put { path: path.clone(), blob: self.repository.write_blob(bytes).unwrap() },
                None => TreeEdit::Remove { path: path.clone() },
            })
            .collect();
        self.repository.write_tree(Some(self.repository.tree_of(commit).unwrap()), &edits).unwrap()
    }

    /// Writes a commit.
    pub fn commit(&self, tree: ObjectId, parents: &[ObjectId]) -> ObjectId {
        let author = CommitIdentity { name: "Test".to_owned(), address: "test@example.org".to_owned() };
        let seconds = Timestamp::parse(NOW).unwrap().unix();
        self.repository
            .write_commit(&CommitDraft { tree, parents, author: &author, seconds, message: "a change\n" })
            .unwrap()
    }

    /// Sets the remote-tracking ref of main.
    pub fn main_is(&mut self, commit: ObjectId) {
        self.repository.move_reference(MAIN, commit, Some(self.main), "test").unwrap();
        self.main = commit;
    }

    /// Sets the remote-tracking ref of the evidence branch.
    pub fn log_is(&mut self, commit: ObjectId) {
        self.repository.move_reference(EVIDENCE, commit, Some(self.log), "test").unwrap();
        self.log = commit;
    }

    /// Returns the first-parent line of a branch.
    pub fn line(&self, head: ObjectId) -> Vec<ObjectId> {
        self.repository.first_parents(None, head).unwrap()
    }

    /// Runs `git` in the clone.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.world.engine.sandbox.git(&self.folder, arguments)
    }
}

/// Changed files by path; a path without bytes is deleted.
pub type Files = BTreeMap<String, Option<Vec<u8>>>;

/// Signs bytes in the namespace of the path.
pub fn sign(files: &mut Files, path: &str, signer: &str) {
    sign_as(files, path, signer, &key(signer), namespace(path));
}

/// Signs with any key in any namespace.
pub fn sign_as(files: &mut Files, path: &str, signer: &str, key: &PrivateKey, namespace: SignatureNamespace) {
    let signature = armored(key, namespace, files[path].as_ref().unwrap());
    files.insert(signature_path(path, signer), Some(signature));
}

fn decide(item: &mut Item) {
    let revoked = item.principal == "svc_export" && item.entitlement.contains("reports");
    item.decision = Some(if revoked { Verdict::Revoke } else { Verdict::Certify });
    item.reason = if revoked { "the export job retired in May" } else { "in use" }.to_owned();
    if item.tier == Tier::T0 {
        item.until = Some(Timestamp::parse("2027-05-01").unwrap());
    }
}

fn copy(from: &Path, to: &Path) {
    succeed(Command::new("cp").arg("-r").arg(from).arg(to));
}

fn host(root: &Path) {
    for (path, text) in HOST {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

const HOST: [(&str, &str); 5] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nli:x:1002:1002:Li Chen:/home/li:/bin/bash\n\
         svc_export:x:1101:1101:nightly export:/srv/export:/bin/bash\n",
    ),
    ("etc/group", "root:x:0:\nreports:x:2000:li,svc_export\nli:x:1002:\nsvc_export:x:1101:\n"),
    ("etc/gshadow", "root:*::\nreports:!::li,svc_export\nli:!::\nsvc_export:!::\n"),
    ("etc/shadow", "root:!:20000:0:99999:7:::\nli:!:20000:0:99999:7:::\nsvc_export:!:20000:0:99999:7:::\n"),
    ("etc/sudoers", "root\tALL=(ALL:ALL) ALL\n"),
];

const SYSTEM: &str = r#"schema = "tenure/system/v1"
REPO
system = "web-1"
version = 1
prev = "none"
connector = "hosts"
owner = "ana"
deputy = "ben"
tier = "T2"
remediation = "automatic"

[settings]
root = "../host"
"#;

const DEFINITION: &str = r#"schema = "tenure/campaign-definition/v1"
title = "Access to web-1"
window_days = 14
max_inventory_age_days = 2
fallback = "ben"
second_fallback = "mia"
on_no_response = "open"

[[select]]
systems = ["web-1"]
kinds = ["membership"]
"#;
