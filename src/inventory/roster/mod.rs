//! The roster: principals as other sources know them, read from tables, merged with what the repository says, and accounts
//! that nobody claims, with guesses whose they are.

mod cells;
mod merge;
mod propose;
mod table;

#[cfg(test)]
mod tests;

pub use merge::{Merged, merge};
pub use propose::{Proposal, owners, unclaimed};
pub use table::{Layout, Row, read};
