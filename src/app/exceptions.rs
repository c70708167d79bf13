//! The status of exceptions at a commit.

use super::{AppError, RepositoryView};
use crate::{
    campaign::{ExceptionContext, ExceptionStatus, exceptions},
    model::{Digest, Grant, SystemId, Timestamp, file::Exception},
    trust::{RepositoryState, TrustState},
};
use std::collections::BTreeMap;

/// Returns the status of every exception.
///
/// # Errors
/// When the inventory of a system with an exception cannot be read.
pub fn exception_statuses(
    governed: &RepositoryState,
    trust: &TrustState,
    view: &RepositoryView<'_>,
    now: Timestamp,
) -> Result<Vec<ExceptionStatus>, AppError> {
    let mut grants: BTreeMap<SystemId, Vec<Digest>> = BTreeMap::new();
    for system in governed.exceptions().iter().filter_map(|exception| system_of(exception)) {
        if !grants.contains_key(&system)
            && let Some(loaded) = view.inventory(&system)?.filter(|loaded| loaded.inventory.is_complete())
        {
            let mut digests: Vec<_> = loaded.inventory.grants().map(Grant::digest).collect();
            digests.sort_unstable();
            grants.insert(system, digests);
        }
    }
    let present = |exception: &Exception| {
        let grants = grants.get(&system_of(exception)?)?;
        Some(grants.binary_search(&exception.grant_digest).is_ok())
    };
    Ok(exceptions(&ExceptionContext {
        exceptions: governed.exceptions(),
        proofs: governed.proofs(),
        mandate: trust.mandate().file(),
        present: &present,
        unanswered: &|item| governed.unanswered(item).map(|close| close.path().to_owned()),
        now,
    }))
}

fn system_of(exception: &Exception) -> Option<SystemId> {
    let (system, _) = exception.subject.split_once(':')?;
    SystemId::parse(system).ok()
}
