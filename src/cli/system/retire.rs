//! `tenure system retire ID`: writes the last version of a system.

use super::version_file::SystemFolder;
use crate::{
    cli::{CliError, CommandContext, ExitStatus},
    model::SystemId,
};

/// Write the last version of a system, and name the people who must sign it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "No campaign reviews a retired system and it is not collected; open decisions on it are still enforced and verified. No version follows.\n\nExamples:\n  tenure system retire web-1"
)]
pub(super) struct SystemRetireArgs {
    /// The id of the system
    #[arg(value_name = "ID")]
    system: SystemId,
}

pub(super) fn run(args: &SystemRetireArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let folder = SystemFolder::open(&args.system, context)?;
    let mut table = folder.signed()?;
    table.insert("retired".to_owned(), true.into());
    folder.write(table, context)?;
    Ok(ExitStatus::Done)
}
