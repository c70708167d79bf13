//! Verifies signatures and authority. Only this module creates [`Verified`] values.
//!
//! The root of trust is pinned from outside the repository; every later version is signed by the previous one. A file
//! is verified against the trust state at the first parent of the merge that introduced it, by principal and not by
//! key, and never by a date.

mod authority;
mod base_state;
mod bootstrap;
mod campaign_at_base;
mod change_size;
mod check;
mod check_policies;
mod conflicting_decisions;
mod error;
mod error_help;
mod history_walk;
mod identity_graph;
mod no_response;
mod open_campaign;
mod ownership;
mod process_merge;
mod published_items;
mod registry;
mod repository_state;
mod required_context;
mod root;
mod signature_status;
mod signed_files;
mod signing;
mod ssh_agent;
mod stage_error;
#[cfg(test)]
pub(crate) mod test_support;
mod trust_state;
mod trust_updates;
mod verified;
mod verifier;
mod verify_exception;
mod verify_review;
mod verify_stage;

pub use bootstrap::{Bootstrap, Founder, render_allowed_signers};
pub use check::{CheckReport, check};
pub use error::TrustError;
pub use open_campaign::{EffectiveDecision, OpenCampaign, VotingSlot};
pub use ownership::{OwnershipIndex, OwnershipLink};
pub use published_items::PublishedItem;
pub use registry::TrustRegistry;
pub use repository_state::{RejectedFile, RepositoryState, first_root};
pub use root::{SigningRole, TrustRoot};
pub use signature_status::{SignatureStatus, signature_status};
pub use signing::{FileSignature, SigningError, sign};
pub use ssh_agent::{AgentError, AgentKey, AgentSigner, SshAgent};
pub use stage_error::StageError;
pub use trust_state::{TrustMandate, TrustState};
pub use verified::{FileSigner, Verified, reference};
pub use verify_review::check_decision;
