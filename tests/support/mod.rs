//! The isolated test environment: own folders, own processes, loopback only.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "every test binary uses a part of this, and a world that cannot be built should stop the test there"
)]

pub mod age;
pub mod conformance;
pub mod git_http;
pub mod git_ssh;
pub mod hostile;
pub mod moto;
pub mod postgres;
pub mod sandbox;
pub mod sarif;
pub mod servers;
