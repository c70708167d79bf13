//! `tenure exception list|new|prove|terms`

mod list;
mod new;
mod record_test;
mod requirements;

pub(super) use list::{exception_statuses, problems};
pub(super) use new::until;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Accept a risk for a time: write exceptions, prove their controls, see which have lapsed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An exception is a file that its approvers sign and main takes up. It binds one access as it was reviewed, ends by itself,\nand is worth no more than the control that makes up for it: `tenure exception prove` signs that it ran.\n\nExamples:\n  tenure exception list\n  tenure exception new itm-7c0f2f6e9a4b41d2 --rule NHI-PRV-01 --rating high --owner ana.ruiz --approver li.chen \\\n      --until 90d --reason 'needed until the cut-over' --compensating 'sessions are recorded'\n  tenure exception prove exc-7c0f2f6e --by mo.khan --result held --statement 'looked at eleven sessions' --artefact sessions.csv"
)]
pub(super) struct ExceptionArgs {
    #[command(subcommand)]
    command: ExceptionCommand,
}

#[derive(Debug, Subcommand)]
enum ExceptionCommand {
    /// Say how every exception stands: in force, lapsed, unproven, renewed
    List(list::ExceptionListArgs),
    /// Write an exception for an item, to be signed by its approvers
    New(new::ExceptionNewArgs),
    /// Write down that the compensating control of an exception ran, to be signed by who ran it
    Prove(record_test::ExceptionRecordTestArgs),
    /// Say what an exception of each rating needs, and one for what nobody answered
    Terms(requirements::ExceptionRequirementsArgs),
}

pub(super) fn run(args: &ExceptionArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        ExceptionCommand::List(args) => list::run(args, context),
        ExceptionCommand::New(args) => new::run(args, context),
        ExceptionCommand::Prove(args) => record_test::run(args, context),
        ExceptionCommand::Terms(args) => requirements::run(args, context),
    }
}
