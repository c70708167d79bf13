//! The AWS IAM connector against an emulator (moto) and against misbehaving servers.
//!
//! Only a recorded plan can create an intent, and these tests have none. They therefore compile the two folders under
//! test into this crate, where the private constructor of intents is accessible.
#![allow(
    dead_code,
    unused_imports,
    clippy::duplicate_mod,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there, and these folders hold more than these tests use"
)]

extern crate self as tenure;

#[path = "../../src/connector/mod.rs"]
mod connector;
#[path = "../../src/model/mod.rs"]
mod model;
#[path = "../support/mod.rs"]
mod support;

mod changing;
mod fixtures;
mod hostile;
mod reading;
mod removing;
mod rotating;
