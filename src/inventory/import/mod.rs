//! Imports principals from tables, and suggests principals for uncorrelated accounts.

mod cells;
mod column_mapping;
mod correlate;
mod csv_rows;
mod file_set;
mod json_rows;
mod managers;
mod merge;
mod mistakes;
mod table;
mod transform;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

pub use column_mapping::ColumnMapping;
pub use correlate::{CorrelationSuggestion, owners, unclaimed};
pub use file_set::FileSet;
pub use managers::{ManagerCycle, manager_cycles};
pub use merge::{MergedPrincipals, merge};
pub use table::{ImportRow, ImportTable, TableLayout, read};
