//! `tenure completions SHELL`

use super::{CliError, Context, Exit};
use clap_complete::Shell;

/// Print a script that completes commands and options in your shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure completions bash > ~/.local/share/bash-completion/completions/tenure\n  tenure completions zsh > ~/.zfunc/_tenure"
)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, command: &mut clap::Command, context: &mut Context) -> Result<Exit, CliError> {
    clap_complete::generate(args.shell, command, "tenure", &mut context.out);
    Ok(Exit::Done)
}
