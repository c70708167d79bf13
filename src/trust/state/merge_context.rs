//! The context of the files of one merge, and their first reading.

use crate::{
    format::codec,
    git::ObjectId,
    model::{PrincipalId, file::GovernedFile as Kind},
    store::{SignatureFile, Unverified},
    trust::{
        error::{TrustError, stage::StageError},
        identity::{former_links::FormerLinks, ownership::OwnershipIndex},
        keys::{registry::TrustRegistry, trust_state::TrustState},
        verify::verifier::Verifier,
    },
};
use std::sync::Arc;

/// The merge in which files are verified.
#[derive(Clone, Copy)]
pub(super) struct MergeContext<'a> {
    pub(super) commit: ObjectId,
    pub(super) before: Option<&'a TrustState>,
    pub(super) merger: Option<&'a PrincipalId>,
}

/// Returns the verifier for the files of a merge: the trust state before it, and the keys still valid `after` it.
pub(super) fn verifier<'a>(
    trust: &'a TrustState,
    after: Option<&'a TrustState>,
    (kinship, former): (&'a Arc<OwnershipIndex>, &'a FormerLinks),
    on: MergeContext<'a>,
) -> Verifier<'a> {
    let after: &TrustRegistry = after.map_or_else(|| trust.registry(), TrustState::registry);
    Verifier { trust, after, kinship, former, commit: on.commit, merger: on.merger }
}

/// Returns whether another file of the same merge may resolve the rejection.
pub(super) fn is_retryable(refusal: &TrustError) -> bool {
    matches!(
        refusal,
        TrustError::StaleSupersedes { .. }
            | TrustError::Version { .. }
            | TrustError::SystemIdentity { .. }
            | TrustError::Stage(StageError::Foreign { .. } | StageError::NotOpen { .. } | StageError::Order { .. })
    )
}

/// Parses a file and keeps its bytes and signatures.
pub(super) fn unverified<T: Kind>(
    path: &str,
    bytes: Vec<u8>,
    signatures: Vec<SignatureFile>,
) -> Result<Unverified<T>, TrustError> {
    let value = codec::parse(path, &bytes)?;
    Ok(Unverified::new(value, bytes, path.to_owned(), signatures))
}
