//! Access to the evidence branch: reads it from the clone, or opens it for a run.

mod failure;
mod journal;
mod keys;
mod positions;
mod read;

pub use failure::{journal_failure, run_failure};
pub use journal::{JournalRequest, fetch_main, open_journal, publish_notice, remote};
pub use keys::{engine_keys, readback_keys};
pub use positions::{check_position_of_opening, check_positions_of_inventories};
pub use read::{
    head, missing_evidence_note, read, read_cached, read_ledger_cached, read_verified, read_with, read_with_position,
};
