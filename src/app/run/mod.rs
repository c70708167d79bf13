//! Plans, runs that enforce or verify them, and the release of their locks.

mod enforce;
mod outstanding;
mod pending_records;
mod plan_inputs;
mod unlock;
mod verify;

pub use enforce::{EnforceRequest, cleared_plan, enforce, require_not_rolled_back};
pub use outstanding::{ReappearedAccess, reappeared};
pub use pending_records::{pending_records, records_before_close};
pub use plan_inputs::{PlanContext, open_error, unknown_system};
pub use unlock::{UnlockRequest, unlock};
pub use verify::{VerifyRequest, verify};
