//! What can be wrong with the evidence branch, each with a stable code.

use std::fmt;

/// One thing that is wrong with the evidence branch, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvidenceDefect {
    /// What kind of thing.
    pub code: DefectCode,
    /// Where: a path, with the line where there is one, or a commit.
    pub place: String,
    /// What is wrong, in one sentence.
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

            /// Returns the code as it is reported.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

codes! {
    /// A blob is not what its name, a digest, says.
    BlobDigest = "blob-digest",
    /// The branch does not reach as far as a checkpoint that somebody has kept.
    BranchBehind = "evidence-behind",
    /// The branch that was there is gone.
    BranchDeleted = "evidence-deleted",
    /// The branch does not contain what was seen there before.
    BranchRewritten = "evidence-rewritten",
    /// A record's `prev` is not the digest of the line before it.
    ChainBroken = "chain-broken",
    /// The checkpoint is missing or is no signed note with a checkpoint in it.
    CheckpointForm = "checkpoint-form",
    /// The checkpoint's root is not the root over the records.
    CheckpointRoot = "checkpoint-root",
    /// The checkpoint is not signed by a log key in force, or is of another log.
    CheckpointSignature = "checkpoint-signature",
    /// The checkpoint's size is not the number of records.
    CheckpointSize = "checkpoint-size",
    /// A commit's signature does not fit the commit.
    CommitSignature = "commit-signature",
    /// A commit is signed by a key that is not the engine's at that place.
    CommitSigner = "commit-signer",
    /// A commit is not signed.
    CommitUnsigned = "commit-unsigned",
    /// A cosignature is no signed note with a checkpoint in it.
    CosignatureForm = "cosignature-form",
    /// A cosignature is of another log, another size, or a root that this log never had.
    CosignatureMismatch = "cosignature-mismatch",
    /// A cosignature is not by as many witnesses as the root of trust asks for.
    CosignatureSignature = "cosignature-signature",
    /// A blob or an anchor was changed after it was added.
    FileChanged = "file-changed",
    /// A file was deleted.
    FileDeleted = "file-deleted",
    /// A file is executable, a symbolic link or another repository.
    FileMode = "file-mode",
    /// A file has no place on this branch, or a name that must not be followed.
    FileStray = "file-stray",
    /// The log begins with something else than its genesis, or says that it is another log.
    Genesis = "genesis",
    /// A commit has two parents: histories were joined.
    HistoryBranched = "history-branched",
    /// A record announces engine keys that no root of trust names.
    KeyRotation = "key-rotation",
    /// A line is not in its one form.
    RecordForm = "record-form",
    /// A record is of a kind nobody knows.
    RecordKind = "record-kind",
    /// A record holds a float or an integer beyond 2^53.
    RecordNumber = "record-number",
    /// A record is of another run than its segment.
    RecordRun = "record-run",
    /// A record does not hold what its kind holds.
    RecordSchema = "record-schema",
    /// A line or a string in it is too long.
    RecordSize = "record-size",
    /// A record is of a version nobody knows.
    RecordVersion = "record-version",
    /// A segment was changed after it was added.
    SegmentChanged = "segment-changed",
    /// A segment was deleted.
    SegmentDeleted = "segment-deleted",
    /// A segment is not as `segments.sha256` has it.
    SegmentDigest = "segment-digest",
    /// A segment is empty, too large, or does not end with a line end.
    SegmentForm = "segment-form",
    /// `segments.sha256` names a segment that is not there.
    SegmentMissing = "segment-missing",
    /// A segment's name does not say where it begins.
    SegmentName = "segment-name",
    /// A segment is not in `segments.sha256`.
    SegmentUnlisted = "segment-unlisted",
    /// `segments.sha256` is missing, or its lines are not in their one form and order.
    SegmentsForm = "segments-form",
    /// `segments.sha256` is not signed by a commit key in force.
    SegmentsSignature = "segments-signature",
    /// A sequence number is left out.
    SequenceGap = "sequence-gap",
    /// A sequence number is there twice, or out of order.
    SequenceTwin = "sequence-twin",
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
    fn every_defect_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = DefectCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), DefectCode::ALL.len());
    }
}
