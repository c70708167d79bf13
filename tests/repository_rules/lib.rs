//! Rules of the source tree: layers, circles of files, names, prose, and links and citations in the documentation.
//!
//! The package depends on no other part of the project, so its tests need not wait for the library to be compiled.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

mod attributes;
mod circles;
mod citations;
mod connectors;
mod dependencies;
mod file_uses;
mod imports;
mod layers;
mod links;
mod markdown;
mod names;
mod passages;
mod prose;
mod rust_lexer;
mod state_cache;
mod threats;
mod tree;

/// The root of the source tree.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
