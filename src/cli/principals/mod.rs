//! `tenure principals import|show|check`

mod check;
mod import;
mod show;
mod update_files;
mod work_tree;

use super::{CliError, CommandContext, ExitStatus};
use clap::Subcommand;

/// Who is who across systems: import people and machines, show what one holds, find what is wrong
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything is read from the work tree, and written there: look at the diff, commit it, have it reviewed.\n\nExamples:\n  tenure principals import hr.csv --map Employee=id --into principals/people.toml --dry-run\n  tenure principals import --from-system web-1\n  tenure principals show ana.ruiz\n  tenure principals check"
)]
pub(super) struct PrincipalsArgs {
    #[command(subcommand)]
    command: PrincipalsCommand,
}

#[derive(Debug, Subcommand)]
enum PrincipalsCommand {
    /// Find accounts nobody claims, accounts two claim, owners nobody knows, facts that are not taken
    Check(check::PrincipalsCheckArgs),
    /// Take principals from a table, or propose entries for the accounts of a system
    Import(import::PrincipalsImportArgs),
    /// Show everything a principal holds, what is known of it, and what it answers for
    Show(show::PrincipalsShowArgs),
}

pub(super) fn run(args: &PrincipalsArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        PrincipalsCommand::Check(args) => check::run(args, context),
        PrincipalsCommand::Import(args) => import::run(args, context),
        PrincipalsCommand::Show(args) => show::run(args, context),
    }
}
