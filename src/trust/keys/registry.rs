//! The registry: principals with their accounts, groups and keys.

use crate::trust::error::TrustError;
use crate::trust::keys::root;
use crate::{
    format::{codec, ssh_keys::PublicKey},
    model::{
        Digest, PrincipalId,
        file::{self, KeyState, RegistryPrincipal},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// A registry whose signatures are verified or about to be verified.
#[derive(Clone, Debug)]
pub struct TrustRegistry {
    file: Arc<file::Registry>,
    digest: Digest,
    keys: BTreeMap<PublicKey, (PrincipalId, KeyState, Option<u64>)>,
}

impl TrustRegistry {
    /// Parses a registry and checks it against the previous version: keys are never removed or reactivated, and belong
    /// to one principal forever. Does not verify signatures.
    pub(in crate::trust) fn parse(
        bytes: &[u8],
        path: &str,
        before: Option<&Self>,
        root: &root::TrustRoot,
    ) -> Result<Self, TrustError> {
        let registry = Self::unchained(bytes, path, root)?;
        let file = &registry.file;
        root::check_chain(file.version, &file.prev, before.map(|b| (b.file.version, b.digest)))?;
        before.map_or(Ok(()), |before| registry.check_follows(before))?;
        Ok(registry)
    }

    /// Parses a registry without its previous version.
    pub(in crate::trust) fn unchained(bytes: &[u8], path: &str, root: &root::TrustRoot) -> Result<Self, TrustError> {
        let file: file::Registry = codec::parse(path, bytes)?;
        if file.repo != root.file().repo {
            let (found, expected) = (file.repo.to_string(), root.file().repo.to_string());
            return Err(TrustError::WrongRepository { found, expected });
        }
        let mut keys: BTreeMap<PublicKey, (PrincipalId, KeyState, Option<u64>)> = BTreeMap::new();
        let mut subjects: BTreeMap<&str, &PrincipalId> = BTreeMap::new();
        let mut last: Option<&PrincipalId> = None;
        for principal in &file.principals {
            if last.is_some_and(|last| *last >= principal.id) {
                return Err(TrustError::DuplicateName(format!("{} (or principals are not sorted)", principal.id)));
            }
            last = Some(&principal.id);
            for subject in &principal.subjects {
                if subjects.insert(subject, &principal.id).is_some() {
                    return Err(TrustError::DuplicateName(subject.clone()));
                }
            }
            for key in &principal.keys {
                let public = PublicKey::parse(&key.ssh)?;
                let value = (principal.id.clone(), key.state, key.suspect_from_index);
                if let Some((first, ..)) = keys.insert(public, value) {
                    let (first, second) = (first.to_string(), principal.id.to_string());
                    return Err(TrustError::DuplicateKey { fingerprint: public.fingerprint(), first, second });
                }
            }
        }
        let registry = Self { digest: Digest::of(bytes), file: Arc::new(file), keys };
        registry.check_engine(root)?;
        Ok(registry)
    }

    /// An engine key must not sign decisions.
    pub(in crate::trust) fn check_engine(&self, root: &root::TrustRoot) -> Result<(), TrustError> {
        match root.machine_keys().find_map(|key| self.keys.get(&key).map(|(principal, ..)| (key, principal))) {
            None => Ok(()),
            Some((key, principal)) => {
                let (first, second) = ("the engine".to_owned(), principal.to_string());
                Err(TrustError::DuplicateKey { fingerprint: key.fingerprint(), first, second })
            }
        }
    }

    fn check_follows(&self, before: &Self) -> Result<(), TrustError> {
        for (key, (principal, state, _)) in &before.keys {
            let refuse = |what| {
                let (principal, fingerprint) = (principal.to_string(), key.fingerprint());
                Err(TrustError::KeyHistory { principal, fingerprint, what })
            };
            match self.keys.get(key) {
                None => return refuse("was removed from the registry"),
                Some((other, ..)) if other != principal => return refuse("was assigned to another principal"),
                Some((_, KeyState::Active, _)) if *state != KeyState::Active => return refuse("was reactivated"),
                Some((_, KeyState::Retired, _)) if *state == KeyState::Revoked => {
                    return refuse("is no longer revoked");
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Returns the file.
    pub fn file(&self) -> &file::Registry {
        &self.file
    }

    /// Returns the file by value.
    pub(in crate::trust) fn shared(&self) -> Arc<file::Registry> {
        self.file.clone()
    }

    /// Returns the digest of the file.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns a principal.
    pub fn principal(&self, id: &str) -> Option<&RegistryPrincipal> {
        let found = self.file.principals.binary_search_by(|principal| principal.id.as_str().cmp(id));
        found.ok().and_then(|index| self.file.principals.get(index))
    }

    /// Returns whether a principal is a member of a group.
    pub fn is_in(&self, id: &str, group: &str) -> bool {
        self.principal(id).is_some_and(|principal| principal.groups.iter().any(|own| own == group))
    }

    /// Returns the holder and the state of a key, and the evidence index from which it is suspect.
    pub fn holder(&self, key: &PublicKey) -> Option<(&PrincipalId, KeyState, Option<u64>)> {
        self.keys.get(key).map(|(principal, state, from)| (principal, *state, *from))
    }

    /// Returns the keys of a principal with their states.
    pub fn keys_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (PublicKey, KeyState)> + 'a {
        self.keys.iter().filter(move |(_, (own, ..))| own.as_str() == id).map(|(key, (_, state, _))| (*key, *state))
    }

    /// Returns all keys with their holders and states, sorted by holder.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, &PrincipalId, KeyState)> {
        let mut keys: Vec<_> = self.keys.iter().map(|(key, (holder, state, _))| (key, holder, *state)).collect();
        keys.sort_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)));
        keys.into_iter()
    }
}
