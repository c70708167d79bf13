//! Loads an inventory and verifies its files against the counts and digests of its observation.

use super::{
    CollectedInventory, OBSERVATION, USAGE, folder, grants_file,
    source::{FileSource, SourceError},
};
use crate::{
    connector::{ConnectorKind, registry},
    diag::{Diagnostic, DiagnosticSeverity, Diagnostics},
    format::{
        codec,
        json_lines::{JsonLine, LineReader, UsageLine},
    },
    model::{
        Digest, Grant, GrantKey, Inventory, SystemId, Usage,
        file::{KindCount, Observation},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// An inventory with its observation.
#[derive(Clone, Debug)]
pub struct LoadedInventory {
    /// The observation: time, method and reader of the collection.
    pub observation: Observation,
    /// The digest of the bytes of `observation.toml`, which contains the digests of all other files.
    pub digest: Digest,
    /// The grants.
    pub inventory: Inventory,
}

impl LoadedInventory {
    /// Returns the connector that collected it; `None` if it is unknown.
    pub fn connector(&self) -> Option<&'static dyn ConnectorKind> {
        registry::find(&self.observation.connector)
    }
}

/// An error that makes an inventory unusable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// The files do not match the observation.
    #[error("`{path}`: {why}")]
    Inconsistent {
        /// The file.
        path: String,
        /// The difference.
        why: String,
    },
    /// The system was never collected.
    #[error("`{0}` has no inventory")]
    Missing(SystemId),
    /// A file is malformed.
    #[error("`{path}` is not in canonical form{}", first(.problems))]
    Form {
        /// The file.
        path: String,
        /// The problems.
        problems: Diagnostics,
    },
    /// A file could not be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
}

impl LoadError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "inventory-malformed",
            Self::Inconsistent { .. } => "inventory-inconsistent",
            Self::Missing(_) => "inventory-missing",
            Self::Unreadable(_) => "inventory-unreadable",
        }
    }

    /// Returns the diagnostic: the problem, its location, and the next command.
    pub fn diagnostics(&self, system: &SystemId) -> Diagnostics {
        let problem = Diagnostic::error(self.code(), self.to_string()).help(format!("tenure collect {system}"));
        match self {
            Self::Form { path, problems } => {
                problems.clone().into_iter().chain([problem.in_file(path.clone())]).collect()
            }
            Self::Inconsistent { path, .. } => problem.in_file(path.clone()).into(),
            Self::Missing(_) | Self::Unreadable(_) => problem.into(),
        }
    }
}

/// Returns the inventory of `system` in `source`. Guarantees that every file has the digest and count of the
/// observation, and that every line is canonical, sorted by key, and of this system and kind.
///
/// # Errors
/// When a file is missing, changed, or cannot be read.
pub fn load(source: &dyn FileSource, system: &SystemId) -> Result<LoadedInventory, LoadError> {
    let path = format!("{}/{OBSERVATION}", folder(system));
    let bytes = source.read(&path)?.ok_or_else(|| LoadError::Missing(system.clone()))?;
    let digest = Digest::of(&bytes);
    let observation: Observation =
        codec::parse(&path, &bytes).map_err(|problems| LoadError::Form { path: path.clone(), problems })?;
    if observation.system != *system {
        let why = format!("it belongs to the system `{}`", observation.system);
        return Err(LoadError::Inconsistent { path, why });
    }
    let mut grants = Vec::new();
    for kind in &observation.kinds {
        load_kind(source, system, kind, &mut grants)?;
    }
    let total = grants.len();
    let usage = load_usage(source, &observation)?;
    let inventory = Inventory::new(system.clone(), observation.observed_at, digest, true, grants, usage);
    if inventory.grants().len() != total {
        return Err(LoadError::Inconsistent { path, why: "the files of two kinds contain the same key".to_owned() });
    }
    Ok(LoadedInventory { observation, digest, inventory })
}

impl CollectedInventory {
    /// Returns the inventory of the collected files, loaded as from a commit.
    ///
    /// # Errors
    /// When the files are inconsistent.
    pub fn into_inventory(self) -> Result<Inventory, LoadError> {
        let system = self.observation.system.clone();
        let below = |(path, bytes): (String, Vec<u8>)| (format!("{}/{path}", folder(&system)), bytes);
        let files: BTreeMap<String, Vec<u8>> = self.into_files().into_iter().map(below).collect();
        Ok(load(&files, &system)?.inventory)
    }
}

/// Adds the grants of one kind to the inventory.
fn load_kind(
    source: &dyn FileSource,
    system: &SystemId,
    kind: &KindCount,
    grants: &mut Vec<Grant>,
) -> Result<(), LoadError> {
    let path = format!("{}/{}", folder(system), grants_file(kind.kind));
    let inconsistent = |why: String| LoadError::Inconsistent { path: path.clone(), why };
    let bytes = bound(source, &path, kind.digest)?;
    let others = grants.len();
    // The capacity is limited by the size of the file, not by the count in the observation: every grant takes more
    // bytes than this.
    grants.reserve_exact(usize::try_from(kind.count).unwrap_or(usize::MAX).min(bytes.len() / SHORTEST_GRANT));
    lines(&path, &bytes, |mut grant: Grant| {
        // There may be 100,000 grants, all of one system: they share the allocation of the system name.
        grant.shrink();
        if grant.system == *system {
            grant.system = system.clone();
        }
        grants.push(grant);
    })?;
    let grants = grants.get(others..).unwrap_or_default();
    if grants.len() as u64 != kind.count {
        return Err(inconsistent(format!("it has {} grants, but the observation counts {}", grants.len(), kind.count)));
    }
    if kind.control_total.is_some_and(|total| total != kind.count) {
        return Err(inconsistent("its count differs from the control total".to_owned()));
    }
    match grants.iter().position(|grant| grant.system != *system || grant.kind != kind.kind) {
        Some(index) => {
            let (line, kind) = (index + 1, kind.kind);
            let why = format!("line {line} is not a grant of the system {system} and the kind {kind}");
            Err(LoadError::Inconsistent { path, why })
        }
        None => Ok(()),
    }
}

fn load_usage(source: &dyn FileSource, observation: &Observation) -> Result<BTreeMap<GrantKey, Usage>, LoadError> {
    let path = format!("{}/{USAGE}", folder(&observation.system));
    let bytes = bound(source, &path, observation.usage)?;
    let mut usage = BTreeMap::new();
    let mut reasons: BTreeSet<Arc<str>> = BTreeSet::new();
    lines(&path, &bytes, |mut line: UsageLine| {
        if let Usage::Unknown(because) = &mut line.usage {
            match reasons.get(because) {
                Some(known) => *because = known.clone(),
                None => drop(reasons.insert(because.clone())),
            }
        }
        usage.insert(line.key, line.usage);
    })?;
    Ok(usage)
}

/// Returns the bytes of a file after verifying its digest.
fn bound(source: &dyn FileSource, path: &str, digest: Digest) -> Result<Vec<u8>, LoadError> {
    let refuse = |why: &str| LoadError::Inconsistent { path: path.to_owned(), why: why.to_owned() };
    let bytes = source.read(path)?.ok_or_else(|| refuse("it is missing, but listed in the observation"))?;
    if Digest::of(&bytes) != digest {
        return Err(refuse("its digest differs from the observation"));
    }
    Ok(bytes)
}

/// Parses lines that must be canonical, sorted by key and free of duplicates; returns all problems otherwise.
fn lines<T: JsonLine>(path: &str, bytes: &[u8], mut take: impl FnMut(T)) -> Result<(), LoadError> {
    let mut problems = Diagnostics::new();
    for line in LineReader::new(path, bytes) {
        match line {
            Ok(value) => take(value),
            Err(problem) => problems.push(*problem),
        }
        if problems.count(DiagnosticSeverity::Error) >= MOST_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(LoadError::Form { path: path.to_owned(), problems }) }
}

fn first(problems: &Diagnostics) -> String {
    let first = problems.clone().into_iter().next();
    first.map(|problem| format!(": {}: {}", problem.code, problem.message)).unwrap_or_default()
}

const MOST_PROBLEMS: usize = 20;
const SHORTEST_GRANT: usize = 128;
