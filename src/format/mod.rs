//! Codecs of every file kind, signature and log format. Parsers are strict, and each value has one canonical text.

pub mod allowed_signers;
pub mod blank_worklist;
pub mod canonical_toml;
pub mod checkpoint;
pub mod codec;
pub mod confusables;
pub mod cosignature;
pub mod file_table;
pub mod fmt;
mod grant_line;
pub mod json_lines;
pub mod limits;
pub mod merkle;
pub mod note;
mod parse_error;
pub mod schema;
pub mod ssh_keys;
pub mod ssh_wire;
pub mod sshsig;

pub(crate) use parse_error::nearest;
