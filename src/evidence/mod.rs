//! The proof: a branch of signed commits that only grows, with records in a hash chain under a signed checkpoint.
//!
//! [`Ledger`] reads it and names every defect; `audit` reports them, and [`Appender`], the journal of a run, refuses to go
//! on from them. What stands on the branch and where is in [`layout`].

mod anchor;
mod appender;
mod commit;
mod decode;
mod defect;
mod keys;
mod known_checkpoint;
pub mod layout;
mod ledger;
mod lock;
mod record_line;
mod seal;
mod secret_scan;
mod segment;

pub use appender::{Appender, AppenderOptions};
pub use defect::{DefectCode, EvidenceDefect};
pub use keys::{EngineKeyHistory, EngineKeys, EngineSigners, KeysError};
pub use ledger::{Ledger, RecordRef};
pub use secret_scan::{SecretScanner, no_secrets};
