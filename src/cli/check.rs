//! `tenure check [--base REV]`

use super::{
    Context, Exit, Failure, Format,
    session::{git, pin},
};
use crate::{
    diag::Severity,
    git::Repository,
    trust::{Checked, check},
};
use std::io::Write;

/// Judge a change before it is merged: forms, signatures, authority, self-review, staleness, append-only, text
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Commits are judged, not the work tree: commit first. With --base the cost follows the change; without, all that led to\nthe commit is judged. Nothing is fetched.\n\nExamples:\n  tenure check --base origin/main\n  tenure check --format json"
)]
pub(super) struct Args {
    /// The revision the change will be merged into
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The revision to judge
    #[arg(value_name = "REV", default_value = "HEAD")]
    head: String,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, Failure> {
    let repository = Repository::discover(&context.directory).map_err(git)?;
    let head = repository.resolve(&args.head).map_err(git)?;
    let base = args.base.as_deref().map(|base| repository.resolve(base)).transpose().map_err(git)?;
    let pin = pin(context, &repository, base.unwrap_or(head))?;
    let Checked { problems, files } = check(&repository, pin, base, head).map_err(git)?;
    match context.format {
        Format::Json => write!(context.out, "{}", problems.to_json())?,
        _ => {
            write!(context.err, "{}", problems.render(context.err_style))?;
            let (errors, warnings) = (problems.count(Severity::Error), problems.count(Severity::Warning));
            writeln!(context.out, "{files} governed files checked: {errors} errors, {warnings} warnings")?;
        }
    }
    Ok(if problems.has_errors() { Exit::Findings } else { Exit::Done })
}
