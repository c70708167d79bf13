//! Reads governed files and their signatures during a walk, and records immutable files and rejections.

use crate::trust::error::TrustError;
use crate::trust::state::{RejectedFile, RepositoryState};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::sshsig::SignatureNamespace,
    git::{GitError, ObjectId, Repository},
    store::{RepoPath, SignatureFile},
};

impl RepositoryState {
    /// Returns the bytes of a governed file; `None`, with a rejection, if it is too large.
    pub(in crate::trust) fn bytes(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        path: &str,
        blob: ObjectId,
    ) -> Result<Option<Vec<u8>>, GitError> {
        match repository.blob(blob, MAX_FILE) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(GitError::BlobTooLarge { .. }) => {
                self.reject(commit, path, too_large(path));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(in crate::trust) fn signature_paths(&self, path: &str) -> impl Iterator<Item = (String, &String, &ObjectId)> {
        let (path, prefix) = (path.to_owned(), format!("{path}."));
        self.files.range(prefix.clone()..).take_while(move |(other, _)| other.starts_with(&prefix)).filter_map(
            move |(other, blob)| match RepoPath::of(other) {
                RepoPath::Signature { of, signer } if of == path => Some((signer.to_string(), other, blob)),
                _ => None,
            },
        )
    }

    pub(in crate::trust) fn signatures(
        &self,
        repository: &Repository,
        path: &str,
    ) -> Result<Vec<SignatureFile>, GitError> {
        let mut signatures = Vec::new();
        for (signer, path, blob) in self.signature_paths(path) {
            // A signature file that is too large is read as an empty one, which is rejected as malformed.
            let bytes = match repository.blob(*blob, MAX_SIGNATURE) {
                Err(GitError::BlobTooLarge { .. }) => Vec::new(),
                read => read?,
            };
            signatures.push(SignatureFile { signer, path: path.clone(), bytes });
        }
        Ok(signatures)
    }

    pub(in crate::trust) fn mark_immutable(&mut self, path: &str, namespace: SignatureNamespace) {
        let mut held: Vec<(String, ObjectId)> =
            self.signature_paths(path).map(|(_, path, blob)| (path.clone(), *blob)).collect();
        held.extend(self.files.get(path).map(|blob| (path.to_owned(), *blob)));
        for (path, blob) in held {
            // Immutable files are compared with their first version.
            self.held.entry(path).or_insert((blob, namespace));
        }
    }

    pub(in crate::trust) fn reject(&mut self, commit: ObjectId, path: &str, refusal: TrustError) {
        let found = RejectedFile { commit, path: path.to_owned(), refusal, standing: true };
        let known = self.found.iter().rev().take_while(|old| old.commit == commit);
        if !known.into_iter().any(|old| old.standing && old.path == found.path && old.refusal == found.refusal) {
            self.found.push(found);
        }
    }

    /// Earlier rejections of a path are evaluated again.
    pub(in crate::trust) fn clear_rejections(&mut self, path: &str) {
        for found in self.found.iter_mut().filter(|found| found.standing && found.path == path) {
            found.standing = false;
        }
    }
}

/// Returns the rejection of a governed file that is too large.
pub(in crate::trust) fn too_large(path: &str) -> TrustError {
    let problem = Diagnostic::error("too-large", "the file exceeds the size limit of governed files");
    TrustError::from(Diagnostics::from(problem.in_file(path)))
}

/// Maximum size of a governed file in bytes.
pub(in crate::trust) const MAX_FILE: u64 = 256 * 1024;
const MAX_SIGNATURE: u64 = 4096;
