//! The roster: principals as other sources know them, read from tables, merged with what the repository says, and accounts
//! that nobody claims, with guesses whose they are.

mod cells;
mod correlate;
mod merge;
mod table;

#[cfg(test)]
mod tests;

pub use correlate::{CorrelationSuggestion, owners, unclaimed};
pub use merge::{Merged, merge};
pub use table::{ImportRow, Layout, read};
