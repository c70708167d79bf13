//! Verifies signatures and authority. Only this module creates [`Verified`] values.
//!
//! The root of trust is pinned from outside the repository; every later version is signed by the previous one. A file
//! is verified against the trust state at the first parent of the merge that introduced it, by principal and not by
//! key, and never by a date.
//!
//! | module | subject |
//! |---|---|
//! | `error` | reasons for which a file is rejected |
//! | `verified` | content of files, and their signers |
//! | `keys` | root, registry and mandate; signing |
//! | `identity` | principals, and what they own |
//! | `verify` | one file against the trust state |
//! | `state` | the state of main, merge by merge |
//! | `check` | the gate for a change |
//!
//! A module imports only from those above it in this table.

mod check;
mod error;
mod identity;
mod keys;
mod state;
#[cfg(test)]
pub(crate) mod test_support;
mod verified;
mod verify;

pub use check::{CheckReport, check, severities::check_severities};
pub use error::{TrustError, stage::StageError};
pub use identity::{
    former_links::{FormerLinks, FormerOwnership},
    link::OwnershipLink,
    ownership::OwnershipIndex,
};
pub use keys::{
    bootstrap::{Bootstrap, Founder, render_allowed_signers},
    registry::TrustRegistry,
    root::{SigningRole, TrustRoot},
    signing::{FileSignature, SigningError, sign},
    ssh_agent::{AgentError, AgentKey, AgentSigner, SshAgent},
    trust_state::{TrustMandate, TrustState},
};
pub use state::{RejectedFile, RepositoryState, cache::StateCache, first_root};
pub use verified::{FileSigner, Verified, reference};
pub use verify::{
    item_table::PublishedItem,
    open_campaign::{EffectiveDecision, OpenCampaign, VotingSlot},
    review::check_decision,
    signature_status::{SignatureStatus, signature_status},
    system::SystemSigners,
};
