//! Codecs of every file kind, signature and log format: strict in, one form out.

pub mod allowed_signers;
pub mod bytes;
pub mod canonical;
pub mod checkpoint;
pub mod cosignature;
pub mod governed;
pub mod json_lines;
pub mod keys;
pub mod lint;
pub mod mend;
pub mod merkle;
pub mod note;
mod quick_line;
mod refusal;
pub mod schema;
pub mod sshsig;
pub mod wire;

pub(crate) use refusal::nearest;
