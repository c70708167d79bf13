//! `tenure exception list|new|record-test|requirements`: writes, tests and lists exceptions, which are accepted risks
//! with an end date.

mod list;
mod new;
mod record_test;
mod requirements;

pub(super) use list::problems;
pub(super) use new::until;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Write, test and list exceptions: accepted risks with an end date
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An exception applies to one grant as it was reviewed. Its approvers sign it, it ends automatically, and its compensating control must be tested: `tenure exception record-test` records the result.\n\nExamples:\n  tenure exception list\n  tenure exception new itm-7c0f2f6e9a4b41d2 --rule NHI-PRV-01 --rating high --owner ana.ruiz --approver li.chen \\\n      --until 90d --reason 'needed until the cut-over' --compensating 'sessions are recorded'\n  tenure exception record-test exc-7c0f2f6e --by mo.khan --result held --statement 'looked at eleven sessions' --artifact sessions.csv"
)]
pub(super) struct ExceptionArgs {
    #[command(subcommand)]
    command: ExceptionCommand,
}

#[derive(Debug, Subcommand)]
enum ExceptionCommand {
    List(list::ExceptionListArgs),
    New(new::ExceptionNewArgs),
    RecordTest(record_test::ExceptionRecordTestArgs),
    Requirements(requirements::ExceptionRequirementsArgs),
}

pub(super) fn run(args: &ExceptionArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        ExceptionCommand::List(args) => list::run(args, context),
        ExceptionCommand::New(args) => new::run(args, context),
        ExceptionCommand::RecordTest(args) => record_test::run(args, context),
        ExceptionCommand::Requirements(args) => requirements::run(args, context),
    }
}
