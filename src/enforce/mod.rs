//! Executes plans: records each intent, applies the change, reads the target back, and records the result.
//!
//! The steps of a run: recover the dangling intents of earlier runs → push the start and the intents of a batch → for
//! each intent, read the target, compare it with the reviewed grant, apply, read back → push the outcomes → next batch
//! → push the end. Every step can be repeated after a crash. [`RunStep`] names the points between the steps, and tests
//! kill a run at each of them.

mod execute;
pub mod journal;
mod out_of_band;
mod outstanding;
mod read_target;
mod recover;
mod run;
mod separation_of_duties;
mod step;
mod verdict;
mod verify;
mod witnesses;

#[cfg(test)]
mod tests;

pub use execute::{ActionResult, ProvisioningTarget};
pub use journal::{Journal, JournalError};
pub use out_of_band::{ChangeKind, OutOfBandReport, UnexplainedChange};
pub use outstanding::OutstandingDecision;
pub use read_target::{ReadTarget, VerifiedAction};
pub use run::{INTERRUPTED, RunError, RunRequest, RunSummary, enforce};
pub use separation_of_duties::{AcceptedViolations, SodReport};
pub use step::{NoopObserver, RunObserver, RunStep};
pub use verdict::{VerificationResult, judge};
pub use verify::{VerifyReport, verify};
