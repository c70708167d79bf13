//! The proof: a branch of signed commits that only grows, with records in a hash chain under a signed checkpoint.
//!
//! [`Ledger`] reads it and names every defect; `audit` reports them, and [`Appender`], the journal of a run, refuses to go
//! on from them. What stands on the branch and where is in [`layout`].

mod anchor;
mod append;
mod commit;
mod defect;
mod keys;
mod known;
pub mod layout;
mod ledger;
mod line;
mod lock;
mod screen;
mod seal;
mod segment;
mod typed;

pub use append::{Appender, Opening};
pub use defect::{Code, Defect};
pub use keys::{EngineKeys, Keys, KeysError, Signers};
pub use ledger::{Ledger, Seen};
pub use screen::{Screen, no_secrets};
