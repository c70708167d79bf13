//! `tenure system settings CONNECTOR`: prints the JSON Schema of the settings of a connector.

use crate::{
    cli::{CliError, CommandContext, ExitStatus},
    connector::registry,
};
use clap::builder::PossibleValuesParser;
use std::io::Write as _;

/// Print the JSON Schema of the settings of a connector, or an example of a system file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure system settings postgres\n  tenure system settings postgres --example > pg.toml && tenure system add pg-orders --from pg.toml"
)]
pub(super) struct SystemSettingsArgs {
    /// The connector
    #[arg(value_parser = PossibleValuesParser::new(registry::names().collect::<Vec<_>>()))]
    connector: String,
    /// Print a complete system file instead
    #[arg(long)]
    example: bool,
}

pub(super) fn run(args: &SystemSettingsArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let Some(connector) = registry::find(&args.connector) else { return Ok(ExitStatus::Done) };
    if args.example {
        context.out.write_all(connector.example().as_bytes())?;
    } else {
        writeln!(context.out, "{:#}", connector.settings_schema())?;
    }
    Ok(ExitStatus::Done)
}
