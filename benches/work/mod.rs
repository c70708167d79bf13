//! The work whose costs are held: each kind is prepared once in a folder, and then done from that folder alone.
#![allow(dead_code, reason = "each of the two programs uses a part of this")]

pub mod cost;
pub mod evidence;
pub mod reviews;
pub mod signatures;

use tenure::format::keys::PrivateKey;

/// Returns the `n`th key of a fixed row: the same work in every run.
pub fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}
