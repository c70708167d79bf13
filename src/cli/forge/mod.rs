//! `tenure forge codeowners|open-pr|workflows`: files that GitHub reads, generated from the governed files.

mod codeowners;
mod open_pr;
mod workflows;

use super::{CliError, CommandContext, ExitStatus, OutputFormat, context::variable};
use crate::{
    diag::Diagnostic,
    forge::{GithubJob, WriteMode, compare_files},
    git::Repository,
};
use clap::Subcommand;
use std::{collections::BTreeMap, path::Path};

/// Generate CODEOWNERS and GitHub workflows, and open pull requests
#[derive(Debug, clap::Args)]
pub(super) struct ForgeArgs {
    #[command(subcommand)]
    command: ForgeCommand,
}

#[derive(Debug, Subcommand)]
enum ForgeCommand {
    Codeowners(codeowners::ForgeCodeownersArgs),
    OpenPr(open_pr::ForgeOpenPrArgs),
    Workflows(workflows::ForgeWorkflowsArgs),
}

pub(super) fn run(args: &ForgeArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        ForgeCommand::Codeowners(args) => codeowners::run(args, context),
        ForgeCommand::OpenPr(args) => open_pr::run(args, context),
        ForgeCommand::Workflows(args) => workflows::run(args, context),
    }
}

/// Returns the job of GitHub Actions that runs the command, as described by the environment.
pub(super) fn git_host_job() -> GithubJob<'static> {
    GithubJob { variable: &variable }
}

/// The flags that select whether generated files are listed, checked or written.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct WriteModeArgs {
    /// Write the files
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Only check whether the files are up to date
    #[arg(long)]
    check: bool,
}

impl From<WriteModeArgs> for WriteMode {
    fn from(flags: WriteModeArgs) -> Self {
        match flags {
            WriteModeArgs { write: true, .. } => Self::Write,
            WriteModeArgs { check: true, .. } => Self::Check,
            WriteModeArgs { .. } => Self::List,
        }
    }
}

/// Returns the work tree.
fn work_tree(repository: &Repository) -> Result<&Path, CliError> {
    repository.work_tree().ok_or_else(|| {
        let problem = Diagnostic::error("no-work-tree", "this repository is bare: it has no files to write to");
        problem.help("clone it with git clone, without --bare").into()
    })
}

/// Writes or compares files in the work tree, and prints their states.
fn make(
    files: &[(String, String)],
    mode: WriteMode,
    context: &mut CommandContext,
    root: &Path,
) -> Result<ExitStatus, CliError> {
    let (files, problems) = compare_files(files, mode, root)?;
    if context.format == OutputFormat::Json {
        let states: BTreeMap<_, _> = files.iter().map(|file| (&file.path, file.state.as_str())).collect();
        context.json(&states)?;
    } else {
        context.problems(&problems)?;
        for file in files {
            writeln!(context.out, "{:<12} {}", file.state.as_str(), file.path)?;
        }
    }
    Ok(if problems.has_errors() { ExitStatus::Findings } else { ExitStatus::Done })
}
