//! The root of trust: keys and thresholds of its roles, and the chain of its versions.

use crate::trust::error::TrustError;
use crate::trust::verified::FileSigner;
use crate::{
    format::{
        codec,
        note::VerifierKey,
        ssh_keys::PublicKey,
        sshsig::{SignatureNamespace, SshSignature},
    },
    model::{Digest, PrincipalId, file},
    store::SignatureFile,
};
use std::collections::{BTreeMap, BTreeSet};

/// A root of trust whose signatures were verified.
#[derive(Clone, Debug)]
pub struct TrustRoot {
    file: file::Root,
    digest: Digest,
    root: SigningRole,
    registry: SigningRole,
    mandate: SigningRole,
    engine: Vec<PublicKey>,
    readback: Vec<PublicKey>,
    log: Vec<VerifierKey>,
}

/// The keys of a role by name, and its threshold.
#[derive(Clone, Debug)]
pub struct SigningRole {
    threshold: usize,
    keys: BTreeMap<String, PublicKey>,
}

impl TrustRoot {
    /// Accepts version 1, which is pinned from outside and self-signed.
    ///
    /// # Errors
    /// When it differs from the pin or is invalid.
    pub fn first(pin: Digest, bytes: &[u8], signatures: &[SignatureFile]) -> Result<Self, TrustError> {
        let root = Self::parse("trust/root/1.toml", bytes)?;
        if root.digest != pin {
            return Err(TrustError::RootPin { pinned: pin, found: root.digest });
        }
        check_chain(root.file.version, &root.file.prev, None)?;
        let signed = signed_by(SignatureNamespace::Root, bytes, signatures, &[&root.root])?;
        root.root.verify_threshold(&signed)?;
        Ok(root)
    }

    /// Accepts the next version, signed by a threshold of the keys of this root and by a threshold of its own.
    ///
    /// # Errors
    /// When it is not the next version, or is invalid.
    pub fn next(&self, bytes: &[u8], signatures: &[SignatureFile]) -> Result<Self, TrustError> {
        let next = Self::parse(&format!("trust/root/{}.toml", self.file.version.saturating_add(1)), bytes)?;
        check_chain(next.file.version, &next.file.prev, Some((self.file.version, self.digest)))?;
        if next.file.repo != self.file.repo {
            let (found, expected) = (next.file.repo.to_string(), self.file.repo.to_string());
            return Err(TrustError::WrongRepository { found, expected });
        }
        if next.file.log_origin != self.file.log_origin {
            let (from, to) = (self.file.log_origin.clone(), next.file.log_origin.clone());
            return Err(TrustError::LogOrigin { from, to });
        }
        if next.file.evidence_branch() != self.file.evidence_branch() {
            let (from, to) = (self.file.evidence_branch().to_owned(), next.file.evidence_branch().to_owned());
            return Err(TrustError::EvidenceBranch { from, to });
        }
        let signed = signed_by(SignatureNamespace::Root, bytes, signatures, &[&self.root, &next.root])?;
        self.root.verify_threshold(&signed)?;
        next.root.verify_threshold(&signed)?;
        Ok(next)
    }

    /// Parses a root and checks its consistency. Does not verify signatures.
    ///
    /// # Errors
    /// When it is malformed or inconsistent.
    pub(in crate::trust) fn parse(path: &str, bytes: &[u8]) -> Result<Self, TrustError> {
        let file: file::Root = codec::parse(path, bytes)?;
        let roles = &file.roles;
        let root = SigningRole::parse("root", &roles.root)?;
        let registry = SigningRole::parse("registry", &roles.registry)?;
        let mandate = SigningRole::parse("mandate", &roles.mandate)?;
        let mut engine = Vec::new();
        for key in &roles.engine.commit_keys {
            engine.push(PublicKey::parse_line(key)?.0);
        }
        let mut readback = Vec::new();
        for key in &roles.engine.readback_keys {
            readback.push(PublicKey::parse_line(key)?.0);
        }
        let mut log = Vec::new();
        for key in &roles.engine.log_keys {
            let key = VerifierKey::parse(key).map_err(|_| TrustError::Key(crate::format::ssh_keys::KeyError::Weak))?;
            if key.name() != file.log_origin {
                return Err(TrustError::Place { says: key.name().to_owned(), lies: file.log_origin.clone() });
            }
            log.push(key);
        }
        // People may hold several roles; an engine key serves one purpose and belongs to no person.
        let people = [&root, &registry, &mandate].into_iter().flat_map(|role| role.keys.values().copied());
        let people: BTreeSet<PublicKey> = people.collect();
        let mut machines: BTreeMap<PublicKey, &str> = people.iter().map(|key| (*key, "a role of people")).collect();
        let purposes = [("commit_keys", &engine), ("readback_keys", &readback)];
        let logs = log.iter().map(|key| ("log_keys", key.key()));
        for (purpose, key) in
            purposes.iter().flat_map(|(purpose, keys)| keys.iter().map(|key| (*purpose, *key))).chain(logs)
        {
            if let Some(first) = machines.insert(key, purpose) {
                let (first, second) = (first.to_owned(), purpose.to_owned());
                return Err(TrustError::DuplicateKey { fingerprint: key.fingerprint(), first, second });
            }
        }
        Ok(Self { digest: Digest::of(bytes), file, root, registry, mandate, engine, readback, log })
    }

    /// Returns the file.
    pub const fn file(&self) -> &file::Root {
        &self.file
    }

    /// Returns the digest of the file; for version 1 this is the pin.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the keys that sign the next root.
    pub const fn root_role(&self) -> &SigningRole {
        &self.root
    }

    /// Returns the keys that sign registries.
    pub const fn registry_role(&self) -> &SigningRole {
        &self.registry
    }

    /// Returns the keys that sign mandates.
    pub const fn mandate_role(&self) -> &SigningRole {
        &self.mandate
    }

    /// Returns the engine keys that sign commits and segments.
    pub fn commit_keys(&self) -> &[PublicKey] {
        &self.engine
    }

    /// Returns the read-back keys.
    pub fn readback_keys(&self) -> &[PublicKey] {
        &self.readback
    }

    /// Returns the keys that sign checkpoints of the log.
    pub fn log_keys(&self) -> &[VerifierKey] {
        &self.log
    }

    /// Returns all engine keys.
    pub(in crate::trust) fn machine_keys(&self) -> impl Iterator<Item = PublicKey> {
        let log = self.log.iter().map(VerifierKey::key);
        self.engine.iter().chain(&self.readback).copied().chain(log)
    }
}

impl SigningRole {
    fn parse(name: &'static str, role: &file::Role) -> Result<Self, TrustError> {
        let mut keys: BTreeMap<String, PublicKey> = BTreeMap::new();
        for line in &role.keys {
            let (key, comment) = PublicKey::parse_line(line)?;
            if PrincipalId::parse(comment).is_err() {
                let says = format!("a key named `{comment}`");
                return Err(TrustError::Place { says, lies: format!("role {name}, where every key has a short name") });
            }
            if let Some((first, _)) = keys.iter().find(|(_, other)| **other == key) {
                let (first, second) = (first.clone(), comment.to_owned());
                return Err(TrustError::DuplicateKey { fingerprint: key.fingerprint(), first, second });
            }
            if keys.insert(comment.to_owned(), key).is_some() {
                return Err(TrustError::DuplicateName(comment.to_owned()));
            }
        }
        match usize::try_from(role.threshold) {
            Ok(threshold) if (1..=keys.len()).contains(&threshold) => Ok(Self { threshold, keys }),
            _ => Err(TrustError::ThresholdUnreachable { role: name, threshold: role.threshold, keys: keys.len() }),
        }
    }

    /// Returns the keys by name.
    pub const fn keys(&self) -> &BTreeMap<String, PublicKey> {
        &self.keys
    }

    /// Returns the threshold.
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// Verifies that `signed` contains a threshold of distinct keys of this role.
    fn verify_threshold(&self, signed: &[FileSigner]) -> Result<(), TrustError> {
        let counted: BTreeSet<PublicKey> =
            signed.iter().map(|signer| signer.key).filter(|key| self.keys.values().any(|own| own == key)).collect();
        if counted.len() >= self.threshold {
            Ok(())
        } else {
            Err(TrustError::Threshold { needed: self.threshold, found: counted.len(), tier: None })
        }
    }
}

/// Verifies a registry or mandate: signed by a threshold of keys, each of which has the role in every root in `roles`.
/// A key that a new root removes does not count in the same merge.
pub(in crate::trust) fn verify_by_roles(
    namespace: SignatureNamespace,
    bytes: &[u8],
    signatures: &[SignatureFile],
    roles: &[&SigningRole],
) -> Result<Vec<FileSigner>, TrustError> {
    let signed = signed_by(namespace, bytes, signatures, roles)?;
    let lasting: Vec<FileSigner> = signed
        .into_iter()
        .filter(|signer| roles.iter().all(|role| role.keys.values().any(|k| *k == signer.key)))
        .collect();
    for role in roles {
        role.verify_threshold(&lasting)?;
    }
    Ok(lasting)
}

/// Verifies every signature against the key of that name in one of `roles`. One invalid signature rejects the file.
fn signed_by(
    namespace: SignatureNamespace,
    bytes: &[u8],
    signatures: &[SignatureFile],
    roles: &[&SigningRole],
) -> Result<Vec<FileSigner>, TrustError> {
    let mut signed = Vec::new();
    for file in signatures {
        let candidates: Vec<PublicKey> = roles.iter().filter_map(|role| role.keys.get(&file.signer)).copied().collect();
        if candidates.is_empty() {
            return Err(TrustError::SignerUnknown(file.signer.clone()));
        }
        signed.push(FileSigner { name: file.signer.clone(), key: verify(namespace, bytes, file, &candidates)? });
    }
    signed.sort();
    Ok(signed)
}

/// Verifies one signature, which must be by one of `candidates`, and returns the key.
pub(in crate::trust) fn verify(
    namespace: SignatureNamespace,
    bytes: &[u8],
    file: &SignatureFile,
    candidates: &[PublicKey],
) -> Result<PublicKey, TrustError> {
    let refuse = |error| TrustError::Signature { signer: file.signer.clone(), error };
    let signature = SshSignature::parse(&file.bytes).map_err(refuse)?;
    if !candidates.contains(&signature.key()) {
        return Err(TrustError::WrongKey { signer: file.signer.clone(), fingerprint: signature.key().fingerprint() });
    }
    signature.verify(namespace, bytes).map_err(refuse)
}

/// Checks that a version directly follows the one in force.
pub(in crate::trust) fn check_chain(version: u32, prev: &str, before: Option<(u32, Digest)>) -> Result<(), TrustError> {
    let expected = before.map_or(1, |(version, _)| version.saturating_add(1));
    if version != expected {
        return Err(TrustError::Version { found: version, expected });
    }
    let digest = before.map_or_else(|| "none".to_owned(), |(_, digest)| digest.to_string());
    if prev == digest { Ok(()) } else { Err(TrustError::Prev { found: prev.to_owned(), expected: digest }) }
}
