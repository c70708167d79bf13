//! `tenure check [--base REV]`

use super::{
    CliError, CommandContext, ExitStatus, OutputFormat, exception,
    forge::stale_generated_files,
    session::{git, pin},
};
use crate::{
    campaign::stamps_in,
    diag::Diagnostics,
    git::Repository,
    report::{problems_markdown, problems_sarif, problems_summary},
    store::RepositorySnapshot,
    trust::{CheckReport, check},
};
use std::{io::Write, path::PathBuf};

/// Check a change before it is merged: format, signatures, authority
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Commits are checked, not the work tree: commit first. With --base only the change is checked; without it, the whole history up to the revision, and an exception that has lapsed or whose control was not tested in time is an error. Nothing is fetched.\n\nA change with more governed files than the mandate allows (`files_per_change`, 10000 by default) is rejected without being read.\n\nExamples:\n  tenure check --base origin/main\n  tenure check --format json\n  tenure check --base origin/main --format github --sarif tenure.sarif   in a workflow: annotations, summary, code scanning\n\nExit codes: 0 no errors · 3 errors"
)]
pub(super) struct CheckArgs {
    /// The revision that the change will be merged into
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Also write the problems to this file, in SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// The revision to check
    #[arg(value_name = "REV", default_value = "HEAD")]
    head: String,
}

pub(super) fn run(args: &CheckArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let head = repository.resolve(&args.head).map_err(git)?;
    let base = args.base.as_deref().map(|base| repository.resolve(base)).transpose().map_err(git)?;
    let pin = pin(context, &repository, base.unwrap_or(head))?;
    let CheckReport { mut problems, files, governed, decided, terms } =
        check(&repository, pin, base, head).map_err(git)?;
    match &governed {
        Some(governed) => governed.reviews().iter().for_each(|review| {
            problems.extend(stamps_in(review.path(), review.value(), &terms));
        }),
        None => {
            let there = decided
                .iter()
                .filter_map(|path| Some((path, RepositorySnapshot::at(&repository, head).read(path).ok()?)));
            there.for_each(|(path, review)| problems.extend(stamps_in(path, review.value(), &terms)));
        }
    }
    // Time alone makes an exception lapse, so only a look at the whole can find it.
    if let Some(governed) = governed {
        problems.extend(exception::problems(&governed, RepositorySnapshot::at(&repository, head), context.clock.now()));
    }
    problems.extend(stale_generated_files(&repository, base, head)?);
    if let Some(path) = &args.sarif {
        context.file(path, &format!("{:#}\n", problems_sarif(&problems)))?;
    }
    show(&problems, files, context)?;
    Ok(if problems.has_errors() { ExitStatus::Findings } else { ExitStatus::Done })
}

fn show(problems: &Diagnostics, files: usize, context: &mut CommandContext) -> Result<(), CliError> {
    let summary = problems_summary(problems, files);
    match context.format {
        OutputFormat::Github => {
            context.problems(problems)?;
            context.summarize(&problems_markdown(problems, &summary))?;
            writeln!(context.out, "{summary}")?;
        }
        OutputFormat::Human => {
            write!(context.err, "{}", problems.render(context.err_style))?;
            writeln!(context.out, "{summary}")?;
        }
        OutputFormat::Json => write!(context.out, "{}", problems.to_json())?,
        OutputFormat::Markdown => write!(context.out, "{}", problems_markdown(problems, &summary))?,
        OutputFormat::Sarif => context.json(&problems_sarif(problems))?,
    }
    Ok(())
}
