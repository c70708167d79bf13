//! `tenure principals import|show|check`

mod check;
mod import;
mod show;
mod update_files;
mod work_tree;

use super::{CliError, Context, Exit};
use clap::Subcommand;

/// Who is who across systems: import people and machines, show what one holds, find what is wrong
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything is read from the work tree, and written there: look at the diff, commit it, have it reviewed.\n\nExamples:\n  tenure principals import hr.csv --map Employee=id --into principals/people.toml --dry-run\n  tenure principals import --from-system web-1\n  tenure principals show ana.ruiz\n  tenure principals check"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find accounts nobody claims, accounts two claim, owners nobody knows, facts that are not taken
    Check(check::Args),
    /// Take principals from a table, or propose entries for the accounts of a system
    Import(import::Args),
    /// Show everything a principal holds, what is known of it, and what it answers for
    Show(show::Args),
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::Check(args) => check::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Show(args) => show::run(args, context),
    }
}
