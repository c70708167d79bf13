//! `tenure policy attributes|evaluate|init|lint|rules|test`: writes, checks and evaluates rules.

mod attributes;
mod evaluate;
mod init;
mod lint;
mod rules;
mod source;
mod test;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Test, lint, list and evaluate the policy rules
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The rules are those of policies/ in the work tree; if there are none, the built-in rules.\n\nExamples:\n  tenure policy test\n  tenure policy lint policies/life.rules.toml\n  tenure policy rules --profile pci"
)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Attributes(attributes::PolicyAttributesArgs),
    Evaluate(evaluate::PolicyEvaluateArgs),
    Init(init::PolicyInitArgs),
    Lint(lint::PolicyLintArgs),
    Rules(rules::PolicyRulesArgs),
    Test(test::PolicyTestArgs),
}

pub(super) fn run(args: &PolicyArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        PolicyCommand::Attributes(args) => attributes::run(args, context),
        PolicyCommand::Evaluate(args) => evaluate::run(args, context),
        PolicyCommand::Init(args) => init::run(args, context),
        PolicyCommand::Lint(args) => lint::run(args, context),
        PolicyCommand::Rules(args) => rules::run(args, context),
        PolicyCommand::Test(args) => test::run(args, context),
    }
}
