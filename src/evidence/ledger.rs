//! Reads and verifies the evidence branch: every commit, line and signature, in order and in constant memory.

use super::{
    DefectCode, EngineKeyHistory, EvidenceDefect,
    commit::{CommitContents, read_commit},
    cosignatures,
    layout::{CHECKPOINT, MAX_SMALL, SEGMENTS, SEGMENTS_SIGNATURE},
    segment::RecordChain,
};
use crate::{
    format::{
        checkpoint::Checkpoint,
        note::SignedNote,
        ssh_keys::PublicKey,
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{GitError, ObjectId, Repository},
    model::{
        Digest, Timestamp,
        history::EvidenceHistory,
        record::{KeyRotate, LogGenesis, Record, RecordPayload},
    },
};
use std::{collections::BTreeMap, sync::mpsc, thread};

/// The state of reading the branch, and the data for reading on or appending: a few hashes and a line for each segment.
/// Its size does not depend on the number of records.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) keys: EngineKeyHistory,
    /// The version of the root whose keys are in force.
    pub(super) root: u32,
    pub(super) head: Option<ObjectId>,
    pub(super) chain: RecordChain,
    /// The expected contents of `segments.sha256`.
    pub(super) listed: String,
    /// The root at every size that a checkpoint had.
    pub(super) roots: BTreeMap<u64, Digest>,
    /// The last time at which the required number of witnesses had cosigned.
    pub(super) witnessed: Option<Timestamp>,
    pub(super) genesis: Option<LogGenesis>,
}

/// A record with its location.
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    /// The record.
    pub record: &'a Record,
    /// The digest of its line.
    pub line: Digest,
    /// The segment that contains it.
    pub path: &'a str,
    /// The id of the content of that segment.
    pub blob: ObjectId,
    /// The number of its line in the segment, from 1.
    pub number: u64,
    /// The commit that added it.
    pub commit: ObjectId,
    /// The key that signed that commit, allowed or not.
    pub signer: Option<PublicKey>,
}

impl Ledger {
    /// Returns the ledger of an unread branch, to be verified with `keys`.
    pub fn new(keys: EngineKeyHistory) -> Self {
        let root = keys.first();
        Self {
            keys,
            root,
            head: None,
            chain: RecordChain::default(),
            listed: String::new(),
            roots: BTreeMap::new(),
            witnessed: None,
            genesis: None,
        }
    }

    /// Reads from the current position to `head`, passes every record to `show` in order, and returns all defects.
    /// Records with a defect are passed as well if they can be read.
    ///
    /// # Errors
    /// When the repository cannot be read; the ledger cannot be used afterwards.
    pub fn advance(
        &mut self,
        repository: &Repository,
        head: ObjectId,
        show: &mut (dyn FnMut(&RecordRef<'_>) + Send),
    ) -> Result<Vec<EvidenceDefect>, GitError> {
        let line = match repository.first_parents(self.head, head) {
            Ok(line) => line,
            Err(GitError::NotOnLine { ancestor, .. }) => {
                let message = format!("the branch is at {head}, which does not contain {ancestor}, its commit before");
                return Ok(vec![EvidenceDefect::new(DefectCode::BranchRewritten, head, message)]);
            }
            Err(error) => return Err(error),
        };
        if line.is_empty() {
            return Ok(Vec::new());
        }
        let mut before = self.head;
        let mut defects = thread::scope(|scope| {
            // Objects are read on this thread and verified on the other: unpacking and parsing have about the same
            // cost.
            let (send, receive) = mpsc::sync_channel(READ_AHEAD);
            let judge = scope.spawn(|| {
                let mut defects = Vec::new();
                for brought in receive {
                    self.verify_commit(brought, show, &mut defects);
                    defects.truncate(MOST_DEFECTS);
                }
                defects
            });
            for commit in line {
                let brought = read_commit(repository, commit, before)?;
                before = Some(commit);
                if send.send(brought).is_err() {
                    break;
                }
            }
            drop(send);
            judge.join().map_err(|_| GitError::Malformed { id: head, why: "reading it failed" })
        })?;
        self.check_list(repository, head, &mut defects)?;
        let origin = self.genesis.as_ref().map(|genesis| genesis.origin.as_str());
        self.witnessed = cosignatures::check(repository, head, &self.keys, origin, &self.roots, &mut defects)?;
        defects.truncate(MOST_DEFECTS);
        Ok(defects)
    }

    /// Reads the branch at `head` from its beginning, and folds its records.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn read(
        repository: &Repository,
        head: ObjectId,
        keys: EngineKeyHistory,
    ) -> Result<(Self, EvidenceHistory, Vec<EvidenceDefect>), GitError> {
        let (mut ledger, mut history) = (Self::new(keys), EvidenceHistory::default());
        let defects = ledger.advance(repository, head, &mut |seen| history.push(seen.record, seen.line))?;
        Ok((ledger, history, defects))
    }

    /// Returns the last commit that was read.
    pub const fn head(&self) -> Option<ObjectId> {
        self.head
    }

    /// Returns the number of records.
    pub const fn size(&self) -> u64 {
        self.chain.tree.size()
    }

    /// Returns the Merkle root over all records.
    pub fn root(&self) -> Digest {
        self.chain.tree.root()
    }

    /// Returns the Merkle root over the first `size` records, if a checkpoint had that size.
    pub(super) fn root_at(&self, size: u64) -> Option<Digest> {
        self.roots.get(&size).copied()
    }

    /// Returns the last time at which the required number of witnesses had cosigned, if they ever did; `None` when the
    /// root names no witnesses.
    pub const fn last_witnessed_at(&self) -> Option<Option<Timestamp>> {
        if self.keys.is_witnessed() { Some(self.witnessed) } else { None }
    }

    /// Returns the genesis of the log; `None` while it is empty.
    pub const fn genesis(&self) -> Option<&LogGenesis> {
        self.genesis.as_ref()
    }

    pub(super) const fn chain(&self) -> &RecordChain {
        &self.chain
    }

    pub(super) fn listed(&self) -> &str {
        &self.listed
    }

    pub(super) const fn keys(&self) -> (&EngineKeyHistory, u32) {
        (&self.keys, self.root)
    }

    fn verify_commit(
        &mut self,
        brought: CommitContents,
        show: &mut dyn FnMut(&RecordRef<'_>),
        defects: &mut Vec<EvidenceDefect>,
    ) {
        defects.extend(brought.defects);
        let (commit, signer) = (brought.commit, brought.signer);
        let was_in_force = signer.is_none_or(|key| self.may_commit(&key));
        let is_readback = signer.is_some_and(|key| self.is_readback(&key));
        for segment in &brought.segments {
            let Self { keys, root, chain, genesis, .. } = self;
            chain.read(segment, defects, |record, line, number, defects| {
                let seen = RecordRef { record, line, path: &segment.path, blob: segment.blob, number, commit, signer };
                let mut fault = |code, message: &str| {
                    defects.push(EvidenceDefect::new(code, format_args!("{}:{number}", segment.path), message));
                };
                match &record.entry {
                    RecordPayload::LogGenesis(_) if genesis.is_some() || record.seq != 0 => {
                        fault(DefectCode::GenesisInvalid, "the log already has a genesis");
                    }
                    RecordPayload::LogGenesis(first) => *genesis = Some(first.clone()),
                    _ if is_readback && !READBACK_KINDS.contains(&record.entry.kind()) => {
                        let message = format!("a read-back key may not sign `{}`", record.entry.kind());
                        fault(DefectCode::RecordSigner, &message);
                    }
                    _ if record.seq == 0 => fault(DefectCode::GenesisInvalid, "the first record is not `log.genesis`"),
                    RecordPayload::KeyRotate(rotation) if !rotates(keys, *root, rotation) => {
                        fault(DefectCode::KeyRotation, "it announces keys that are not in a later root of trust");
                    }
                    RecordPayload::KeyRotate(rotation) => *root = rotation.root,
                    _ => {}
                }
                show(&seen);
            });
            self.listed.push_str(&format!("{}  {}\n", segment.digest.hex(), segment.path));
        }
        // A commit that announces new keys may be signed by one of them: the old ones may be lost.
        if let Some(key) = signer
            && !was_in_force
            && !self.may_commit(&key)
        {
            let message = format!("signed by {}, which was not a key of the engine at that time", key.fingerprint());
            defects.push(EvidenceDefect::new(DefectCode::CommitSigner, commit, message));
        }
        match brought.checkpoint {
            Some(note) => self.check_checkpoint(&note, commit, defects),
            None if brought.segments.is_empty() => {}
            None => defects.push(EvidenceDefect::new(
                DefectCode::CheckpointSize,
                commit,
                "records were added without a new checkpoint",
            )),
        }
        if !brought.segments.is_empty() {
            self.roots.insert(self.size(), self.root());
        }
        self.head = Some(commit);
    }

    fn is_readback(&self, key: &PublicKey) -> bool {
        self.keys.of_root(self.root).is_some_and(|keys| keys.readback.contains(key))
    }

    fn may_commit(&self, key: &PublicKey) -> bool {
        self.keys.of_root(self.root).is_some_and(|keys| keys.commit.contains(key))
    }

    fn check_checkpoint(&self, note: &[u8], commit: ObjectId, defects: &mut Vec<EvidenceDefect>) {
        let place = format!("{CHECKPOINT} at {commit}");
        let mut fault =
            |code, message: &dyn std::fmt::Display| defects.push(EvidenceDefect::new(code, &place, message));
        let note = match std::str::from_utf8(note).ok().map(SignedNote::parse) {
            Some(Ok(note)) => note,
            Some(Err(error)) => return fault(DefectCode::CheckpointMalformed, &error),
            None => return fault(DefectCode::CheckpointMalformed, &"it is not UTF-8"),
        };
        let log = self.keys.of_root(self.root).map(|keys| keys.log.as_slice()).unwrap_or_default();
        if let Err(error) = Checkpoint::open(&note, log) {
            fault(DefectCode::CheckpointSignature, &error);
        }
        let checkpoint = match Checkpoint::parse(note.text()) {
            Ok(checkpoint) => checkpoint,
            Err(error) => return fault(DefectCode::CheckpointMalformed, &error),
        };
        if let Some(genesis) = &self.genesis
            && genesis.origin != checkpoint.origin
        {
            fault(
                DefectCode::GenesisInvalid,
                &format!(
                    "the log is `{}` by its genesis, but `{}` by its checkpoint",
                    genesis.origin, checkpoint.origin
                ),
            );
        }
        if checkpoint.size != self.size() {
            let message = format!("it covers {} records, but the log has {}", checkpoint.size, self.size());
            fault(DefectCode::CheckpointSize, &message);
        } else if checkpoint.root != self.root() {
            fault(
                DefectCode::CheckpointRoot,
                &format!("its root is {}, but the root of the records is {}", checkpoint.root, self.root()),
            );
        }
    }

    /// Compares `segments.sha256` at the head with the segments, and verifies its signature.
    fn check_list(
        &self,
        repository: &Repository,
        head: ObjectId,
        defects: &mut Vec<EvidenceDefect>,
    ) -> Result<(), GitError> {
        let mut fault = |code, place: &str, message: &dyn std::fmt::Display| {
            defects.push(EvidenceDefect::new(code, place, message))
        };
        let limit = MAX_SMALL.max(2 * self.listed.len() as u64);
        let read = |path, limit| match repository.file(head, path)? {
            Some(file) => repository.blob(file.id, limit).map(Some),
            None => Ok(None),
        };
        let list = match read(SEGMENTS, limit) {
            Ok(list) => list.unwrap_or_default(),
            Err(error @ GitError::BlobTooLarge { .. }) => {
                fault(DefectCode::SegmentListMalformed, SEGMENTS, &error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let signature = match read(SEGMENTS_SIGNATURE, MAX_SMALL) {
            Err(GitError::BlobTooLarge { .. }) => None,
            other => other?,
        };
        let verified = SshSignature::parse(&signature.unwrap_or_default())
            .and_then(|signature| signature.verify(SignatureNamespace::Evidence, &list));
        match verified {
            Ok(key) if self.may_commit(&key) => {}
            Ok(key) => {
                let message = format!("signed by {}, which is not a key of the engine", key.fingerprint());
                fault(DefectCode::SegmentListSignature, SEGMENTS_SIGNATURE, &message);
            }
            Err(error) => fault(DefectCode::SegmentListSignature, SEGMENTS_SIGNATURE, &error),
        }
        if list == self.listed.as_bytes() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&list);
        let (Some(claimed), Some(found)) = (lines(&text), lines(&self.listed)) else {
            fault(DefectCode::SegmentListMalformed, SEGMENTS, &"its lines are not `<64 hexadecimal digits>  <path>`");
            return Ok(());
        };
        let count = defects.len();
        let mut fault = |code, place: &str, message: &str| defects.push(EvidenceDefect::new(code, place, message));
        for (path, digest) in &claimed {
            match found.get(path) {
                None => fault(DefectCode::SegmentMissing, path, "it is in `segments.sha256`, but not on the branch"),
                Some(other) if other != digest => {
                    fault(DefectCode::SegmentDigest, path, "its digest differs from `segments.sha256`");
                }
                Some(_) => {}
            }
        }
        for path in found.keys().filter(|path| !claimed.contains_key(*path)) {
            fault(DefectCode::SegmentUnlisted, path, "it is not in `segments.sha256`");
        }
        if defects.len() == count {
            defects.push(EvidenceDefect::new(
                DefectCode::SegmentListMalformed,
                SEGMENTS,
                "its lines are not in the order of the records",
            ));
        }
        Ok(())
    }
}

fn rotates(keys: &EngineKeyHistory, from: u32, rotation: &KeyRotate) -> bool {
    rotation.root > from
        && keys.of_root(rotation.root).is_some_and(|keys| {
            keys.commit.iter().any(|key| key.to_string() == rotation.commit_key)
                && keys.log.iter().any(|key| key.to_string() == rotation.log_key)
        })
}

/// Parses the lines of `sha256sum`, by path.
fn lines(text: &str) -> Option<BTreeMap<&str, &str>> {
    if text.is_empty() {
        return Some(BTreeMap::new());
    }
    let pairs =
        text.strip_suffix('\n')?.split('\n').map(|line| line.split_once("  ").map(|(digest, path)| (path, digest)));
    pairs.collect()
}

const MOST_DEFECTS: usize = 1000;
const READ_AHEAD: usize = 2;

/// The kinds of records that a read-back key may sign: looks at targets, and what begins and ends its runs.
const READBACK_KINDS: [&str; 10] = [
    "anchor",
    "collected",
    "finding",
    "key.rotate",
    "log.genesis",
    "merge",
    "notice",
    "run.end",
    "run.start",
    "verification",
];
