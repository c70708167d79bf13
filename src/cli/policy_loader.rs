//! Loads the rules of a commit, and evaluates its separation-of-duties rules.

use super::{
    CliError,
    session::{git, store},
};
use crate::{
    diag::Diagnostics,
    git::{ObjectId, Repository},
    inventory::{IdentityDirectory, LoadedInventory, SodAnalysis, inventories},
    model::{SystemId, file::Governance},
    policy::{PackSources, PolicyPack},
    store::RepositorySnapshot,
};
use std::collections::BTreeMap;

/// Returns the compiled rules of a commit with its active profiles; an empty pack if it has no rules.
///
/// # Errors
/// When a file or an expression is invalid.
pub(super) fn pack_at(repository: &Repository, commit: ObjectId) -> Result<PolicyPack, CliError> {
    let snapshot = RepositorySnapshot::at(repository, commit);
    let mut sources = PackSources::default();
    let mut problems = Diagnostics::new();
    for file in snapshot.list("policies").map_err(store)?.files {
        let blob = repository.blob(file.id, MAX_FILE).map_err(git)?;
        if let Err(found) = sources.add_file(&file.path, &blob) {
            problems.extend(found);
        }
    }
    if problems.has_errors() {
        return Err(problems.into());
    }
    let governance: Option<Governance> = snapshot.read_if_there("governance.toml").map_err(store)?;
    let profiles = governance.map(|governance| governance.profiles).unwrap_or_default();
    Ok(PolicyPack::compile(sources, &profiles)?)
}

/// Returns the violations of the separation-of-duties rules.
pub(super) fn separation(
    pack: &PolicyPack,
    loaded: &BTreeMap<SystemId, LoadedInventory>,
    people: &IdentityDirectory,
) -> SodAnalysis {
    SodAnalysis::judge(inventories(loaded), people, &pack.pairs())
}

const MAX_FILE: u64 = 256 * 1024;
