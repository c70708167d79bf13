//! `tenure workflows [--write|--check]`

use super::{ForgeInputs, WriteMode, make};
use crate::{
    cli::{CliError, CommandContext, ExitStatus, session::git},
    git::Repository,
};

/// Show or write the workflows of GitHub Actions, made from the systems
///
/// They check a pull request with a token that can only read, enforce and verify each system on a runner and in an
/// environment of its own with its own secrets, and keep house. Write them again after a change of governance.toml or
/// systems/; a pull request's check says when that was forgotten.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure workflows                       which files there are, and whether they are up to date\n  tenure workflows --write && git add .github\n  tenure workflows --check               exit 3 when one is out of date or missing"
)]
pub(in crate::cli) struct ForgeWorkflowsArgs {
    #[command(flatten)]
    making: WriteMode,
}

pub(in crate::cli) fn run(args: &ForgeWorkflowsArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let root = super::work_tree(&repository)?;
    let files = ForgeInputs::read(&root)?.workflows()?;
    make(&files, args.making, context, root)
}
