//! Seals entries: assigns sequence numbers, chains the records, and writes them as one signed commit.

use super::{
    EngineSigners, Ledger,
    decode::DecodeCache,
    layout,
    layout::{CHECKPOINT, SEGMENTS, SEGMENTS_SIGNATURE, SegmentName},
    record_line,
    segment::RecordChain,
};
use crate::{
    enforce::JournalError,
    format::{
        checkpoint::Checkpoint,
        merkle::MerkleTree,
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{CommitDraft, CommitIdentity, GitError, ObjectId, Repository, TreeEdit},
    model::{
        Digest, RunId, Timestamp, jcs,
        record::{Record, RecordPayload},
    },
};
use std::collections::BTreeMap;

/// Records that are not pushed yet.
pub(super) struct SealedRecords {
    pub(super) lines: String,
    pub(super) seqs: Vec<u64>,
    tree: MerkleTree,
}

/// Assigns the sequence number and the previous digest to each entry, after the end of `chain`.
pub(super) fn seal(
    chain: &RecordChain,
    run: &RunId,
    t: Timestamp,
    entries: &[RecordPayload],
) -> Result<SealedRecords, JournalError> {
    let mut sealed =
        SealedRecords { lines: String::new(), seqs: Vec::with_capacity(entries.len()), tree: chain.tree.clone() };
    let (mut prev, mut memory) = (chain.last(), DecodeCache::default());
    for (entry, seq) in entries.iter().zip(chain.next..) {
        let record = Record { v: 1, seq, prev: prev.hex(), run: run.clone(), t, entry: entry.clone() };
        let refuse = |why: &dyn std::fmt::Display| JournalError::Refused(format!("{}: {why}", entry.kind()));
        let line = jcs::to_string(&record).map_err(|error| refuse(&error))?;
        // Only lines that can be read back are written.
        match record_line::read(line.as_bytes(), &mut memory) {
            Ok(read) if read == record => {}
            Ok(_) => return Err(refuse(&"reading it back gives a different record")),
            Err((code, why)) => return Err(refuse(&format_args!("{code}: {why}"))),
        }
        prev = Digest::of(&line);
        sealed.tree.append(line.as_bytes());
        sealed.lines.push_str(&line);
        sealed.lines.push('\n');
        sealed.seqs.push(seq);
    }
    Ok(sealed)
}

/// The parameters of a commit, independent of its contents.
pub(super) struct CommitParams<'a> {
    pub(super) repository: &'a Repository,
    pub(super) signers: &'a EngineSigners,
    pub(super) author: &'a CommitIdentity,
    pub(super) origin: &'a str,
}

impl CommitParams<'_> {
    /// Writes the commit with `sealed` and `blobs` on top of the last commit of `ledger`. No ref moves.
    pub(super) fn commit(
        &self,
        ledger: &Ledger,
        name: &SegmentName,
        sealed: &SealedRecords,
        blobs: &BTreeMap<Digest, Vec<u8>>,
        message: &str,
        t: Timestamp,
    ) -> Result<ObjectId, JournalError> {
        let list = format!("{}{}  {name}\n", ledger.listed(), Digest::of(&sealed.lines).hex());
        let signature = SshSignature::sign(self.signers.commit.as_ref(), SignatureNamespace::Evidence, list.as_bytes());
        let signature = signature.map_err(|error| JournalError::Unusable(error.to_string()))?;
        let checkpoint =
            Checkpoint { origin: self.origin.to_owned(), size: sealed.tree.size(), root: sealed.tree.root() };
        let checkpoint = checkpoint.sign(self.signers.log.as_ref());
        let checkpoint = checkpoint.map_err(|error| JournalError::Unusable(error.to_string()))?;
        let mut files = vec![
            (name.to_string(), sealed.lines.as_bytes().to_vec()),
            (SEGMENTS.to_owned(), list.into_bytes()),
            (SEGMENTS_SIGNATURE.to_owned(), signature.armored().into_bytes()),
            (CHECKPOINT.to_owned(), checkpoint.to_string().into_bytes()),
        ];
        files.extend(blobs.iter().map(|(digest, bytes)| (layout::blob_path(digest), bytes.clone())));
        self.write(ledger.head(), files, message, t).map_err(|error| JournalError::Unusable(error.to_string()))
    }

    fn write(
        &self,
        parent: Option<ObjectId>,
        files: Vec<(String, Vec<u8>)>,
        message: &str,
        t: Timestamp,
    ) -> Result<ObjectId, GitError> {
        let base = parent.map(|parent| self.repository.tree_of(parent)).transpose()?;
        let edits = files.into_iter().map(|(path, bytes)| {
            let blob = self.repository.write_blob(&bytes)?;
            Ok(TreeEdit::Put { path, blob })
        });
        let tree = self.repository.write_tree(base, &edits.collect::<Result<Vec<_>, GitError>>()?)?;
        let parents: Vec<_> = parent.into_iter().collect();
        let draft = CommitDraft { tree, parents: &parents, author: self.author, seconds: t.unix(), message };
        self.repository.write_signed_commit(&draft, |payload| {
            SshSignature::sign(self.signers.commit.as_ref(), SignatureNamespace::Git, payload)
                .map(|signature| signature.armored())
        })
    }
}

/// Returns the message of a commit. Its trailers are for people; the engine never reads them.
pub(super) fn message(name: &SegmentName, entries: &[RecordPayload], sealed: &SealedRecords) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *counts.entry(entry.kind()).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let main = entries.iter().find_map(|entry| match entry {
        RecordPayload::RunStart(start) => Some(format!("Tenure-Main: {}\n", start.main)),
        _ => None,
    });
    format!(
        "evidence: {}\n\nTenure-Run: {}\nTenure-Phase: {}\n{}Tenure-Evidence-Size: {}\nTenure-Evidence-Root: {}\n",
        counts.join(", "),
        name.run(),
        name.phase(),
        main.unwrap_or_default(),
        sealed.tree.size(),
        sealed.tree.root(),
    )
}
