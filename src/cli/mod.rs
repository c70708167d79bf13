//! The commands: only here are the environment and the terminal touched.
//!
//! One file a command, each with its `Args` and a `run`. Stdout is for data, stderr for progress and problems.

mod attest;
mod audit;
mod campaign;
mod campaign_inputs;
mod check;
mod collect;
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
mod init;
mod pending_records;
mod plan;
mod plan_inputs;
mod policy;
mod policy_at;
mod principals;
mod review;
mod schema;
mod session;
mod sign;
#[cfg(test)]
mod spoken;
mod verify;

pub use context::{CommandContext, OutputFormat};
pub use exit::{CliError, ExitStatus};

use crate::model::{Clock, FixedClock, SystemClock};
use clap::{CommandFactory, Parser, Subcommand};
use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

/// Access certification that enforces itself.
#[derive(Debug, Parser)]
#[command(
    name = "tenure",
    version,
    about = "Access certification that enforces itself: signed decisions in git become real changes, read back and proven.",
    after_help = "Exit codes: 0 done · 1 could not · 2 usage · 3 findings or a guardrail · 4 the target disagrees · 75 busy, try again.\n\nTry it: tenure demo",
    arg_required_else_help = true,
    max_term_width = 110
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: CliCommand,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
struct GlobalArgs {
    /// Work in this repository instead of the current directory
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// How to write the answer on stdout
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Human)]
    format: OutputFormat,
    /// The digest of trust/root/1.toml, known from outside the repository (sha256:…)
    #[arg(long, global = true, value_name = "DIGEST", env = "TENURE_ROOT")]
    root: Option<crate::model::Digest>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = clap::ColorChoice::Auto)]
    color: clap::ColorChoice,
    /// Take this instant for the present
    #[arg(long, global = true, hide = true, value_name = "TIME")]
    now: Option<crate::model::Timestamp>,
}

impl GlobalArgs {
    /// Returns the clock: the machine's own, unless another instant is to be taken for the present.
    fn clock(&self) -> Box<dyn Clock> {
        match self.now {
            Some(now) => Box::new(FixedClock(now)),
            None => Box::new(SystemClock),
        }
    }
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Write down that a person did an action by hand, and who looked at the target afterwards
    Attest(attest::AttestArgs),
    /// Check the whole proof from a clone, offline
    Audit(audit::AuditArgs),
    /// Open a certification round, see how far it is, close it
    Campaign(campaign::CampaignArgs),
    /// Judge a change before it is merged: forms, signatures, authority, append-only
    Check(check::CheckArgs),
    /// Show or write whom the forge asks for reviews, by system
    Codeowners(forge::codeowners::ForgeCodeownersArgs),
    /// Read all access that a system holds, and write it down as its inventory
    Collect(collect::CollectArgs),
    /// Print a script that completes commands and options in your shell
    Completions(completions::CompletionsArgs),
    /// Go the whole way with a small host of its own: collect, review, enforce, verify, audit
    Demo(demo::DemoArgs),
    /// Do what is decided and not confirmed, read it back, and seal what happened
    Enforce(enforce::EnforceArgs),
    /// Accept a risk for a time: write exceptions, prove their controls, see which have lapsed
    Exception(exception::ExceptionArgs),
    /// Write governed files in their one canonical form
    Fmt(fmt::FmtArgs),
    /// Create a governed repository, and print the pin of its root of trust
    Init(init::InitArgs),
    /// Show what signed decisions would change, and change nothing
    Plan(plan::PlanArgs),
    /// Test, lint and show the rules that access is judged by
    Policy(policy::PolicyArgs),
    /// Who is who across systems: import people and machines, show what one holds, find what is wrong
    Principals(principals::PrincipalsArgs),
    /// Put what a job wrote to people, as a pull request for each system or campaign
    Propose(forge::propose::ForgeProposeArgs),
    /// Decide on the access that is put to you: read each card, give a verdict and a reason, sign
    Review(review::ReviewArgs),
    /// Print the JSON Schema of a kind of file, or list the kinds
    Schema(schema::SchemaArgs),
    /// Sign governed files with a key file or a running ssh-agent
    Sign(sign::SignArgs),
    /// List the systems on main, who answers for them, and the environment variables their connectors ask for
    Systems(forge::systems::ForgeSystemsArgs),
    /// Read targets again: removals that came back, changes made out of band, sessions that linger
    Verify(verify::VerifyArgs),
    /// Show or write the workflows of GitHub Actions, made from the systems
    Workflows(forge::workflows::ForgeWorkflowsArgs),
}

/// Runs the command line and returns the exit code (`docs/configuration.md` lists them).
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut context = match CommandContext::new(&cli.global) {
        Ok(context) => context,
        Err(error) => {
            // There is nobody left to tell when stderr is gone.
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
        CliCommand::Codeowners(args) => forge::codeowners::run(&args, context),
        CliCommand::Collect(args) => collect::run(&args, context),
        CliCommand::Completions(args) => completions::run(&args, &mut Cli::command(), context),
        CliCommand::Demo(args) => demo::run(&args, context),
        CliCommand::Enforce(args) => enforce::run(&args, context),
        CliCommand::Exception(args) => exception::run(&args, context),
        CliCommand::Fmt(args) => fmt::run(&args, context),
        CliCommand::Init(args) => init::run(&args, context),
        CliCommand::Plan(args) => plan::run(&args, context),
        CliCommand::Policy(args) => policy::run(&args, context),
        CliCommand::Principals(args) => principals::run(&args, context),
        CliCommand::Propose(args) => forge::propose::run(&args, context),
        CliCommand::Review(args) => review::run(&args, context),
        CliCommand::Schema(args) => schema::run(&args, context),
        CliCommand::Sign(args) => sign::run(&args, context),
        CliCommand::Systems(args) => forge::systems::run(&args, context),
        CliCommand::Verify(args) => verify::run(&args, context),
        CliCommand::Workflows(args) => forge::workflows::run(&args, context),
    }
}
