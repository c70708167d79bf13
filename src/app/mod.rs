//! The work of commands without a terminal: opens a governed repository, loads inputs, and computes results.
//!
//! Nothing here reads the environment, the clock or the terminal: they are arguments. Notes are returned.

mod audit;
mod campaign;
mod error;
pub mod evidence;
mod exceptions;
mod known_inputs;
mod permitted_signers;
mod repository_view;
mod resolutions;
mod run;
mod session;
mod timeliness;
mod work_tree;

pub use audit::{ExternalState, examine};
pub use campaign::{
    CampaignInputs, ConnectorSupport, ContextLoader, Supplement, SystemChange, check_opening, close_current_stage,
    closing, definitions, drift, due_campaigns, due_reminders, identity_warnings, is_id_in_use, open_campaign,
    publish_campaign, quality_of, quality_over, reopening_differences, seal_differences, seal_problems, status_of,
    supplement, supplementary_campaigns, suspension, system_changes, unknown_campaign, unsupported_verdicts, worklists,
};
pub use error::{AppError, FailureKind};
pub use exceptions::exception_statuses;
pub use known_inputs::KnownInputs;
pub use permitted_signers::{KnownSigner, TrustHints, joined, newest, registered_keys};
pub use repository_view::{Identities, RepositoryView, SystemFiles};
pub use resolutions::resolutions;
pub use run::{
    EnforceRequest, PlanContext, ReappearedAccess, UnlockRequest, VerifyRequest, cleared_plan, enforce, open_error,
    pending_records, reappeared, records_before_close, require_not_rolled_back, unknown_system, unlock, verify,
};
pub use session::{RepositorySession, SessionRequest, UnpinnedRoot, root_pin, state_cache};
pub use timeliness::{UntimelyFile, in_force, untimely};
