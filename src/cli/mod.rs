//! Commands of the `tenure` binary. Only this layer reads environment variables and the terminal.
//!
//! Each command has its own file with `Args` and `run`. Data goes to stdout; progress and problems go to stderr.

mod assignment;
mod attest;
mod audit;
mod campaign;
mod check;
mod collect;
mod command_line;
mod completions;
mod context;
mod demo;
mod enforce;
mod evidence;
mod exception;
mod exit;
mod fmt;
mod forge;
mod github_step;
mod global_args;
mod init;
mod mandate;
mod next_trust_file;
mod plan;
mod policy;
mod principals;
mod registry;
mod review;
mod schema;
mod session;
mod sign;
mod system;
mod unlock;
mod verify;

#[cfg(test)]
mod tests;

pub use context::CommandContext;
pub use exit::{CliError, ExitStatus};
pub use global_args::OutputFormat;

use clap::{FromArgMatches as _, Parser as _};
use command_line::{Cli, CliCommand, command};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// Runs the command line and returns the exit code of the process.
pub fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit());
    let mut context = match CommandContext::new(&cli.global) {
        Ok(context) => context,
        Err(error) => {
            // Without stderr there is no way to report anything.
            let _ = writeln!(io::stderr(), "error: {error}");
            return ExitStatus::CouldNot.into();
        }
    };
    match dispatch(cli, &mut context) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            context.report(&failure);
            failure.exit.into()
        }
    }
}

fn dispatch(cli: Cli, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match cli.command {
        CliCommand::Attest(args) => attest::run(&args, context),
        CliCommand::Audit(args) => audit::run(&args, context),
        CliCommand::Campaign(args) => campaign::run(&args, context),
        CliCommand::Check(args) => check::run(&args, context),
        CliCommand::Collect(args) => collect::run(&args, context),
        CliCommand::Completions(args) => completions::run(&args, &mut command(), context),
        CliCommand::Demo(args) => demo::run(&args, run_line, context),
        CliCommand::Enforce(args) => enforce::run(&args, context),
        CliCommand::Exception(args) => exception::run(&args, context),
        CliCommand::Fmt(args) => fmt::run(&args, context),
        CliCommand::Forge(args) => forge::run(&args, context),
        CliCommand::Init(args) => init::run(&args, context),
        CliCommand::Mandate(args) => mandate::run(&args, context),
        CliCommand::Plan(args) => plan::run(&args, context),
        CliCommand::Policy(args) => policy::run(&args, context),
        CliCommand::Principals(args) => principals::run(&args, context),
        CliCommand::Registry(args) => registry::run(&args, context),
        CliCommand::Review(args) => review::run(&args, context),
        CliCommand::Schema(args) => schema::run(&args, context),
        CliCommand::Sign(args) => sign::run(&args, context),
        CliCommand::System(args) => system::run(&args, context),
        CliCommand::Unlock(args) => unlock::run(&args, context),
        CliCommand::Verify(args) => verify::run(&args, context),
    }
}

/// Runs a command line in this context, with the options of the line, and reports its problems.
fn run_line(line: &[String], context: &mut CommandContext) -> Result<ExitStatus, clap::Error> {
    let cli = Cli::try_parse_from(line)?;
    context.directory.clone_from(&cli.global.directory);
    (context.format, context.root) = (cli.global.format, cli.global.root);
    Ok(dispatch(cli, context).unwrap_or_else(|failure| {
        context.report(&failure);
        failure.exit
    }))
}
