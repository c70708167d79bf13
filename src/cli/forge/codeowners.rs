//! `tenure codeowners [--write|--check]`

use super::{ForgeInputs, WriteMode, make};
use crate::{
    cli::{CliError, CommandContext, ExitStatus, session::git},
    git::Repository,
};

/// Show or write whom the forge asks for reviews, by system
///
/// Each system goes to its owner and deputy, what concerns everybody to the founders and to `code_owners` of
/// governance.toml; principals.toml says what the forge calls them. Routing helps people: it is never trusted.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure codeowners                      print it\n  tenure codeowners --write && git add .github/CODEOWNERS\n  tenure codeowners --check              exit 3 when it is out of date"
)]
pub(in crate::cli) struct ForgeCodeownersArgs {
    #[command(flatten)]
    making: WriteMode,
}

pub(in crate::cli) fn run(args: &ForgeCodeownersArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let root = super::work_tree(&repository)?;
    let (path, text) = ForgeInputs::read(&root)?.owners();
    if !args.making.write && !args.making.check {
        write!(context.out, "{text}")?;
        return Ok(ExitStatus::Done);
    }
    make(&[(path, text)], args.making, context, root)
}
