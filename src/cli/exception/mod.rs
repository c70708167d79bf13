//! `tenure exception list|new|prove|terms`

mod list;
mod new;
mod record_test;
mod requirements;

pub(super) use list::{exception_statuses, problems};
pub(super) use new::until;

use super::{CliError, Context, Exit};
use clap::Subcommand;

/// Accept a risk for a time: write exceptions, prove their controls, see which have lapsed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An exception is a file that its approvers sign and main takes up. It binds one access as it was reviewed, ends by itself,\nand is worth no more than the control that makes up for it: `tenure exception prove` signs that it ran.\n\nExamples:\n  tenure exception list\n  tenure exception new itm-7c0f2f6e9a4b41d2 --rule NHI-PRV-01 --rating high --owner ana.ruiz --approver li.chen \\\n      --until 90d --reason 'needed until the cut-over' --compensating 'sessions are recorded'\n  tenure exception prove exc-7c0f2f6e --by mo.khan --result held --statement 'looked at eleven sessions' --artefact sessions.csv"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say how every exception stands: in force, lapsed, unproven, renewed
    List(list::Args),
    /// Write an exception for an item, to be signed by its approvers
    New(new::Args),
    /// Write down that the compensating control of an exception ran, to be signed by who ran it
    Prove(record_test::Args),
    /// Say what an exception of each rating needs, and one for what nobody answered
    Terms(requirements::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::List(args) => list::run(args, context),
        Command::New(args) => new::run(args, context),
        Command::Prove(args) => record_test::run(args, context),
        Command::Terms(args) => requirements::run(args, context),
    }
}
