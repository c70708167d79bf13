//! The engine's keys by version of the root of trust, and the record from which each set is in force.

use crate::{
    format::{
        cosignature::WitnessKey,
        note::{NoteError, VerifierKey},
        ssh_keys::{KeyError, PublicKey, Signer},
    },
    model::file::{EngineRole, WitnessRole},
};
use std::collections::BTreeMap;

/// The engine's keys in one root. A key never serves two purposes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EngineKeys {
    /// Keys that sign commits of the branch and `segments.sha256`, including those of the read-back job.
    pub commit: Vec<PublicKey>,
    /// Those of the commit keys that belong to the read-back job: they sign looks at targets, and no changes.
    pub readback: Vec<PublicKey>,
    /// Keys that sign checkpoints.
    pub log: Vec<VerifierKey>,
}

/// An error in a key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeysError {
    /// A key of commits.
    #[error("a commit key of the engine: {0}")]
    Commit(#[from] KeyError),
    /// A key of the log or of a witness.
    #[error("a log key of the engine or a key of a witness: {0}")]
    Log(#[from] NoteError),
}

impl EngineKeys {
    /// Reads the keys of a root.
    ///
    /// # Errors
    /// When one of them is not a valid key.
    pub fn of(role: &EngineRole) -> Result<Self, KeysError> {
        let commit = role.commit_keys.iter().chain(&role.readback_keys);
        Ok(Self {
            commit: parsed(commit)?,
            readback: parsed(role.readback_keys.iter())?,
            log: role.log_keys.iter().map(|key| VerifierKey::parse(key)).collect::<Result<_, _>>()?,
        })
    }
}

fn parsed<'l>(lines: impl Iterator<Item = &'l String>) -> Result<Vec<PublicKey>, KeyError> {
    lines.map(|line| PublicKey::parse_line(line).map(|(key, _)| key)).collect()
}

/// The engine's keys by version of the root. The log records with `key.rotate` when the keys of a root come into force;
/// it begins with those of the first root.
#[derive(Clone, Debug, Default)]
pub struct EngineKeyHistory {
    by_root: BTreeMap<u32, EngineKeys>,
    threshold: usize,
    witnesses: Vec<WitnessKey>,
}

impl EngineKeyHistory {
    /// Returns an empty history.
    pub const fn new() -> Self {
        Self { by_root: BTreeMap::new(), threshold: 0, witnesses: Vec::new() }
    }

    /// Adds the keys of a root that has been verified.
    #[must_use]
    pub fn with_root(mut self, version: u32, keys: EngineKeys) -> Self {
        self.by_root.insert(version, keys);
        self
    }

    /// Sets the witnesses of the root in force.
    ///
    /// # Errors
    /// When a key is invalid.
    pub fn with_witnesses(mut self, role: &WitnessRole) -> Result<Self, KeysError> {
        self.threshold = usize::try_from(role.threshold).unwrap_or(usize::MAX);
        self.witnesses = role.keys.iter().map(|key| WitnessKey::parse(key)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Removes the witnesses.
    #[must_use]
    pub fn without_witnesses(self) -> Self {
        Self { threshold: 0, witnesses: Vec::new(), ..self }
    }

    /// Returns the required number of cosignatures, and the keys of all witnesses.
    pub(super) fn witnesses(&self) -> (usize, &[WitnessKey]) {
        (self.threshold, &self.witnesses)
    }

    /// Returns whether the root in force names witnesses.
    pub(super) const fn is_witnessed(&self) -> bool {
        self.threshold > 0
    }

    /// Returns the log keys of all roots.
    pub(super) fn log(&self) -> Vec<VerifierKey> {
        self.by_root.values().flat_map(|keys| &keys.log).cloned().collect()
    }

    pub(super) fn first(&self) -> u32 {
        self.by_root.keys().next().copied().unwrap_or(1)
    }

    pub(super) fn of_root(&self, version: u32) -> Option<&EngineKeys> {
        self.by_root.get(&version)
    }

    /// Returns the first root after `version` that names both keys.
    pub(super) fn root_after(&self, version: u32, commit: PublicKey, log: &VerifierKey) -> Option<u32> {
        let later = self.by_root.range(version.saturating_add(1)..);
        later
            .filter(|(_, keys)| keys.commit.contains(&commit) && keys.log.contains(log))
            .map(|(version, _)| *version)
            .next()
    }
}

/// The two private keys of the engine.
pub struct EngineSigners {
    /// Signs commits and `segments.sha256`.
    pub commit: Box<dyn Signer + Send>,
    /// Signs checkpoints.
    pub log: Box<dyn Signer + Send>,
}
