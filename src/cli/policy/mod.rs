//! `tenure policy add|attributes|judge|lint|rules|test`

mod add;
mod attributes;
mod evaluate;
mod lint;
mod rules;
mod source;
mod test;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Test, lint and show the rules that access is judged by
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The rules are those of policies/ in the work tree; where there are none, those that come with the engine.\n\nExamples:\n  tenure policy test\n  tenure policy lint policies/life.rules.toml\n  tenure policy rules --profile pci"
)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Write the rules that come with the engine into policies/
    Add(add::PolicyAddArgs),
    /// List the names and functions that rules may use
    Attributes(attributes::PolicyAttributesArgs),
    /// Judge what is held now by the rules: findings, and what cannot be judged for want of facts
    Judge(evaluate::PolicyEvaluateArgs),
    /// Refuse unknown names, unreachable rules, retired controls, rules without cases
    Lint(lint::PolicyLintArgs),
    /// Show the rules, with the numbers that hold under profiles, and who set them
    Rules(rules::PolicyRulesArgs),
    /// Run the cases that stand beside the rules
    Test(test::PolicyTestArgs),
}

pub(super) fn run(args: &PolicyArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        PolicyCommand::Add(args) => add::run(args, context),
        PolicyCommand::Attributes(args) => attributes::run(args, context),
        PolicyCommand::Judge(args) => evaluate::run(args, context),
        PolicyCommand::Lint(args) => lint::run(args, context),
        PolicyCommand::Rules(args) => rules::run(args, context),
        PolicyCommand::Test(args) => test::run(args, context),
    }
}
