//! Defects of the evidence branch, each with a stable code.

use std::fmt;

/// A defect of the evidence branch, and its location.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvidenceDefect {
    /// The kind of defect.
    pub code: DefectCode,
    /// The location: a path, with the line if any, or a commit.
    pub place: String,
    /// The problem, in one sentence.
    pub message: String,
}

impl EvidenceDefect {
    pub(super) fn new(code: DefectCode, place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self { code, place: place.to_string(), message: message.to_string() }
    }
}

impl fmt::Display for EvidenceDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: {}", self.code, self.place, self.message)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal,)*) => {
        /// The kinds of defects. A code never changes its meaning.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum DefectCode {
            $($(#[doc = $doc])* $name,)*
        }

        impl DefectCode {
            /// All codes in alphabetical order of their names.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the stable code.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

codes! {
    /// The bytes of a blob do not match the digest in its name.
    BlobDigest = "blob-digest",
    /// The branch is shorter than a checkpoint that was kept elsewhere.
    BranchBehind = "evidence-behind",
    /// The branch has been deleted.
    BranchDeleted = "evidence-deleted",
    /// The branch does not contain a commit that it contained before.
    BranchRewritten = "evidence-rewritten",
    /// The `prev` of a record is not the digest of the previous line.
    ChainBroken = "chain-broken",
    /// The checkpoint is missing, or is not a signed note with a checkpoint.
    CheckpointMalformed = "checkpoint-malformed",
    /// The root of the checkpoint is not the root over the records.
    CheckpointRoot = "checkpoint-root",
    /// The checkpoint is not signed by a log key in force, or is of another log.
    CheckpointSignature = "checkpoint-signature",
    /// The size of the checkpoint is not the number of records.
    CheckpointSize = "checkpoint-size",
    /// The signature of a commit does not match the commit.
    CommitSignature = "commit-signature",
    /// A commit is signed by a key that was not a key of the engine at that time.
    CommitSigner = "commit-signer",
    /// A commit is not signed.
    CommitUnsigned = "commit-unsigned",
    /// A cosignature is not a signed note with a checkpoint.
    CosignatureMalformed = "cosignature-malformed",
    /// A cosignature is of another log, another size, or a root that this log never had.
    CosignatureMismatch = "cosignature-mismatch",
    /// A cosignature is not signed by the number of witnesses that the root of trust requires.
    CosignatureSignature = "cosignature-signature",
    /// A blob or an anchor was changed after it was added.
    FileChanged = "file-changed",
    /// A file was deleted.
    FileDeleted = "file-deleted",
    /// A file is executable, a symbolic link or a submodule.
    FileMode = "file-mode",
    /// A file is unexpected on this branch, or has an unsafe name.
    FileUnexpected = "file-unexpected",
    /// The first record is not the genesis, or names another log.
    GenesisInvalid = "genesis-invalid",
    /// A commit has two parents: histories were joined.
    HistoryBranched = "history-branched",
    /// A record announces engine keys that no root of trust names.
    KeyRotation = "key-rotation",
    /// A line is not in canonical form.
    RecordMalformed = "record-malformed",
    /// A record has an unknown kind.
    RecordKind = "record-kind",
    /// A record contains a float or an integer beyond 2^53.
    RecordNumber = "record-number",
    /// The run of a record is not the run of its segment.
    RecordRun = "record-run",
    /// A record does not have the fields of its kind.
    RecordSchema = "record-schema",
    /// A line or a string in it is too long.
    RecordSize = "record-size",
    /// A record is signed by a key that may not sign its kind.
    RecordSigner = "record-signer",
    /// A record has an unknown version.
    RecordVersion = "record-version",
    /// A segment was changed after it was added.
    SegmentChanged = "segment-changed",
    /// A segment was deleted.
    SegmentDeleted = "segment-deleted",
    /// The digest of a segment differs from `segments.sha256`.
    SegmentDigest = "segment-digest",
    /// A segment is empty, too large, or has no final line end.
    SegmentMalformed = "segment-malformed",
    /// `segments.sha256` lists a segment that does not exist.
    SegmentMissing = "segment-missing",
    /// The name of a segment does not match its first record.
    SegmentName = "segment-name",
    /// A segment is missing in `segments.sha256`.
    SegmentUnlisted = "segment-unlisted",
    /// `segments.sha256` is missing, or its lines are not in canonical form and order.
    SegmentListMalformed = "segment-list-malformed",
    /// `segments.sha256` is not signed by a commit key in force.
    SegmentListSignature = "segment-list-signature",
    /// A sequence number is missing.
    SequenceGap = "sequence-gap",
    /// A sequence number occurs twice, or out of order.
    SequenceDuplicate = "sequence-duplicate",
}

impl fmt::Display for DefectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_defect_has_its_own_code() {
        let codes: BTreeSet<_> = DefectCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), DefectCode::ALL.len());
    }
}
