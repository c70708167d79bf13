//! Plans, and runs that enforce or verify them.

mod enforce;
mod pending_records;
mod plan_inputs;
mod verify;

pub use enforce::{EnforceRequest, cleared_plan, enforce, require_not_rolled_back};
pub use pending_records::pending_records;
pub use plan_inputs::{PlanContext, open_error, resolutions};
pub use verify::{VerifyRequest, verify};
