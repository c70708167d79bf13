//! Trust state at a commit: root, registry and mandate in force.

use crate::trust::error::TrustError;
use crate::trust::keys::registry::TrustRegistry;
use crate::trust::keys::root::{self, TrustRoot, verify_by_roles};
use crate::{
    format::{allowed_signers, codec, sshsig::SignatureNamespace},
    model::{
        Digest, RepoId, Tier,
        file::{self, KeyState},
    },
    store::SignatureFile,
};
use std::collections::BTreeSet;

/// Root, registry and mandate that are in force.
#[derive(Clone, Debug)]
pub struct TrustState {
    root: TrustRoot,
    registry: TrustRegistry,
    mandate: TrustMandate,
}

/// A mandate whose signatures were verified.
#[derive(Clone, Debug)]
pub struct TrustMandate {
    file: file::Mandate,
    digest: Digest,
}

/// A trust state without registry or mandate, as while the first commit is processed.
#[derive(Clone, Debug, Default)]
pub(in crate::trust) struct PartialTrust {
    pub(in crate::trust) root: Option<TrustRoot>,
    pub(in crate::trust) registry: Option<TrustRegistry>,
    pub(in crate::trust) mandate: Option<TrustMandate>,
}

impl PartialTrust {
    /// Returns the trust state if it is complete.
    pub(in crate::trust) fn whole(&self) -> Option<TrustState> {
        Some(TrustState { root: self.root.clone()?, registry: self.registry.clone()?, mandate: self.mandate.clone()? })
    }

    /// Accepts the next root; the first one is compared with the pin.
    pub(in crate::trust) fn take_root(
        &mut self,
        pin: Digest,
        bytes: &[u8],
        signatures: &[SignatureFile],
    ) -> Result<(), TrustError> {
        let next = match &self.root {
            None => TrustRoot::first(pin, bytes, signatures)?,
            Some(root) => root.next(bytes, signatures)?,
        };
        if let Some(registry) = &self.registry {
            registry.check_engine(&next)?;
        }
        self.root = Some(next);
        Ok(())
    }

    /// Accepts the next registry, signed with keys that have the role before and after this merge.
    pub(in crate::trust) fn take_registry(
        &mut self,
        before: Option<&TrustRoot>,
        bytes: &[u8],
        path: &str,
        signatures: &[SignatureFile],
    ) -> Result<(), TrustError> {
        let root = self.root.as_ref().ok_or(TrustError::TrustNotEstablished)?;
        let next = TrustRegistry::parse(bytes, path, self.registry.as_ref(), root)?;
        let roles = [before.unwrap_or(root).registry_role(), root.registry_role()];
        verify_by_roles(SignatureNamespace::Registry, bytes, signatures, &roles)?;
        self.registry = Some(next);
        Ok(())
    }

    /// Accepts the next mandate, signed with keys that have the role before and after this merge.
    pub(in crate::trust) fn take_mandate(
        &mut self,
        before: Option<&TrustRoot>,
        bytes: &[u8],
        path: &str,
        signatures: &[SignatureFile],
    ) -> Result<(), TrustError> {
        let root = self.root.as_ref().ok_or(TrustError::TrustNotEstablished)?;
        let known = self.mandate.as_ref().map(|known| (known.file.version, known.digest));
        let file = check_mandate(path, bytes, known, root)?;
        let roles = [before.unwrap_or(root).mandate_role(), root.mandate_role()];
        verify_by_roles(SignatureNamespace::Mandate, bytes, signatures, &roles)?;
        self.mandate = Some(TrustMandate::unverified(file, bytes));
        Ok(())
    }
}

/// Parses a mandate and checks it against the previous version and the root. Does not verify signatures.
fn check_mandate(
    path: &str,
    bytes: &[u8],
    before: Option<(u32, Digest)>,
    root: &TrustRoot,
) -> Result<file::Mandate, TrustError> {
    let file: file::Mandate = codec::parse(path, bytes)?;
    root::check_chain(file.version, &file.prev, before)?;
    if file.repo != root.file().repo {
        let (found, expected) = (file.repo.to_string(), root.file().repo.to_string());
        return Err(TrustError::WrongRepository { found, expected });
    }
    let thresholds = file.thresholds;
    if let Some(zero) = [thresholds.t0, thresholds.t1, thresholds.t2, thresholds.t3].into_iter().find(|t| *t == 0) {
        return Err(TrustError::ThresholdUnreachable { role: "reviews", threshold: zero, keys: 0 });
    }
    Ok(file)
}

impl TrustState {
    /// Checks the content of the next registry, before it is signed.
    ///
    /// # Errors
    /// The reason why it would be rejected with all signatures.
    pub fn check_next_registry(&self, path: &str, bytes: &[u8]) -> Result<(), TrustError> {
        TrustRegistry::parse(bytes, path, Some(&self.registry), &self.root).map(drop)
    }

    /// Checks the content of the next mandate, before it is signed.
    ///
    /// # Errors
    /// As [`Self::check_next_registry`].
    pub fn check_next_mandate(&self, path: &str, bytes: &[u8]) -> Result<(), TrustError> {
        let before = (self.mandate.file.version, self.mandate.digest);
        let next = check_mandate(path, bytes, Some(before), &self.root)?;
        let active = self.registry.keys().filter(|(.., state)| *state == KeyState::Active);
        let people = active.map(|(_, holder, _)| holder).collect::<BTreeSet<_>>().len();
        let file::Thresholds { t0, t1, t2, t3 } = next.thresholds;
        let unreachable =
            [t0, t1, t2, t3].into_iter().find(|needed| usize::try_from(*needed).is_ok_and(|n| n > people));
        match unreachable {
            Some(threshold) => Err(TrustError::ThresholdUnreachable { role: "reviews", threshold, keys: people }),
            None => Ok(()),
        }
    }

    /// Returns the root in force.
    pub const fn root(&self) -> &TrustRoot {
        &self.root
    }

    /// Returns the registry in force.
    pub const fn registry(&self) -> &TrustRegistry {
        &self.registry
    }

    /// Returns the mandate in force.
    pub const fn mandate(&self) -> &TrustMandate {
        &self.mandate
    }

    /// Returns the id of the repository.
    pub const fn repo(&self) -> &RepoId {
        &self.root.file().repo
    }

    /// Returns the required content of `trust/allowed_signers`: the current signers and namespaces, for `ssh-keygen -Y
    /// verify` and `git verify-commit`.
    pub fn allowed_signers(&self) -> String {
        let mut text = String::from(HEADER);
        let mut people = Vec::new();
        let accepting = self.mandate.file.accepting();
        for (key, holder, state) in self.registry.keys() {
            if state != KeyState::Active {
                continue;
            }
            let mut namespaces = vec![
                SignatureNamespace::Attestation,
                SignatureNamespace::Delegation,
                SignatureNamespace::Proof,
                SignatureNamespace::Review,
                SignatureNamespace::System,
            ];
            if self.registry.is_in(holder.as_str(), &self.mandate.file.campaign_owner_group) {
                namespaces.extend([SignatureNamespace::Campaign, SignatureNamespace::StageClose]);
            }
            if accepting.iter().any(|group| self.registry.is_in(holder.as_str(), group)) {
                namespaces.push(SignatureNamespace::Exception);
            }
            people.extend(allowed_signers::line(holder.as_str(), &namespaces, key));
        }
        let roles = [
            (self.root.root_role(), SignatureNamespace::Root),
            (self.root.registry_role(), SignatureNamespace::Registry),
            (self.root.mandate_role(), SignatureNamespace::Mandate),
        ];
        let mut offices: Vec<((&str, _), Vec<SignatureNamespace>)> = Vec::new();
        for (role, namespace) in roles {
            for (name, key) in role.keys() {
                match offices.iter_mut().find(|(office, _)| *office == (name.as_str(), *key)) {
                    Some((_, namespaces)) => namespaces.push(namespace),
                    None => offices.push(((name, *key), vec![namespace])),
                }
            }
        }
        offices.sort();
        people.extend(offices.iter().filter_map(|((name, key), n)| allowed_signers::line(name, n, key)));
        let engine = [SignatureNamespace::Evidence, SignatureNamespace::Git];
        // Runs that read targets back sign evidence with keys of their own.
        let keys = self.root.commit_keys().iter().chain(self.root.readback_keys());
        people.extend(keys.filter_map(|key| allowed_signers::line("engine", &engine, key)));
        people.iter().for_each(|line| text.push_str(line));
        text
    }
}

impl TrustMandate {
    /// Wraps a mandate without verification.
    pub(in crate::trust) fn unverified(file: file::Mandate, bytes: &[u8]) -> Self {
        Self { file, digest: Digest::of(bytes) }
    }

    /// Returns the file.
    pub const fn file(&self) -> &file::Mandate {
        &self.file
    }

    /// Returns the digest of the file.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the number of principals who must sign a review with a decision of this tier.
    pub fn threshold(&self, tier: Tier) -> usize {
        self.file.thresholds.at(tier)
    }
}

const HEADER: &str = "# Generated by Tenure from trust/root, trust/registry and trust/mandate.\n";
