extern crate self as house;
use crate as other;
#[path = "../cli/mod.rs"]
mod cli;
#[path = "wire_tests.rs"]
mod wire;
include!("../cli/mod.rs");
