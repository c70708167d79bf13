//! Accepts new versions of root, registry, mandate and principals.

use crate::trust::error::TrustError;
use crate::trust::identity::ownership::OwnershipIndex;
use crate::trust::state::RepositoryState;
use crate::trust::state::walk::{ALLOWED_SIGNERS, AffectedPaths};
use crate::{
    format::{codec, sshsig::SignatureNamespace},
    git::{FileMode, GitError, ObjectId, Repository, TreeFile},
    model::file::{Engine, Governance, Principals},
    store::RepoPath,
};
use std::sync::Arc;

impl RepositoryState {
    /// Accepts new versions of root, registry and mandate, in this order. Signatures may arrive one by one, so pending
    /// versions are verified again whenever a file in `trust` changes.
    pub(in crate::trust) fn update_trust(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        paths: &[String],
    ) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let root_before = self.partial.root.clone();
        let mut ordered: Vec<(u8, u32, String, ObjectId)> = Vec::new();
        for (path, blob) in self.files.iter().filter(|(path, _)| !self.accepted.contains(*path)) {
            match RepoPath::of(path) {
                RepoPath::Root(version) => ordered.push((0, version, path.clone(), *blob)),
                RepoPath::Registry(version) => ordered.push((1, version, path.clone(), *blob)),
                RepoPath::Mandate(version) => ordered.push((2, version, path.clone(), *blob)),
                _ => {}
            }
        }
        ordered.sort();
        for (rank, _, path, blob) in &ordered {
            let Some(bytes) = self.bytes(repository, commit, path, *blob)? else { continue };
            let signatures = self.signatures(repository, path)?;
            let before = root_before.as_ref();
            let (taken, namespace) = match rank {
                0 => (self.partial.take_root(self.pin, &bytes, &signatures), SignatureNamespace::Root),
                1 => (self.partial.take_registry(before, &bytes, path, &signatures), SignatureNamespace::Registry),
                _ => (self.partial.take_mandate(before, &bytes, path, &signatures), SignatureNamespace::Mandate),
            };
            self.clear_rejections(path);
            match taken {
                Ok(()) => {
                    self.accepted.insert(path.clone());
                    self.mark_immutable(path, namespace);
                }
                Err(refusal) => self.reject(commit, path, refusal),
            }
        }
        self.trust = self.partial.whole().map(Arc::new);
        Ok(())
    }

    pub(in crate::trust) fn update_identities(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        touched: &AffectedPaths,
        trust_changed: bool,
    ) -> Result<(), GitError> {
        for file in &touched.people {
            let Some(bytes) = self.bytes(repository, commit, &file.path, file.id)? else { continue };
            match codec::parse::<Principals>(&file.path, &bytes) {
                Ok(people) => drop(self.people.insert(file.path.clone(), Arc::new(people))),
                // Previous entries are kept: an unreadable file must not remove links that prevent self-review.
                Err(problems) => self.reject(commit, &file.path, problems.into()),
            }
        }
        for path in &touched.people_gone {
            self.people.remove(path);
        }
        let changed = trust_changed || !touched.people.is_empty() || !touched.people_gone.is_empty();
        if changed && let Some(trust) = &self.trust {
            let next = OwnershipIndex::new(trust.registry().shared(), self.people.values().cloned());
            Arc::make_mut(&mut self.former).add(&self.kinship, &next, self.line.len() as u64);
            self.kinship = Arc::new(next);
        }
        Ok(())
    }

    pub(in crate::trust) fn check_governance(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
        file: Option<&TreeFile>,
    ) -> Result<(), GitError> {
        let Some(file) = file else { return Ok(()) };
        let Some(bytes) = self.bytes(repository, commit, &file.path, file.id)? else { return Ok(()) };
        match (codec::parse::<Governance>(&file.path, &bytes), &self.partial.root) {
            (Err(problems), _) => self.reject(commit, &file.path, problems.into()),
            (Ok(governance), Some(root)) if governance.repo != root.file().repo => {
                let (found, expected) = (governance.repo.to_string(), root.file().repo.to_string());
                self.reject(commit, &file.path, TrustError::WrongRepository { found, expected });
            }
            (Ok(governance), _) => {
                let permitted = self.partial.mandate.as_ref().map(|mandate| &mandate.file().engine_releases);
                let named = governance.engine.as_ref().map(Engine::digests).unwrap_or_default();
                let other = named.into_iter().find(|digest| permitted.is_some_and(|all| !all.contains(digest)));
                if let Some(digest) = other {
                    self.reject(commit, &file.path, TrustError::EngineRelease(digest));
                }
            }
        }
        Ok(())
    }

    pub(in crate::trust) fn check_allowed_signers(
        &mut self,
        repository: &Repository,
        commit: ObjectId,
    ) -> Result<(), GitError> {
        let Some(trust) = self.trust.clone() else { return Ok(()) };
        self.clear_rejections(ALLOWED_SIGNERS);
        let found = match repository.file(commit, ALLOWED_SIGNERS)? {
            Some(file) if file.mode == FileMode::Plain => repository.blob(file.id, u64::MAX)?,
            _ => Vec::new(),
        };
        if found != trust.allowed_signers().as_bytes() {
            self.reject(commit, ALLOWED_SIGNERS, TrustError::AllowedSigners);
        }
        Ok(())
    }
}
