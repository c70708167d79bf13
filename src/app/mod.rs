//! The work of commands without a terminal: opens a governed repository, loads inputs, and computes results.
//!
//! Nothing here reads the environment, the clock or the terminal: they are arguments. Notes are returned.

mod campaign_inputs;
mod campaign_scope;
mod context_loader;
mod error;
mod exceptions;
mod plan_inputs;
mod repository_view;
mod session;
mod stage_close;
mod worklists;

pub use campaign_inputs::{CampaignInputs, warnings};
pub use campaign_scope::{drift, is_id_in_use, supplementary_campaigns};
pub use context_loader::ContextLoader;
pub use error::{AppError, FailureKind};
pub use exceptions::exception_statuses;
pub use plan_inputs::{PlanContext, open_error, resolutions};
pub use repository_view::{Identities, RepositoryView};
pub use session::{RepositorySession, SessionRequest, UnpinnedRoot, root_pin, state_cache};
pub use stage_close::close_current_stage;
pub use worklists::{unknown_campaign, worklists};
