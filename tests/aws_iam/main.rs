//! AWS IAM, against an emulator (moto) and against servers that misbehave.
//!
//! Only a recorded plan can make an intent, and these tests have none. So they compile the two folders they are about
//! into themselves, where the maker of intents can be seen; for everybody else it stays out of reach.
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
mod hostile;
mod reading;
mod removing;
mod rotating;
mod world;
