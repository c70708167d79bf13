//! What an old signature is worth today.

use super::{registry::Registry, verified::Verified};
use crate::model::file::KeyState;
use std::fmt;

/// What an old signature is worth today.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SignatureStatus {
    /// All its keys are still active.
    Valid,
    /// A key was retired since, which takes nothing back.
    ValidKeyRetired,
    /// A key was revoked, and the signature may have been made by somebody else: certify again.
    Suspect,
    /// A key is not in the registry at all.
    Invalid,
}

impl fmt::Display for SignatureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::ValidKeyRetired => "valid, key since retired",
            Self::Suspect => "suspect",
            Self::Invalid => "invalid",
        })
    }
}

/// Returns what the signatures under `file` are worth by today's registry. `accepted` is the evidence index at which the
/// file was taken up; without one, nothing shows that it is older than the compromise. No clock is asked.
pub fn signature_status<T>(file: &Verified<T>, accepted: Option<u64>, today: &Registry) -> SignatureStatus {
    let of_key = |key| match today.holder(key) {
        None => SignatureStatus::Invalid,
        Some((_, KeyState::Active, _)) => SignatureStatus::Valid,
        Some((_, KeyState::Retired, _)) => SignatureStatus::ValidKeyRetired,
        Some((_, KeyState::Revoked, from)) => match (accepted, from) {
            (Some(index), Some(from)) if index < from => SignatureStatus::ValidKeyRetired,
            _ => SignatureStatus::Suspect,
        },
    };
    file.signers().iter().map(|signer| of_key(&signer.key)).max().unwrap_or(SignatureStatus::Invalid)
}
