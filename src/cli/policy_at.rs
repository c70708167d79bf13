//! The rules of a commit, and the toxic pairs that somebody holds by them.

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

/// Returns the rules that a commit has, compiled, with the profiles that are on there; an empty pack where it has none.
///
/// # Errors
/// When a file is not acceptable, or an expression is none.
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

/// Returns the toxic pairs that anybody holds by these rules.
pub(super) fn separation(
    pack: &PolicyPack,
    loaded: &BTreeMap<SystemId, LoadedInventory>,
    people: &IdentityDirectory,
) -> SodAnalysis {
    SodAnalysis::judge(inventories(loaded), people, &pack.pairs())
}

const MAX_FILE: u64 = 256 * 1024;
