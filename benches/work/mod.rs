//! The work whose costs are held: each kind is prepared once in a folder, and then done from that folder alone.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "each of the two programs uses a part of this, and what cannot go on should stop there"
)]

pub mod cost;
pub mod evidence;
pub mod governed;
pub mod reviews;
pub mod signatures;

use tenure::format::keys::PrivateKey;

/// Returns the `n`th key of a fixed row: the same work in every run.
pub fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}
