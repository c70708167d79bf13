//! Imports principals from tables, and suggests principals for uncorrelated accounts.

mod cells;
mod correlate;
mod merge;
mod table;

#[cfg(test)]
mod tests;

pub use correlate::{CorrelationSuggestion, owners, unclaimed};
pub use merge::{MergedPrincipals, merge};
pub use table::{ImportRow, TableLayout, read};
