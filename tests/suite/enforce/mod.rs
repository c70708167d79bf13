//! Enforcement: concurrent and interrupted runs, and drift.

mod concurrent_runs;
mod crash;
mod drift;
mod identity;
mod interruption;
mod outstanding;
