//! The evidence branch: append-only signed commits, with records in a hash chain under a signed checkpoint.
//!
//! [`Ledger`] reads the branch and reports every defect to `audit`. [`Appender`], the journal of a run, refuses to
//! append to a branch with defects. [`layout`] has the paths of the branch.

mod appender;
mod commit;
mod cosignatures;
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
mod stored_ledger;

pub use appender::{Appender, AppenderOptions};
pub use defect::{DefectCode, EvidenceDefect};
pub use keys::{EngineKeyHistory, EngineKeys, EngineSigners, KeysError};
pub use ledger::{Ledger, RecordRef};
pub use lock::LeaseHolder;
pub use secret_scan::{SecretScanner, no_secrets};
