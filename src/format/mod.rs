//! Codecs of every file kind, signature and log format: strict in, one form out.

pub mod allowed_signers;
pub mod checkpoint;
pub mod keys;
pub mod merkle;
pub mod note;
pub mod sshsig;
mod wire;
