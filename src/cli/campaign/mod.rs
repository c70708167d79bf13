//! `tenure campaign open|status|close`

mod open;
mod status;

use super::{Context, Exit, Failure};
use clap::Subcommand;

pub(super) use status::{closing, show};

/// Open a certification round, see how far it is, close it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Freeze a population, assign every item, write the worklists
    Open(open::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    match &args.command {
        Command::Open(args) => open::run(args, context),
    }
}
