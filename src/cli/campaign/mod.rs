//! `tenure campaign open|status|close`

mod close;
mod open;
mod status;

use super::{Context, Exit, Failure};
use clap::Subcommand;

/// Open a certification round, see how far it is, close it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Close a campaign in which everything is decided, and confirmed or excepted
    Close(close::Args),
    /// Freeze a population, assign every item, write the worklists
    Open(open::Args),
    /// Say who owes what, and what is unconfirmed, from signed files and evidence alone
    Status(status::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    match &args.command {
        Command::Close(args) => close::run(args, context),
        Command::Open(args) => open::run(args, context),
        Command::Status(args) => status::run(args, context),
    }
}
