//! `tenure campaign open|next|overview|status|quality|due|delegate|advance|look|late|close`

mod close;
mod close_stage;
mod delegate;
mod drift;
mod open;
mod ownership;
mod quality;
mod remind;
mod schedule;
mod second_review;
mod status;
mod summary;
mod supplement;

pub(super) use quality::quality_of;

use super::{CliError, Context, Exit};
use clap::Subcommand;

/// Open a certification round, see how far it is, close it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Close the stage that is judged now, when its days are over or everybody has answered
    Advance(close_stage::Args),
    /// Close a campaign in which everything is decided, and confirmed or excepted
    Close(close::Args),
    /// Let somebody else judge your items in one campaign, for a time
    Delegate(delegate::Args),
    /// Say whom to tell now: what opened, reminders, what is late, and who is next
    Due(remind::Args),
    /// Put to review what was added or raised while a campaign was open
    Late(supplement::Args),
    /// Write the review files of the second look: a sample of what was decided, for another person, who is not told what
    Look(second_review::Args),
    /// Say which campaigns are to be opened now, by their rhythm and by what happened
    Next(schedule::Args),
    /// Freeze a population, assign every item, write the worklists
    Open(open::Args),
    /// Show review files as Markdown: what is put to whom, what they decided, what silence will cost
    Overview(summary::Args),
    /// Say how a campaign was reviewed, and what looks like a rubber stamp
    Quality(quality::Args),
    /// Say who owes what, and what is unconfirmed, from signed files and evidence alone
    Status(status::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::Advance(args) => close_stage::run(args, context),
        Command::Close(args) => close::run(args, context),
        Command::Delegate(args) => delegate::run(args, context),
        Command::Due(args) => remind::run(args, context),
        Command::Late(args) => supplement::run(args, context),
        Command::Look(args) => second_review::run(args, context),
        Command::Next(args) => schedule::run(args, context),
        Command::Open(args) => open::run(args, context),
        Command::Overview(args) => summary::run(args, context),
        Command::Quality(args) => quality::run(args, context),
        Command::Status(args) => status::run(args, context),
    }
}
