extern crate self as house;
use crate as other;
#[path = "../cli/mod.rs"]
mod cli;
include!("../cli/mod.rs");
