//! The `tenure` command. Its implementation is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    tenure::cli::main()
}
