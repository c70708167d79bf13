//! `tenure system set ID KEY=VALUE…`: writes the next version of a system with other values.

use super::version_file::SystemFolder;
use crate::{
    cli::{
        CliError, CommandContext, ExitStatus,
        assignment::{assign, assignment},
    },
    model::SystemId,
};

/// Write the next version of a system, and name the people who must sign it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The owner of the version before and a new owner sign, with as many people as the stricter tier of both versions requires.\n\nExamples:\n  tenure system set web-1 owner=ben tier=T1\n  tenure system set pg-orders settings.host=db2.example settings.port=5433\n  tenure system set web-1 deputy=        removes the key"
)]
pub(super) struct SystemSetArgs {
    /// The id of the system
    #[arg(value_name = "ID")]
    system: SystemId,
    /// Keys and their values, TOML or else text; without a value, the key is removed
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = assignment)]
    values: Vec<(String, String)>,
}

pub(super) fn run(args: &SystemSetArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let folder = SystemFolder::open(&args.system, context)?;
    let mut table = folder.signed()?;
    args.values.iter().try_for_each(|value| assign(&mut table, value))?;
    folder.write(table, context)?;
    Ok(ExitStatus::Done)
}
