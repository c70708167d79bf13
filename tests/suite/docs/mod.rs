//! Tests of the documentation: commands, examples, the tutorial and the tables of codes and files.
//! `repository_rules` checks its links.
//!
//! `TENURE_UPDATE=1 cargo test -- docs:: threat_model` writes the generated parts: the output of commands in the README and
//! the tutorial, the tables of codes and files, and the tests of each threat.

mod blocks;
mod codes;
mod commands;
mod connectors;
mod file_kinds;
#[path = "../../repository_rules/markdown.rs"]
mod markdown;
mod readme;
mod tasks;
mod transcript;
#[path = "../../repository_rules/tree.rs"]
mod tree;
mod tutorial;

use tree::{files, pages, publish, read};

/// The root of the source tree.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
