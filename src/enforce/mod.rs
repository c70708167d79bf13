//! Doing what a plan says, and looking again: record, act, look again, record.
//!
//! A run goes one way: look into what earlier runs left dangling → push the start and the intents of a batch → for each
//! intent look, compare with what was reviewed, act, look again → push what happened → next batch → push the end.
//! Every step can be repeated after a crash; [`RunStep`] names the places between them, and the tests kill a run at each.

mod execute;
pub mod journal;
mod out_of_band;
mod recover;
mod run;
mod separation_of_duties;
mod step;
mod verdict;
mod verify;

#[cfg(test)]
mod tests;

pub use execute::{ActionResult, ProvisioningTarget};
pub use journal::{Journal, JournalError};
pub use out_of_band::{ChangeKind, OutOfBandReport, UnexplainedChange};
pub use run::{RunError, RunRequest, RunSummary, enforce};
pub use separation_of_duties::{AcceptedViolations, ToxicPairs};
pub use step::{NoopObserver, RunObserver, RunStep};
pub use verdict::{VerificationResult, evaluate};
pub use verify::{ReadTarget, VerifiedAction, VerifyReport, verify};
