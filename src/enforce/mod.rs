//! Doing what a plan says, and looking again: record, act, look again, record.
//!
//! A run goes one way: look into what earlier runs left dangling → push the start and the intents of a batch → for each
//! intent look, compare with what was reviewed, act, look again → push what happened → next batch → push the end.
//! Every step can be repeated after a crash; [`Step`] names the places between them, and the tests kill a run at each.

mod act;
mod duties;
pub mod journal;
mod judge;
mod recover;
mod run;
mod step;
mod unexplained;
mod verify;

#[cfg(test)]
mod tests;

pub use act::{Done, Hand};
pub use duties::{Accepted, ToxicPairs};
pub use journal::{Journal, JournalError};
pub use judge::{Judgement, judge};
pub use run::{Order, RunError, Summary, enforce};
pub use step::{Observer, Quiet, Step};
pub use unexplained::{How, OutOfBand, Unexplained};
pub use verify::{Looked, Reader, Verified, verify};
