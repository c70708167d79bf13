//! An evidence log in a bare repository, and its writers.

use super::sandbox::Sandbox;
use std::{fs, path::PathBuf, time::Duration};
use tenure::{
    enforce::{Journal, JournalError},
    evidence::{
        Appender, AppenderOptions, DefectCode, EngineKeyHistory, EngineKeys, EngineSigners, Ledger, no_secrets,
    },
    format::{
        checkpoint::Checkpoint,
        note::VerifierKey,
        ssh_keys::{PrivateKey, PublicKey, Signer},
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{CommitDraft, CommitIdentity, GitRemote, ObjectId, Repository, TreeEdit},
    model::{
        ActionId, Clock, Digest, FixedClock, GrantKey, ItemId, RunId, SystemId, Timestamp,
        record::{IntentRecorded, LogGenesis, OutcomeKind, OutcomeRecorded, RecordPayload, RunEnd, RunStart},
    },
};

pub const BRANCH: &str = "refs/heads/evidence";
pub const ORIGIN: &str = "tenure/example/access";

/// A bare remote for evidence, and the engine's keys.
pub struct TestLog {
    pub sandbox: Sandbox,
    pub remote: PathBuf,
    pub clock: FixedClock,
    pub commit_key: PrivateKey,
    pub log_key: PrivateKey,
}

impl TestLog {
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        let remote = sandbox.bare("remote.git");
        let clock = FixedClock(Timestamp::parse("2026-11-23T05:00:00Z").unwrap());
        Self {
            sandbox,
            remote,
            clock,
            commit_key: PrivateKey::from_seed(&[1; 32]),
            log_key: PrivateKey::from_seed(&[2; 32]),
        }
    }

    /// Returns a new clone, as on another machine.
    pub fn clone(&self, name: &str) -> Repository {
        let path = self.sandbox.join(name);
        if !path.exists() {
            self.sandbox.git(self.sandbox.path(), &["clone", "-q", "remote.git", name]);
        }
        Repository::open(path).unwrap()
    }

    pub fn carrier(&self) -> GitRemote {
        let add = |carrier: GitRemote, (name, value)| carrier.with_variable(name, value);
        self.sandbox.environment().into_iter().fold(GitRemote::to("origin").unwrap(), add)
    }

    pub fn keys(&self) -> EngineKeyHistory {
        EngineKeyHistory::new().with_root(1, engine_keys(&self.commit_key, &self.log_key))
    }

    pub fn opening<'a>(&self, repository: &'a Repository, run: u64, clock: &'a dyn Clock) -> AppenderOptions<'a> {
        let signers = EngineSigners { commit: Box::new(self.commit_key.clone()), log: Box::new(self.log_key.clone()) };
        AppenderOptions {
            repository,
            carrier: self.carrier(),
            reference: BRANCH.to_owned(),
            keys: self.keys(),
            positions: Vec::new(),
            genesis: genesis(),
            signers,
            run: run_id(run),
            clock,
            author: CommitIdentity { name: "Tenure".to_owned(), address: "tenure@example.org".to_owned() },
            screen: Box::new(no_secrets),
        }
    }

    pub fn journal<'a>(
        &self,
        repository: &'a Repository,
        run: u64,
        clock: &'a dyn Clock,
    ) -> Result<Appender<'a>, JournalError> {
        Appender::open(self.opening(repository, run, clock))
            .map(|appender| appender.with_pace(Duration::from_millis(2)))
    }

    /// Writes the evidence of three runs in three commits; returns a clone and the head.
    pub fn with_log(&self) -> (Repository, ObjectId) {
        let repository = self.clone("clone");
        {
            let mut journal = self.journal(&repository, 1, &self.clock).unwrap();
            let plan = journal.store_blob(b"{\"plan\":1}").unwrap();
            let _start = journal.publish(&[start(&["pg"], plan), intent(1, "pg")]).unwrap();
            let seq = journal.history().size() - 1;
            let _outcome = journal.publish(&[outcome(1, seq)]).unwrap();
            let _end = journal.publish(&[end()]).unwrap();
        }
        let head = ObjectId::parse(self.sandbox.git(&self.remote, &["rev-parse", BRANCH]).trim()).unwrap();
        (repository, head)
    }

    /// Returns the codes of all defects of the branch at `head`.
    pub fn codes(&self, repository: &Repository, head: ObjectId) -> Vec<DefectCode> {
        let (_, _, defects) = Ledger::read(repository, head, self.keys()).unwrap();
        let mut codes: Vec<_> = defects.iter().map(|defect| defect.code).collect();
        codes.sort();
        codes.dedup();
        codes
    }

    /// Writes a commit with these edits, signed with the real key of the engine, as an attacker with the key could.
    pub fn forge(&self, repository: &Repository, parents: &[ObjectId], edits: &[TreeEdit]) -> ObjectId {
        let base = parents.first().map(|parent| repository.tree_of(*parent).unwrap());
        let tree = repository.write_tree(base, edits).unwrap();
        self.forge_tree(repository, parents, tree, &self.commit_key)
    }

    pub fn forge_tree(
        &self,
        repository: &Repository,
        parents: &[ObjectId],
        tree: ObjectId,
        key: &PrivateKey,
    ) -> ObjectId {
        let author = CommitIdentity { name: "Tenure".to_owned(), address: "tenure@example.org".to_owned() };
        let draft = CommitDraft { tree, parents, author: &author, seconds: 1_790_000_000, message: "forged\n" };
        let sign =
            |bytes: &[u8]| SshSignature::sign(key, SignatureNamespace::Git, bytes).map(|signature| signature.armored());
        repository.write_signed_commit(&draft, sign).unwrap()
    }

    pub fn allowed_signers(&self) -> PathBuf {
        let path = self.sandbox.join("allowed_signers");
        let key = self.commit_key.public_key();
        fs::write(&path, format!("engine namespaces=\"git,evidence.v1@tenure\" {key}\n")).unwrap();
        path
    }
}

pub fn engine_keys(commit: &PrivateKey, log: &PrivateKey) -> EngineKeys {
    let commit: PublicKey = commit.public_key();
    EngineKeys {
        commit: vec![commit],
        readback: Vec::new(),
        log: vec![VerifierKey::new(ORIGIN, log.public_key()).unwrap()],
    }
}

pub fn genesis() -> LogGenesis {
    let repo = "urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11".to_owned();
    LogGenesis { repo, origin: ORIGIN.to_owned(), root: Digest::of(b"root") }
}

pub fn run_id(number: u64) -> RunId {
    RunId::parse(&format!("01932b5e-7c00-7000-8000-{number:012x}")).unwrap()
}

pub fn action(number: u64) -> ActionId {
    ActionId::parse(&format!("act-{number:032x}")).unwrap()
}

pub fn start(systems: &[&str], plan: Digest) -> RecordPayload {
    RecordPayload::RunStart(RunStart {
        command: "enforce".to_owned(),
        main: "0123456789012345678901234567890123456789".to_owned(),
        plan: Some(plan),
        manifest: Digest::of(b"manifest"),
        systems: systems.iter().map(|system| SystemId::parse(system).unwrap()).collect(),
        root: Digest::of(b"root"),
        mandate: Digest::of(b"mandate"),
        engine: "0.1.0".to_owned(),
        lease: 3600,
        evidence: 0,
        claims: [].into(),
    })
}

pub fn intent(number: u64, system: &str) -> RecordPayload {
    RecordPayload::Intent(IntentRecorded {
        witnesses: Vec::new(),
        action: action(number),
        plan: Digest::of(b"plan"),
        system: SystemId::parse(system).unwrap(),
        item: ItemId::parse("itm-7c0f2f6e9a4b41d2").unwrap(),
        grant: GrantKey::parse("membership:16384/16385").unwrap(),
        precondition: Digest::of(b"grant"),
        verb: "revoke".to_owned(),
    })
}

pub fn outcome(number: u64, intent: u64) -> RecordPayload {
    RecordPayload::Outcome(OutcomeRecorded {
        action: action(number),
        intent,
        result: OutcomeKind::Applied,
        class: None,
        text: "REVOKE reporting_admin FROM svc_export".to_owned(),
        successor: None,
        deposited: None,
    })
}

pub fn end() -> RecordPayload {
    RecordPayload::RunEnd(RunEnd { outcomes: [].into(), verifications: [].into(), exit: 0 })
}

pub fn put(repository: &Repository, path: &str, text: &str) -> TreeEdit {
    TreeEdit::Put { path: path.to_owned(), blob: repository.write_blob(text.as_bytes()).unwrap() }
}

pub fn read(repository: &Repository, commit: ObjectId, path: &str) -> Vec<u8> {
    let file = repository.file(commit, path).unwrap().unwrap();
    repository.blob(file.id, 1 << 20).unwrap()
}

/// Rewrites the text of the last segment, and seals it as the engine would: list, signature, checkpoint.
pub fn reseal(world: &TestLog, repository: &Repository, head: ObjectId, edit: impl Fn(&str) -> String) -> ObjectId {
    let parent = repository.parents(head).unwrap()[0];
    let old = String::from_utf8(read(repository, head, "segments.sha256")).unwrap();
    let path = old.lines().last().unwrap().split_once("  ").unwrap().1.to_owned();
    let segment = edit(&String::from_utf8(read(repository, head, &path)).unwrap());
    let kept: String = old.lines().take(old.lines().count() - 1).map(|line| format!("{line}\n")).collect();
    let list = format!("{kept}{}  {path}\n", Digest::of(&segment).hex());
    let mut tree = tenure::format::merkle::MerkleTree::new();
    for line in kept.lines() {
        let text = String::from_utf8(read(repository, head, line.split_once("  ").unwrap().1)).unwrap();
        text.lines().for_each(|line| tree.append(line.as_bytes()));
    }
    segment.strip_suffix('\n').unwrap_or(&segment).split('\n').for_each(|line| tree.append(line.as_bytes()));
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: tree.size(), root: tree.root() };
    let signature = SshSignature::sign(&world.commit_key, SignatureNamespace::Evidence, list.as_bytes()).unwrap();
    let edits = [
        put(repository, &path, &segment),
        put(repository, "segments.sha256", &list),
        put(repository, "segments.sha256.sig", &signature.armored()),
        put(repository, "checkpoint", &checkpoint.sign(&world.log_key).unwrap().to_string()),
    ];
    world.forge(repository, &[parent], &edits)
}
