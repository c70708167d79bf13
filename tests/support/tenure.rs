//! The program under test.

use super::sandbox::Sandbox;
use std::{path::Path, process::Command};

impl Sandbox {
    /// Returns the `tenure` built with these tests, to be run in `folder`.
    pub fn tenure(&self, folder: impl AsRef<Path>) -> Command {
        self.command(env!("CARGO_BIN_EXE_tenure"), folder)
    }
}
