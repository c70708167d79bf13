//! Doing what a plan says, and looking again: record, act, look again, record.

pub mod journal;

pub use journal::{Journal, JournalError};
