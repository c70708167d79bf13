//! Operations on campaigns: opens, schedules, reminds, closes, and reports their status.

mod connector_support;
mod context_loader;
mod inputs;
mod open;
mod quality;
mod reminders;
mod schedule;
mod scope_changes;
mod seals;
mod stage_close;
mod status;
mod supplement;
mod system_changes;
mod verdict_support;
mod worklists;

pub use connector_support::ConnectorSupport;
pub use context_loader::ContextLoader;
pub use inputs::{CampaignInputs, identity_warnings};
pub use open::{check_opening, open_campaign, publish_campaign, reopening_differences};
pub use quality::{quality_of, quality_over};
pub use reminders::due_reminders;
pub use schedule::{definitions, due_campaigns};
pub use scope_changes::{drift, is_id_in_use, supplementary_campaigns};
pub use seals::{seal_differences, seal_problems};
pub use stage_close::close_current_stage;
pub use status::{closing, status_of};
pub use supplement::{Supplement, supplement};
pub use system_changes::{SystemChange, system_changes};
pub use verdict_support::unsupported_verdicts;
pub use worklists::{suspension, unknown_campaign, worklists};
