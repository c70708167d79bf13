//! `tenure policy lint [FILES]`: reports unknown names, unreachable rules, retired controls, and rules without test
//! cases.

use super::source::{PolicyFiles, PolicyFilesError};
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{DiagnosticSeverity, Diagnostics, counted},
    policy::lint,
    report::{problems_markdown, problems_sarif},
};
use std::{io::Write, path::PathBuf};

/// Report unknown names, unreachable rules, retired controls, and rules without test cases
#[derive(Debug, clap::Args)]
#[command(
    after_help = "All files of a folder are read together; with FILE, only problems in these files are reported.\n\nExamples:\n  tenure policy lint\n  tenure policy lint policies/life.rules.toml\n  tenure policy lint --at HEAD --format json\n\nExit codes: 0 no errors · 1 a file cannot be read · 3 errors"
)]
pub(super) struct PolicyLintArgs {
    /// Report only problems in these files
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Read policies/ of this revision instead of the work tree
    #[arg(long, value_name = "REV", conflicts_with = "files")]
    at: Option<String>,
}

pub(super) fn run(args: &PolicyLintArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let books = match PolicyFiles::open(&args.files, args.at.as_deref(), context) {
        Ok(books) => books,
        Err(PolicyFilesError::Failed(failure)) => return Err(failure),
        // Malformed files are findings of this command as well.
        Err(PolicyFilesError::Form(problems)) => return report_problems(&problems, "policies", context),
    };
    let (from, only) = (books.from.clone(), books.only.clone());
    let problems: Diagnostics =
        lint(books.sources).into_iter().filter(|problem| PolicyFiles::is_asked(&only, problem)).collect();
    report_problems(&problems, &from, context)
}

fn report_problems(problems: &Diagnostics, from: &str, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match context.format {
        OutputFormat::Json => write!(context.out, "{}", problems.to_json())?,
        OutputFormat::Markdown => write!(context.out, "{}", problems_markdown(problems, from))?,
        OutputFormat::Sarif => context.json(&problems_sarif(problems))?,
        _ => {
            context.problems(problems)?;
            let (errors, warnings) =
                (problems.count(DiagnosticSeverity::Error), problems.count(DiagnosticSeverity::Warning));
            match (errors, warnings) {
                (0, 0) => writeln!(context.out, "{from}: no problems")?,
                _ => {
                    writeln!(context.out, "{from}: {}, {}", counted(errors, "error"), counted(warnings, "warning"))?;
                }
            }
        }
    }
    Ok(if problems.has_errors() { ExitStatus::Findings } else { ExitStatus::Done })
}
