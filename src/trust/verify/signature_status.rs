//! Status of a past signature under the current registry.

use crate::model::file::KeyState;
use crate::trust::keys::registry::TrustRegistry;
use crate::trust::verified::Verified;
use std::fmt;

/// The status of a past signature.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SignatureStatus {
    /// All keys are active.
    Valid,
    /// A key was retired since; the signature remains valid.
    ValidKeyRetired,
    /// A key was revoked as compromised, and the signature may be forged: the decision must be certified again.
    Suspect,
    /// A key is not in the registry.
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

/// Returns the status of the signatures of `file` under the current registry. `accepted` is the evidence index of its
/// acceptance; without it, the signature counts as made after the compromise. No clock is read.
pub fn signature_status<T>(file: &Verified<T>, accepted: Option<u64>, today: &TrustRegistry) -> SignatureStatus {
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
