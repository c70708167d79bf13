//! Reads the contents of one commit of the evidence branch, independently of earlier commits.

use super::{
    DefectCode, EvidenceDefect,
    layout::{CHECKPOINT, EvidencePath, MAX_BLOB, MAX_SEGMENT, MAX_SMALL, SegmentName},
};
use crate::{
    format::{
        ssh_keys::PublicKey,
        sshsig::{SignatureNamespace, SshSignature},
    },
    git::{Commit, FileChange, GitError, ObjectId, Repository, TreeFile},
    model::Digest,
};

/// The contents of a commit.
pub(super) struct CommitContents {
    pub(super) commit: ObjectId,
    /// The key that signed it; the caller checks whether the key is allowed.
    pub(super) signer: Option<PublicKey>,
    /// The segments it adds, in the order of their first records.
    pub(super) segments: Vec<AddedSegment>,
    /// The checkpoint, where it is new.
    pub(super) checkpoint: Option<Vec<u8>>,
    pub(super) defects: Vec<EvidenceDefect>,
}

/// A segment that was added.
pub(super) struct AddedSegment {
    pub(super) name: SegmentName,
    pub(super) path: String,
    pub(super) blob: ObjectId,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

/// Reads the changes of `commit` relative to `parent`.
pub(super) fn read_commit(
    repository: &Repository,
    commit: ObjectId,
    parent: Option<ObjectId>,
) -> Result<CommitContents, GitError> {
    let read = repository.commit(commit)?;
    let mut brought =
        CommitContents { commit, signer: None, segments: Vec::new(), checkpoint: None, defects: Vec::new() };
    if read.parents.len() > 1 {
        let message = "the commit has more than one parent; the branch must be linear";
        brought.fault(DefectCode::HistoryBranched, commit, message);
    }
    brought.signer = brought.signature(&read);
    let changes = repository.changes(parent, commit)?;
    for hazard in changes.hazards {
        brought.fault(DefectCode::FileUnexpected, hazard.path, hazard.peril);
    }
    for change in changes.files {
        brought.change(repository, change)?;
    }
    brought.segments.sort_by_key(|segment| segment.name.first());
    Ok(brought)
}

impl CommitContents {
    fn fault(&mut self, code: DefectCode, place: impl std::fmt::Display, message: impl std::fmt::Display) {
        self.defects.push(EvidenceDefect::new(code, place, message));
    }

    fn signature(&mut self, commit: &Commit) -> Option<PublicKey> {
        let Some(signed) = &commit.signature else {
            self.fault(DefectCode::CommitUnsigned, commit.id, "the commit is not signed");
            return None;
        };
        let verified = SshSignature::parse(signed.signature.as_bytes())
            .and_then(|signature| signature.verify(SignatureNamespace::Git, &signed.payload));
        match verified {
            Ok(key) => Some(key),
            Err(error) => {
                self.fault(DefectCode::CommitSignature, commit.id, error);
                None
            }
        }
    }

    fn change(&mut self, repository: &Repository, change: FileChange) -> Result<(), GitError> {
        let place = EvidencePath::of(change.path());
        match change {
            FileChange::Added(file) => match place {
                None => self.fault(DefectCode::FileUnexpected, file.path, "unexpected file on this branch"),
                _ if !file.mode.is_plain() => self.not_plain(&file),
                Some(EvidencePath::Segment(name)) => self.segment(repository, name, file)?,
                Some(EvidencePath::Blob(digest)) => self.blob(repository, digest, &file)?,
                Some(EvidencePath::Head) => self.head(repository, &file)?,
                Some(EvidencePath::Anchor) => {}
            },
            FileChange::Changed { after, .. } => match place {
                Some(EvidencePath::Head) if after.mode.is_plain() => self.head(repository, &after)?,
                Some(EvidencePath::Head) => self.not_plain(&after),
                Some(EvidencePath::Segment(_)) => {
                    self.fault(DefectCode::SegmentChanged, after.path, "the segment was changed after it was added");
                }
                _ => self.fault(DefectCode::FileChanged, after.path, "the file was changed after it was added"),
            },
            FileChange::Deleted(file) => {
                let code = if matches!(place, Some(EvidencePath::Segment(_))) {
                    DefectCode::SegmentDeleted
                } else {
                    DefectCode::FileDeleted
                };
                self.fault(code, file.path, format!("deleted by commit {}", self.commit));
            }
        }
        Ok(())
    }

    fn not_plain(&mut self, file: &TreeFile) {
        let message = format!("the file has mode {}; only 100644 is allowed", file.mode);
        self.fault(DefectCode::FileMode, &file.path, message);
    }

    fn segment(&mut self, repository: &Repository, name: SegmentName, file: TreeFile) -> Result<(), GitError> {
        let Some(bytes) = self.read(repository, &file, MAX_SEGMENT, DefectCode::SegmentMalformed)? else {
            return Ok(());
        };
        let digest = Digest::of(&bytes);
        self.segments.push(AddedSegment { name, path: file.path, blob: file.id, bytes, digest });
        Ok(())
    }

    fn blob(&mut self, repository: &Repository, digest: Digest, file: &TreeFile) -> Result<(), GitError> {
        let read = repository.with_blob(file.id, MAX_BLOB, |bytes| Digest::of(bytes));
        let Some(found) = self.unless_too_large(read, file, DefectCode::BlobDigest)? else { return Ok(()) };
        if found != digest {
            self.fault(DefectCode::BlobDigest, &file.path, format!("its bytes have the digest {found}"));
        }
        Ok(())
    }

    fn head(&mut self, repository: &Repository, file: &TreeFile) -> Result<(), GitError> {
        if file.path == CHECKPOINT {
            self.checkpoint = self.read(repository, file, MAX_SMALL, DefectCode::CheckpointMalformed)?;
        }
        Ok(())
    }

    fn read(
        &mut self,
        repository: &Repository,
        file: &TreeFile,
        limit: u64,
        code: DefectCode,
    ) -> Result<Option<Vec<u8>>, GitError> {
        self.unless_too_large(repository.blob(file.id, limit), file, code)
    }

    /// Reports a file that is too large as a defect.
    fn unless_too_large<T>(
        &mut self,
        read: Result<T, GitError>,
        file: &TreeFile,
        code: DefectCode,
    ) -> Result<Option<T>, GitError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error @ GitError::BlobTooLarge { .. }) => {
                self.fault(code, &file.path, error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
