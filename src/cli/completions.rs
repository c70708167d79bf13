//! `tenure completions SHELL`: prints the completion script of a shell.

use super::{CliError, CommandContext, ExitStatus};
use clap_complete::Shell;

/// Print a shell completion script
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure completions bash > ~/.local/share/bash-completion/completions/tenure\n  tenure completions zsh > ~/.zfunc/_tenure"
)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(
    args: &CompletionsArgs,
    command: &mut clap::Command,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    clap_complete::generate(args.shell, command, "tenure", &mut context.out);
    Ok(ExitStatus::Done)
}
