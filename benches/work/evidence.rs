//! The evidence branch: commits, signatures and all lines, read as by `enforce` and `audit`.

use super::key;
use std::convert::Infallible;
use std::path::Path;
use tenure::evidence::{EngineKeyHistory, EngineKeys, Ledger, layout};
use tenure::format::checkpoint::Checkpoint;
use tenure::format::merkle::MerkleTree;
use tenure::format::note::VerifierKey;
use tenure::format::ssh_keys::Signer as _;
use tenure::format::sshsig::{SignatureNamespace, SshSignature};
use tenure::git::{CommitDraft, CommitIdentity, ObjectId, Repository, TreeEdit};
use tenure::model::record::{
    IntentRecorded, LogGenesis, OutcomeKind, OutcomeRecorded, Record, RecordPayload, VerificationKind,
    VerificationRecorded,
};
use tenure::model::{ActionId, Digest, GrantKey, ItemId, RepoId, RunId, SystemId, Timestamp, VerificationLevel, jcs};

/// Writes a branch of `count` records, 2,000 to a segment and a segment to a commit: the intent, outcome and
/// verification of one action after the other.
pub fn prepare(folder: &Path, count: u64) {
    let repository = Repository::create(folder.join("evidence.git")).expect("a repository can be made");
    let mut branch = EvidenceBranch::new(&repository, ORIGIN, [1, 2]);
    for (first, nth) in (0..count).step_by(SEGMENT).zip(0..) {
        let entries = (first..count.min(first + SEGMENT as u64)).map(entry);
        branch.append((&run(), nth), Timestamp::from_unix(TIME), entries, &mut |_, _| {});
    }
    branch.publish(layout::REMEMBERED);
}

/// An evidence branch that is being written, with signed commits and checkpoints.
pub struct EvidenceBranch<'r> {
    repository: &'r Repository,
    origin: &'static str,
    /// The numbers of the keys that sign commits and checkpoints.
    keys: [u8; 2],
    tree: MerkleTree,
    prev: Digest,
    list: String,
    head: Option<ObjectId>,
}

impl<'r> EvidenceBranch<'r> {
    /// Returns an empty branch; `keys` are the numbers of the keys that sign commits and checkpoints.
    pub fn new(repository: &'r Repository, origin: &'static str, keys: [u8; 2]) -> Self {
        let (tree, prev) = (MerkleTree::default(), Digest::ZERO);
        Self { repository, origin, keys, tree, prev, list: String::new(), head: None }
    }

    /// Returns the number of records.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Adds a commit with one segment, the `nth` of its run. Each record is passed to `show` with the digest of its
    /// line.
    pub fn append(
        &mut self,
        (run, nth): (&RunId, u32),
        t: Timestamp,
        entries: impl IntoIterator<Item = RecordPayload>,
        show: &mut dyn FnMut(&Record, Digest),
    ) {
        let name = layout::SegmentName::new(t, self.size(), run, nth).to_string();
        let mut segment = String::new();
        for entry in entries {
            let record = Record { v: 1, seq: self.size(), prev: self.prev.hex(), run: run.clone(), t, entry };
            let line = jcs::to_string(&record).expect("a record has a canonical form");
            self.prev = Digest::of(&line);
            self.tree.append(line.as_bytes());
            segment.push_str(&line);
            segment.push('\n');
            show(&record, self.prev);
        }
        self.list.push_str(&format!("{}  {name}\n", Digest::of(&segment).hex()));
        let checkpoint = Checkpoint { origin: self.origin.into(), size: self.tree.size(), root: self.tree.root() };
        let checkpoint = checkpoint.sign(&key(self.keys[1])).expect("a key in memory signs").to_string();
        let signature = self.signed(SignatureNamespace::Evidence, self.list.as_bytes());
        let files = [
            (name.as_str(), segment.as_str()),
            (layout::SEGMENTS, &self.list),
            (layout::SEGMENTS_SIGNATURE, &signature),
            (layout::CHECKPOINT, &checkpoint),
        ];
        self.head = Some(self.commit(t, &files));
    }

    /// Points a ref to the branch.
    pub fn publish(&self, reference: &str) {
        let head = self.head.expect("there is a record");
        self.repository.move_reference(reference, head, None, "bench").expect("a ref can be made");
    }

    fn commit(&self, t: Timestamp, files: &[(&str, &str)]) -> ObjectId {
        let put = |(path, text): &(&str, &str)| {
            let blob = self.repository.write_blob(text.as_bytes()).expect("a blob can be written");
            TreeEdit::Put { path: (*path).to_owned(), blob }
        };
        let base = self.head.map(|parent| self.repository.tree_of(parent).expect("it was written"));
        let edits: Vec<_> = files.iter().map(put).collect();
        let tree = self.repository.write_tree(base, &edits).expect("a tree can be written");
        let author = CommitIdentity { name: "Tenure".into(), address: "engine@example.org".into() };
        let parents: Vec<_> = self.head.into_iter().collect();
        let draft = CommitDraft { tree, parents: &parents, author: &author, seconds: t.unix(), message: "evidence\n" };
        let sign = |bytes: &[u8]| Ok::<_, Infallible>(self.signed(SignatureNamespace::Git, bytes));
        self.repository.write_signed_commit(&draft, sign).expect("a commit can be written")
    }

    fn signed(&self, namespace: SignatureNamespace, bytes: &[u8]) -> String {
        SshSignature::sign(&key(self.keys[0]), namespace, bytes).expect("a key in memory signs").armored()
    }
}

/// Reads and verifies the whole branch; returns the number of records.
pub fn read(folder: &Path) -> u64 {
    let repository = Repository::open(folder.join("evidence.git")).expect("it was prepared");
    let head = repository.reference(layout::REMEMBERED).expect("it can be read").expect("it was prepared");
    let log = VerifierKey::new(ORIGIN, key(2).public_key()).expect("a name for a key");
    let keys = EngineKeyHistory::new()
        .with_root(1, EngineKeys { commit: vec![key(1).public_key()], readback: Vec::new(), log: vec![log] });
    let (mut ledger, mut count) = (Ledger::new(keys), 0);
    let defects = ledger.advance(&repository, head, &mut |_| count += 1).expect("it can be read");
    assert_eq!(defects, [], "the branch is in order");
    count
}

/// Returns the line of one record.
pub fn line(seq: u64, prev: Digest) -> String {
    let record = Record { v: 1, seq, prev: prev.hex(), run: run(), t: Timestamp::from_unix(TIME), entry: entry(seq) };
    jcs::to_string(&record).expect("a record has a canonical form")
}

/// Processes one line: parse, check, chain, add to the tree.
pub fn next(line: &str, seq: u64, prev: Digest, tree: &mut MerkleTree) -> Digest {
    let record: Record = serde_json::from_str(line).expect("a record");
    assert!(record.seq == seq && record.prev == prev.hex(), "the chain is broken at {seq}");
    tree.append(line.as_bytes());
    Digest::of(line)
}

fn entry(seq: u64) -> RecordPayload {
    let number = seq / 3;
    let of = |what: &str| Digest::of(format!("{what} {number}"));
    let repo = RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").expect("a repository id");
    let item = ItemId::parse(&format!("itm-{}", &of("item").hex()[..16])).expect("16 digits");
    let action = ActionId::of(&repo, &item, &of("grant"), "revoke");
    match seq % 3 {
        _ if seq == 0 => {
            RecordPayload::LogGenesis(LogGenesis { repo: repo.to_string(), origin: ORIGIN.into(), root: of("root") })
        }
        0 => RecordPayload::Intent(IntentRecorded {
            witnesses: Vec::new(),
            action,
            plan: Digest::of("plan"),
            system: SystemId::parse("pg-orders").expect("a system id"),
            item,
            grant: GrantKey::parse(&format!("member:{number}:16400")).expect("a grant key"),
            precondition: of("grant"),
            verb: "revoke".into(),
        }),
        1 => RecordPayload::Outcome(OutcomeRecorded {
            action,
            intent: seq - 1,
            result: OutcomeKind::Applied,
            class: None,
            text: "REVOKE ROLE".into(),
            successor: None,
            deposited: None,
        }),
        _ => RecordPayload::Verification(VerificationRecorded {
            left: Vec::new(),
            answers: Vec::new(),
            action,
            result: VerificationKind::Confirmed,
            level: VerificationLevel::V3,
            paths: vec![],
            probe: "role reporting_admin has 7 other members".into(),
        }),
    }
}

fn run() -> RunId {
    RunId::parse("01932b5e-7c00-7000-8000-000000000001").expect("a run id")
}

const ORIGIN: &str = "tenure/example/access";
const SEGMENT: usize = 2_000;
const TIME: i64 = 1_795_000_000;
