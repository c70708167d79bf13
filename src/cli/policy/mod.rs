//! `tenure policy add|attributes|judge|lint|rules|test`

mod add;
mod attributes;
mod evaluate;
mod lint;
mod rules;
mod source;
mod test;

use super::{CliError, Context, Exit};
use clap::Subcommand;

/// Test, lint and show the rules that access is judged by
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The rules are those of policies/ in the work tree; where there are none, those that come with the engine.\n\nExamples:\n  tenure policy test\n  tenure policy lint policies/life.rules.toml\n  tenure policy rules --profile pci"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the rules that come with the engine into policies/
    Add(add::Args),
    /// List the names and functions that rules may use
    Attributes(attributes::Args),
    /// Judge what is held now by the rules: findings, and what cannot be judged for want of facts
    Judge(evaluate::Args),
    /// Refuse unknown names, unreachable rules, retired controls, rules without cases
    Lint(lint::Args),
    /// Show the rules, with the numbers that hold under profiles, and who set them
    Rules(rules::Args),
    /// Run the cases that stand beside the rules
    Test(test::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::Add(args) => add::run(args, context),
        Command::Attributes(args) => attributes::run(args, context),
        Command::Judge(args) => evaluate::run(args, context),
        Command::Lint(args) => lint::run(args, context),
        Command::Rules(args) => rules::run(args, context),
        Command::Test(args) => test::run(args, context),
    }
}
