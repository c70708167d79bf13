//! `tenure campaign open|overview|status|quality|close`

mod close;
mod open;
mod overview;
mod quality;
mod status;

pub(super) use quality::quality_of;

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
    /// Show review files as Markdown: what is put to whom, what they decided, what silence will cost
    Overview(overview::Args),
    /// Say how a campaign was reviewed, and what looks like a rubber stamp
    Quality(quality::Args),
    /// Say who owes what, and what is unconfirmed, from signed files and evidence alone
    Status(status::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    match &args.command {
        Command::Close(args) => close::run(args, context),
        Command::Open(args) => open::run(args, context),
        Command::Overview(args) => overview::run(args, context),
        Command::Quality(args) => quality::run(args, context),
        Command::Status(args) => status::run(args, context),
    }
}
