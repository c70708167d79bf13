//! Tenure: access certification that enforces itself.
//!
//! Signed decisions in a git repository become real entitlement changes, which are read back from the target and
//! proven by hash-chained evidence in the same repository.
//!
//! # Layers
//! A folder imports only from folders in lower layers; there are no imports within a layer. `tests/repository_rules/layers.rs`
//! checks this table and the imports.
//!
//! | layer | folders |
//! |---|---|
//! | 1 | `model` domain types · `diag` diagnostics · `git` objects, refs and remotes |
//! | 2 | `format` codecs of every file kind, signature and log format |
//! | 3 | `store` the governed repository · `policy` rules over attributes · `connector` access to target systems |
//! | 4 | `trust` verification of signatures · `inventory` collected grants and identities |
//! | 5 | `campaign` items, reviews, resolutions |
//! | 6 | `plan` planned changes |
//! | 7 | `enforce` execution and verification of plans |
//! | 8 | `evidence` the evidence branch |
//! | 9 | `audit` offline checks of evidence and decisions |
//! | 10 | `report` output of plans, status and findings · `forge` pull requests, workflows and provenance on GitHub |
//! | 11 | `app` the work of commands, without a terminal |
//! | 12 | `cli` the commands |
#![cfg_attr(test, allow(unreachable_pub, reason = "files below tests/support are shared with the other tests"))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test that cannot go on should stop there"
    )
)]

pub mod app;
pub mod audit;
pub mod campaign;
pub mod cli;
pub mod connector;
pub mod diag;
pub mod enforce;
pub mod evidence;
pub mod forge;
pub mod format;
pub mod git;
pub mod inventory;
pub mod model;
pub mod plan;
pub mod policy;
pub mod report;
pub mod store;
pub mod trust;
