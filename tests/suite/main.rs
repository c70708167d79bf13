//! Tests of the library, of the program, and of both against real servers. They share one process, so no test changes
//! its environment or its current folder.
#![allow(unreachable_pub, reason = "`pub` marks what the modules of this program share; it exports nothing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

mod audit;
mod campaign;
mod docs;
mod enforce;
mod format;
#[path = "../nightly/mod.rs"]
mod nightly;
mod policies;
mod program;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod trust;

// Files that the library compiles for its own tests name these as `crate::connector` and `crate::model`.
use tenure::{connector, model};
