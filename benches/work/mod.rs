//! The measured kinds of work. Each is prepared once in a folder and then runs from that folder alone.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "each of the two programs uses a part of this, and what cannot go on should stop there"
)]

pub mod certification;
pub mod cost;
pub mod estate;
pub mod evidence;
pub mod governed;
pub mod long_use;
pub mod reviews;
pub mod signatures;

use tenure::format::ssh_keys::PrivateKey;
use tenure::model::Digest;

/// Returns the `n`th key of a fixed sequence: the same work in every run.
pub fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}

/// Returns the key of a principal by name, the same in every run.
pub fn key_of(name: &str) -> PrivateKey {
    PrivateKey::from_seed(Digest::of(name).as_bytes())
}
