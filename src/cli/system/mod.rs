//! `tenure system`: commands about the systems of the repository.

mod add;
mod list;
mod retire;
mod set;
mod settings;
mod version_file;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// List and describe systems, and write their next versions
#[derive(Debug, clap::Args)]
pub(super) struct SystemArgs {
    #[command(subcommand)]
    command: SystemCommand,
}

#[derive(Debug, Subcommand)]
enum SystemCommand {
    Add(add::SystemAddArgs),
    List(list::SystemListArgs),
    Retire(retire::SystemRetireArgs),
    Set(set::SystemSetArgs),
    Settings(settings::SystemSettingsArgs),
}

pub(super) fn run(args: &SystemArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        SystemCommand::Add(args) => add::run(args, context),
        SystemCommand::Retire(args) => retire::run(args, context),
        SystemCommand::Set(args) => set::run(args, context),
        SystemCommand::List(args) => list::run(args, context),
        SystemCommand::Settings(args) => settings::run(args, context),
    }
}
