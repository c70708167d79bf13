//! `tenure system`: commands about the systems of the repository.

mod list;
mod settings;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// List the systems, and describe the settings of connectors
#[derive(Debug, clap::Args)]
pub(super) struct SystemArgs {
    #[command(subcommand)]
    command: SystemCommand,
}

#[derive(Debug, Subcommand)]
enum SystemCommand {
    List(list::SystemListArgs),
    Settings(settings::SystemSettingsArgs),
}

pub(super) fn run(args: &SystemArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        SystemCommand::List(args) => list::run(args, context),
        SystemCommand::Settings(args) => settings::run(args, context),
    }
}
