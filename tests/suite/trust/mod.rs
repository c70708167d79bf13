//! Signatures, trust files, and the gate for changes.

mod check;
pub(crate) mod gate_and_walk;
mod self_review;
mod signatures;
mod threats_systems;
mod threats_trust;
