//! `tenure forge codeowners [--write|--check]`: generates `.github/CODEOWNERS` from the owners of the systems.

use super::{WriteModeArgs, make};
use crate::{
    cli::{CliError, CommandContext, ExitStatus},
    forge::{ForgeInputs, WriteMode},
    git::Repository,
};

/// Print or write .github/CODEOWNERS, generated from the owners of the systems
///
/// The files of a system belong to its owner and deputy; all others to the founders and to `code_owners` of
/// governance.toml. The GitHub logins come from the principals files. CODEOWNERS only routes review requests: the
/// engine never relies on it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure forge codeowners                      print it\n  tenure forge codeowners --write && git add .github/CODEOWNERS\n  tenure forge codeowners --check              exit 3 if it is out of date"
)]
pub(super) struct ForgeCodeownersArgs {
    #[command(flatten)]
    making: WriteModeArgs,
}

pub(super) fn run(args: &ForgeCodeownersArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory)?;
    let root = super::work_tree(&repository)?;
    let (path, text) = ForgeInputs::read(&root)?.owners();
    let mode = args.making.into();
    if mode == WriteMode::List {
        write!(context.out, "{text}")?;
        return Ok(ExitStatus::Done);
    }
    make(&[(path, text)], mode, context, root)
}
