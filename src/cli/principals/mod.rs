//! `tenure principals import|show|check`: imports people and service accounts, and shows their access.

mod check;
mod import;
mod show;
mod update_files;
mod work_tree;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Import people and service accounts, and show what they hold
#[derive(Debug, clap::Args)]
#[command(
    after_help = "All files are read from and written to the work tree: check the diff, commit it, and have it reviewed.\n\nExamples:\n  tenure principals import hr.csv --map Employee=id --into principals/people.toml --dry-run\n  tenure principals import --from-system web-1\n  tenure principals show ana.ruiz\n  tenure principals check"
)]
pub(super) struct PrincipalsArgs {
    #[command(subcommand)]
    command: PrincipalsCommand,
}

#[derive(Debug, Subcommand)]
enum PrincipalsCommand {
    Check(check::PrincipalsCheckArgs),
    Import(import::PrincipalsImportArgs),
    Show(show::PrincipalsShowArgs),
}

pub(super) fn run(args: &PrincipalsArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        PrincipalsCommand::Check(args) => check::run(args, context),
        PrincipalsCommand::Import(args) => import::run(args, context),
        PrincipalsCommand::Show(args) => show::run(args, context),
    }
}
