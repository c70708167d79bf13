//! The keys of the engine, from the roots of trust.

use crate::{
    app::{AppError, RepositorySession},
    diag::Diagnostic,
    evidence::{EngineKeyHistory, EngineKeys},
    format::ssh_keys::PublicKey,
    model::file::Root,
};
use std::collections::BTreeSet;

/// Returns the engine keys by root version, from the verified roots.
///
/// # Errors
/// When there is no trust state, or a key is malformed.
pub fn engine_keys(session: &RepositorySession) -> Result<EngineKeyHistory, AppError> {
    let mut keys = EngineKeyHistory::new();
    for root in roots(session)? {
        let engine = EngineKeys::of(&root.roles.engine).map_err(|error| malformed(&root, &error))?;
        keys = keys.with_root(root.version, engine);
        // Roots are in version order, so the last one defines the witnesses.
        keys = match &root.roles.witness {
            Some(witnesses) => keys.with_witnesses(witnesses).map_err(|error| malformed(&root, &error))?,
            None => keys.without_witnesses(),
        };
    }
    Ok(keys)
}

/// Returns the read-back keys of all roots.
///
/// # Errors
/// As [`engine_keys`].
pub fn readback_keys(session: &RepositorySession) -> Result<BTreeSet<PublicKey>, AppError> {
    let mut keys = BTreeSet::new();
    for root in roots(session)? {
        for line in &root.roles.engine.readback_keys {
            keys.insert(PublicKey::parse_line(line).map_err(|error| malformed(&root, &error))?.0);
        }
    }
    Ok(keys)
}

pub(super) fn roots(session: &RepositorySession) -> Result<Vec<Root>, AppError> {
    let snapshot = session.snapshot();
    let newest = session.trust()?.root().file().version;
    let read = |version| snapshot.read::<Root>(&format!("trust/root/{version}.toml"));
    (1..=newest).map(|version| Ok(read(version)?.into_value())).collect()
}

pub(super) fn malformed(root: &Root, error: &dyn std::fmt::Display) -> AppError {
    Diagnostic::error("engine-keys", error.to_string()).in_file(format!("trust/root/{}.toml", root.version)).into()
}
