//! Campaigns: a frozen population, items, reviews, and what they resolve to.

mod resolution;

pub use resolution::Resolution;
