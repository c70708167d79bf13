//! `tenure forge open-pr inventory|campaigns`: opens one pull request for each system or campaign with the files that a
//! job has written.

use super::{git_host_job, work_tree};
use crate::{
    cli::{CliError, CommandContext, ExitStatus},
    diag::{Diagnostic, Diagnostics},
    forge::{ProposalKind, ProposalWorkspace},
    git::{GitRemote, Repository},
};

/// Open one pull request for each system or campaign with the files a job has written
///
/// For a job of GitHub Actions. The differences from main are committed to a branch, `tenure/inventory/SYSTEM` or
/// `tenure/campaigns/ID`, and a pull request is opened unless there is one. A branch with commits of other people is
/// not changed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "GITHUB_TOKEN is used to open the pull request; git pushes with its own credentials.\n\nExamples:\n  tenure collect web-1 && tenure forge open-pr inventory\n  tenure campaign schedule --open && tenure forge open-pr campaigns\n\nExit codes: 0 done · 1 GitHub refused a pull request"
)]
pub(super) struct ForgeOpenPrArgs {
    /// The kind of files
    #[arg(value_enum)]
    what: ProposalFiles,
    /// The remote with the main branch
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
}

/// The kind of files that a pull request contains.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum ProposalFiles {
    /// Campaigns that were opened, and stages that were closed
    Campaigns,
    /// Inventories that were collected
    Inventory,
}

impl From<ProposalFiles> for ProposalKind {
    fn from(files: ProposalFiles) -> Self {
        match files {
            ProposalFiles::Campaigns => Self::Campaigns,
            ProposalFiles::Inventory => Self::Inventory,
        }
    }
}

pub(super) fn run(args: &ForgeOpenPrArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory)?;
    let root = work_tree(&repository)?;
    let carrier = GitRemote::to(&args.remote).map_err(|error| {
        let help =
            "in a job of GitHub Actions, give the step GITHUB_TOKEN; elsewhere, commit it and open a pull request";
        Diagnostic::error("remote-unreachable", error.to_string()).help(help)
    })?;
    // The files were generated from this commit, even if main has advanced since.
    let main = repository.resolve("HEAD")?;
    let kind = args.what.into();
    let now = context.clock.now();
    let workspace = ProposalWorkspace { repository: &repository, carrier: &carrier, main, job: &git_host_job(), now };
    let mut problems = Diagnostics::new();
    let changed = workspace.changes(kind, root)?;
    if changed.is_empty() {
        writeln!(context.out, "no differences from main")?;
    }
    for (unit, edits) in changed {
        // A rejected pull request does not stop the others.
        match workspace.propose(kind, &unit, &edits) {
            Ok(result) => writeln!(context.out, "{result}")?,
            Err(failure) => problems.extend(CliError::from(failure).problems),
        }
    }
    if problems.has_errors() { Err(CliError { problems, exit: ExitStatus::CouldNot }) } else { Ok(ExitStatus::Done) }
}
