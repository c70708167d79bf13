//! `tenure forge workflows [--write|--check]`: generates the workflows of GitHub Actions from the systems.

use super::{WriteModeArgs, make};
use crate::{
    cli::{CliError, CommandContext, ExitStatus},
    forge::ForgeInputs,
    git::Repository,
};

/// Write or check the workflows of GitHub Actions, generated from the systems
///
/// They check pull requests with a read-only token, enforce and verify each system on its own runner with its own
/// environment and secrets, and run the scheduled tasks. Write them again after a change of governance.toml or
/// systems/; `tenure check` reports when they are out of date.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure forge workflows                       list the files and whether they are up to date\n  tenure forge workflows --write && git add .github\n  tenure forge workflows --check               exit 3 if one is out of date or missing"
)]
pub(super) struct ForgeWorkflowsArgs {
    #[command(flatten)]
    making: WriteModeArgs,
}

pub(super) fn run(args: &ForgeWorkflowsArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory)?;
    let root = super::work_tree(&repository)?;
    let files = ForgeInputs::read(&root)?.workflows()?;
    make(&files, args.making.into(), context, root)
}
