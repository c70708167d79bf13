//! Tenure: access certification that enforces itself.
//!
//! Signed decisions in a git repository become real entitlement changes, which are read back from the target and
//! proven by hash-chained evidence in the same repository.
//!
//! # The house
//! A folder imports only from folders on floors below its own; there are no imports within a floor.
//! `tests/layers.rs` holds this table and fails on an arrow that points up or sideways.
//!
//! | floor | folders |
//! |---|---|
//! | 1 | `model` words · `diag` what people read when something is wrong · `git` objects, refs and the carrier |
//! | 2 | `format` codecs of every file kind, signature and log format |
//! | 3 | `store` the governed repository · `policy` rules over what is known · `connector` the code that speaks to systems |
//! | 4 | `trust` who may sign · `inventory` what is held |
//! | 5 | `campaign` items, reviews, resolutions |
//! | 6 | `plan` what will be done |
//! | 7 | `enforce` doing it, and looking again |
//! | 8 | `evidence` the proof |
//! | 9 | `audit` what the proof is worth |
//! | 10 | `report` plans, status and findings as text |
//! | 11 | `cli` the commands |
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test that cannot go on should stop there"
    )
)]

pub mod audit;
pub mod campaign;
pub mod cli;
pub mod connector;
pub mod diag;
pub mod enforce;
pub mod evidence;
pub mod format;
pub mod git;
pub mod inventory;
pub mod model;
pub mod plan;
pub mod policy;
pub mod report;
pub mod store;
pub mod trust;
