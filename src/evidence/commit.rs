//! What one commit of the branch brings, read from the repository alone: nothing here depends on earlier commits.

use super::{
    Code, Defect,
    layout::{CHECKPOINT, EvidencePath, MAX_BLOB, MAX_SEGMENT, MAX_SMALL, SegmentName},
};
use crate::{
    format::{
        keys::PublicKey,
        sshsig::{Namespace, SshSignature},
    },
    git::{Change, Commit, File, GitError, ObjectId, Repository},
    model::Digest,
};

/// What a commit brings.
pub(super) struct CommitContents {
    pub(super) commit: ObjectId,
    /// Whose key signed it; whether that key may is another question.
    pub(super) signer: Option<PublicKey>,
    /// The segments it adds, in the order of their first records.
    pub(super) segments: Vec<Segment>,
    /// The checkpoint, where it is new.
    pub(super) checkpoint: Option<Vec<u8>>,
    pub(super) defects: Vec<Defect>,
}

/// A segment that was added.
pub(super) struct Segment {
    pub(super) name: SegmentName,
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

/// Reads what `commit` brings on top of `parent`.
pub(super) fn read_commit(
    repository: &Repository,
    commit: ObjectId,
    parent: Option<ObjectId>,
) -> Result<CommitContents, GitError> {
    let read = repository.commit(commit)?;
    let mut brought =
        CommitContents { commit, signer: None, segments: Vec::new(), checkpoint: None, defects: Vec::new() };
    if read.parents.len() > 1 {
        let message = "the commit has more than one parent; the branch is one line";
        brought.fault(Code::HistoryBranched, commit, message);
    }
    brought.signer = brought.signature(&read);
    let changes = repository.changes(parent, commit)?;
    for hazard in changes.hazards {
        brought.fault(Code::FileStray, hazard.path, hazard.peril);
    }
    for change in changes.files {
        brought.change(repository, change)?;
    }
    brought.segments.sort_by_key(|segment| segment.name.first());
    Ok(brought)
}

impl CommitContents {
    fn fault(&mut self, code: Code, place: impl std::fmt::Display, message: impl std::fmt::Display) {
        self.defects.push(Defect::new(code, place, message));
    }

    fn signature(&mut self, commit: &Commit) -> Option<PublicKey> {
        let Some(signed) = &commit.signature else {
            self.fault(Code::CommitUnsigned, commit.id, "the commit is not signed");
            return None;
        };
        let verified = SshSignature::parse(signed.signature.as_bytes())
            .and_then(|signature| signature.verify(Namespace::Git, &signed.payload));
        match verified {
            Ok(key) => Some(key),
            Err(error) => {
                self.fault(Code::CommitSignature, commit.id, error);
                None
            }
        }
    }

    fn change(&mut self, repository: &Repository, change: Change) -> Result<(), GitError> {
        let place = EvidencePath::of(change.path());
        match change {
            Change::Added(file) => match place {
                None => self.fault(Code::FileStray, file.path, "no such file belongs on this branch"),
                _ if !file.mode.is_plain() => self.not_plain(&file),
                Some(EvidencePath::Segment(name)) => self.segment(repository, name, file)?,
                Some(EvidencePath::Blob(digest)) => self.blob(repository, digest, &file)?,
                Some(EvidencePath::Head) => self.head(repository, &file)?,
                Some(EvidencePath::Anchor) => {}
            },
            Change::Changed { after, .. } => match place {
                Some(EvidencePath::Head) if after.mode.is_plain() => self.head(repository, &after)?,
                Some(EvidencePath::Head) => self.not_plain(&after),
                Some(EvidencePath::Segment(_)) => {
                    self.fault(Code::SegmentChanged, after.path, "the segment was changed after it was added");
                }
                _ => self.fault(Code::FileChanged, after.path, "the file was changed after it was added"),
            },
            Change::Deleted(file) => {
                let code = if matches!(place, Some(EvidencePath::Segment(_))) {
                    Code::SegmentDeleted
                } else {
                    Code::FileDeleted
                };
                self.fault(code, file.path, format!("deleted by commit {}", self.commit));
            }
        }
        Ok(())
    }

    fn not_plain(&mut self, file: &File) {
        let message = format!("the file has mode {}; only 100644 is allowed", file.mode);
        self.fault(Code::FileMode, &file.path, message);
    }

    fn segment(&mut self, repository: &Repository, name: SegmentName, file: File) -> Result<(), GitError> {
        let Some(bytes) = self.read(repository, &file, MAX_SEGMENT, Code::SegmentForm)? else { return Ok(()) };
        let digest = Digest::of(&bytes);
        self.segments.push(Segment { name, path: file.path, bytes, digest });
        Ok(())
    }

    fn blob(&mut self, repository: &Repository, digest: Digest, file: &File) -> Result<(), GitError> {
        let Some(bytes) = self.read(repository, file, MAX_BLOB, Code::BlobDigest)? else { return Ok(()) };
        let found = Digest::of(bytes);
        if found != digest {
            self.fault(Code::BlobDigest, &file.path, format!("its bytes have the digest {found}"));
        }
        Ok(())
    }

    fn head(&mut self, repository: &Repository, file: &File) -> Result<(), GitError> {
        if file.path == CHECKPOINT {
            self.checkpoint = self.read(repository, file, MAX_SMALL, Code::CheckpointForm)?;
        }
        Ok(())
    }

    fn read(
        &mut self,
        repository: &Repository,
        file: &File,
        limit: u64,
        code: Code,
    ) -> Result<Option<Vec<u8>>, GitError> {
        match repository.blob(file.id, limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error @ GitError::BlobTooLarge { .. }) => {
                self.fault(code, &file.path, error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
