//! `tenure check [--base REV]`

use super::{
    Context, Exit, Failure, Format,
    session::{git, pin},
};
use crate::{
    diag::{Diagnostics, Severity},
    git::Repository,
    model::{self, Finding},
    report::{cell, findings_sarif},
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
        Format::Markdown => write!(context.out, "{}", markdown(&problems, files))?,
        Format::Sarif => context.json(&findings_sarif(&findings(&problems)))?,
        Format::Human => {
            write!(context.err, "{}", problems.render(context.err_style))?;
            writeln!(context.out, "{}", summary(&problems, files))?;
        }
    }
    Ok(if problems.has_errors() { Exit::Findings } else { Exit::Done })
}

fn summary(problems: &Diagnostics, files: usize) -> String {
    let count = |severity, one: &str| match problems.count(severity) {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    };
    let (errors, warnings) = (count(Severity::Error, "error"), count(Severity::Warning, "warning"));
    format!("{files} governed files checked: {errors}, {warnings}")
}

/// A table for a pull request; a comment there has an end, and so has this.
fn markdown(problems: &Diagnostics, files: usize) -> String {
    let mut text = format!("### Tenure: {}\n", summary(problems, files));
    let sorted = problems.sorted();
    if !sorted.is_empty() {
        text.push_str("\n| | where | what | next |\n|---|---|---|---|\n");
    }
    for problem in sorted.iter().take(MAX_ROWS) {
        let line = problem.line().map(|line| format!(" line {line}")).unwrap_or_default();
        let place = format!("{}{line}", problem.file().unwrap_or_default());
        let help = problem.help.as_deref().unwrap_or_default();
        let head = format!("{} {}", problem.severity.as_str(), problem.code);
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            cell(&head),
            cell(&place),
            cell(&problem.message),
            cell(help)
        ));
    }
    if sorted.len() > MAX_ROWS {
        text.push_str(&format!("\nand {} more: `tenure check`\n", sorted.len() - MAX_ROWS));
    }
    text
}

fn findings(problems: &Diagnostics) -> Vec<Finding> {
    let finding = |problem: &&crate::diag::Diagnostic| Finding {
        severity: match problem.severity {
            Severity::Error => model::Severity::High,
            Severity::Warning => model::Severity::Medium,
            Severity::Note => model::Severity::Low,
        },
        code: problem.code,
        subject: match (problem.file(), problem.line()) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.to_owned(),
            (None, _) => String::new(),
        },
        message: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    };
    problems.sorted().iter().map(finding).collect()
}

const MAX_ROWS: usize = 50;
