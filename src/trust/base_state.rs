//! Trust state at the base of a change, read from its tree instead of its history, and only as far as the change needs
//! it, so that the cost follows the change.
//!
//! Files on main count as accepted; [`RepositoryState::walk`] verifies main itself.

use super::{
    no_response::add_unanswered,
    ownership::OwnershipIndex,
    repository_state::RepositoryState,
    required_context::{folders, required_context},
    root::TrustRoot,
    trust_state::PartialTrust,
    verified::{FileSigner, Verified},
};
use crate::{
    format::{codec, sshsig::SignatureNamespace},
    git::{FileMode, GitError, ObjectId, Repository, TreeDiff},
    model::{
        Digest,
        file::{Exception, GovernedFile as Kind, Principals},
    },
    store::{RepoPath, SignatureFile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl RepositoryState {
    /// Returns the part of the state at `base` that every change needs: keys, mandate and identities.
    pub(super) fn load_base(repository: &Repository, pin: Digest, base: ObjectId) -> Result<Self, GitError> {
        let mut state = Self::empty(pin);
        state.head = Some(base);
        state.index_signed_files(repository, base, "trust")?;
        state.read_trust(repository)?;
        state.read_people(repository, base)?;
        Ok(state)
    }

    /// Reads the decisions at `base` that these changes need.
    pub(super) fn read_for(
        &mut self,
        repository: &Repository,
        base: ObjectId,
        head: ObjectId,
        changes: &TreeDiff,
    ) -> Result<(), GitError> {
        let mut wanted = required_context(repository, head, changes)?;
        add_unanswered(repository, base, head, changes, &mut wanted)?;
        for folder in folders(changes, &wanted) {
            self.index_signed_files(repository, base, &folder)?;
        }
        for campaign in wanted.keys() {
            self.remember_level(repository, base, &format!("campaigns/{campaign}"))?;
        }
        self.mark_all_immutable();
        self.read_exceptions(repository, base)?;
        self.read_delegations(repository, base)?;
        for (campaign, wanted) in &wanted {
            self.read_campaign(repository, base, campaign, wanted)?;
        }
        Ok(())
    }

    /// Indexes the signed files and signatures below a folder.
    fn index_signed_files(&mut self, repository: &Repository, base: ObjectId, folder: &str) -> Result<(), GitError> {
        for file in repository.list(base, folder)?.files {
            let place = RepoPath::of(&file.path);
            let signed = place.namespace().is_some() || matches!(place, RepoPath::Signature { .. });
            if signed && file.mode == FileMode::Plain {
                self.files.insert(file.path, file.id);
            }
        }
        Ok(())
    }

    /// Indexes the file of a campaign and its signatures, without its reviews.
    fn remember_level(&mut self, repository: &Repository, base: ObjectId, folder: &str) -> Result<(), GitError> {
        let path = format!("{folder}/campaign.toml");
        let trust = self.trust.clone();
        let signers = trust.iter().flat_map(|trust| &trust.registry().file().principals).map(|p| p.id.to_string());
        let mut paths = vec![path.clone()];
        paths.extend(signers.map(|signer| format!("{path}.{signer}.sig")));
        for path in paths {
            if let Some(file) = repository.file(base, &path)?
                && file.mode == FileMode::Plain
            {
                self.files.insert(file.path, file.id);
            }
        }
        Ok(())
    }

    /// A file with a signature on main is immutable.
    fn mark_all_immutable(&mut self) {
        let signed: BTreeSet<String> = self
            .files
            .keys()
            .filter_map(|path| match RepoPath::of(path) {
                RepoPath::Signature { of, .. } if self.files.contains_key(&of) => Some(of),
                _ => None,
            })
            .collect();
        for path in signed {
            if let Some(namespace) = RepoPath::of(&path).namespace() {
                self.mark_immutable(&path, namespace);
            }
        }
    }

    /// Follows the version chains of root, registry and mandate. A registry version counts if some root up to the
    /// newest gave its signers the role, in version order.
    fn read_trust(&mut self, repository: &Repository) -> Result<(), GitError> {
        let mut roots: Vec<TrustRoot> = Vec::new();
        let mut partial = PartialTrust::default();
        for version in 1.. {
            let Some((path, bytes, signatures)) = self.trust_file(repository, "root", version)? else { break };
            if partial.take_root(self.pin, &bytes, &signatures).is_err() {
                break;
            }
            self.accepted.insert(path);
            roots.extend(partial.root.clone());
        }
        for kind in ["registry", "mandate"] {
            let mut from = 0;
            for version in 1.. {
                let Some((path, bytes, signatures)) = self.trust_file(repository, kind, version)? else { break };
                let taken = roots.iter().enumerate().skip(from).find_map(|(index, root)| {
                    partial.root = Some(root.clone());
                    let taken = match kind {
                        "registry" => partial.take_registry(Some(root), &bytes, &path, &signatures),
                        _ => partial.take_mandate(Some(root), &bytes, &path, &signatures),
                    };
                    taken.is_ok().then_some(index)
                });
                let Some(index) = taken else { break };
                self.accepted.insert(path);
                from = index;
            }
        }
        partial.root = roots.pop();
        self.trust = partial.whole().map(Arc::new);
        self.partial = partial;
        Ok(())
    }

    fn trust_file(&self, repository: &Repository, kind: &str, version: u32) -> Result<Option<GovernedBlob>, GitError> {
        let path = format!("trust/{kind}/{version}.toml");
        let Some(blob) = self.files.get(&path) else { return Ok(None) };
        let bytes = repository.blob(*blob, MAX_FILE)?;
        let signatures = self.signatures(repository, &path)?;
        Ok(Some((path, bytes, signatures)))
    }

    fn read_people(&mut self, repository: &Repository, base: ObjectId) -> Result<(), GitError> {
        let mut files: Vec<_> = repository.file(base, "principals.toml")?.into_iter().collect();
        files.extend(repository.list(base, "principals")?.files);
        for file in files.into_iter().filter(|file| file.mode == FileMode::Plain) {
            let bytes = repository.blob(file.id, MAX_FILE)?;
            if let Ok(people) = codec::parse::<Principals>(&file.path, &bytes) {
                self.people.insert(file.path, Arc::new(people));
            }
        }
        if let Some(trust) = &self.trust {
            self.kinship = Arc::new(OwnershipIndex::new(trust.registry().shared(), self.people.values().cloned()));
        }
        Ok(())
    }

    /// Adds the exceptions on main as accepted, in order of their start: later files may renew them or prove their
    /// controls.
    fn read_exceptions(&mut self, repository: &Repository, base: ObjectId) -> Result<(), GitError> {
        let paths = self.held.keys().filter(|path| matches!(RepoPath::of(path), RepoPath::Exception(_)));
        for path in paths.cloned().collect::<Vec<_>>() {
            if let Some(exception) = self.taken::<Exception>(repository, base, &path, SignatureNamespace::Exception)? {
                self.accepted.insert(path);
                self.exceptions.push(exception);
            }
        }
        self.exceptions.sort_by(|a, b| (a.valid_from, a.path()).cmp(&(b.valid_from, b.path())));
        Ok(())
    }

    /// Returns a file of main whose signatures belong to registered principals. The walk verifies that their keys were
    /// active then; here a retired key does not invalidate an earlier signature.
    pub(super) fn taken<T: Kind>(
        &self,
        repository: &Repository,
        base: ObjectId,
        path: &str,
        namespace: SignatureNamespace,
    ) -> Result<Option<Verified<T>>, GitError> {
        let (Some(blob), Some(trust)) = (self.files.get(path), &self.trust) else { return Ok(None) };
        let bytes = repository.blob(*blob, MAX_FILE)?;
        let Ok(value) = codec::parse::<T>(path, &bytes) else { return Ok(None) };
        let mut signers: Vec<FileSigner> = Vec::new();
        for file in self.signatures(repository, path)? {
            let keys: Vec<_> = trust.registry().keys_of(&file.signer).map(|(key, _)| key).collect();
            match super::root::verify(namespace, &bytes, &file, &keys) {
                Ok(key) => signers.push(FileSigner { name: file.signer, key }),
                Err(_) => return Ok(None),
            }
        }
        let (path, digest) = (path.to_owned(), Digest::of(&bytes));
        let (signatures, registry) = (BTreeMap::new(), trust.registry().file().version);
        let verified = Verified { value, path, digest, signatures, signers, commit: base, registry };
        Ok((!verified.signers.is_empty()).then_some(verified))
    }
}

/// A file on main: path, bytes and signatures.
type GovernedBlob = (String, Vec<u8>, Vec<SignatureFile>);

pub(super) const MAX_FILE: u64 = 256 * 1024;
