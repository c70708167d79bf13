//! `tenure exception list`: exceptions with their state.

use crate::{
    app::{RepositoryView, exception_statuses},
    campaign::{ExceptionStatus, UNDECIDED, exception_findings},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, Diagnostics},
    model::{Finding, Severity, Timestamp},
    report::{OutputStyle, exceptions_human, exceptions_markdown, findings_human, findings_sarif},
    trust::RepositoryState,
};
use serde_json::json;

/// List the exceptions and their state: in force, lapsed, renewed, control not tested
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure exception list\n  tenure exception list --all --format markdown   # the monthly list for approvers\n\nExit codes: 0 no findings · 3 an exception has lapsed, its control is not tested, or its item is not decided"
)]
pub(super) struct ExceptionListArgs {
    /// Include exceptions that were renewed, or whose access is gone
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &ExceptionListArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(None)?;
    let now = context.clock.now();
    let trust = session.trust()?;
    let standing = exception_statuses(&session.governed, trust, &session.view("the exceptions"), now)?;
    let mut findings = exception_findings(&standing, now);
    trust.mandate().file().raise(&mut findings);
    let worth = |one: &&ExceptionStatus| {
        args.all || exception_findings(&[(*one).clone()], now).len() == 1 || one.validity.holds()
    };
    let shown: Vec<_> = standing.iter().filter(worth).cloned().collect();
    match context.format {
        OutputFormat::Json => context.json(&json!({"exceptions": shown, "findings": findings}))?,
        OutputFormat::Markdown => write!(context.out, "{}", exceptions_markdown(&shown))?,
        OutputFormat::Sarif => context.json(&findings_sarif(&findings))?,
        OutputFormat::Github | OutputFormat::Human => {
            let style = OutputStyle::new(context.out_style);
            write!(context.out, "{}{}", exceptions_human(&shown, style), findings_human(&findings, style))?;
        }
    }
    let wrong = findings.iter().any(|finding| finding.code != "exception-ends-soon");
    Ok(if wrong { ExitStatus::Findings } else { ExitStatus::Done })
}

/// Returns the problems of the exceptions at a commit, for `tenure check`. A lapsed exception or an untested control is
/// an error; an exception that ends soon or whose item is undecided is a warning. An inventory that cannot be read is
/// a problem as well.
pub(in crate::cli) fn problems(governed: &RepositoryState, view: &RepositoryView<'_>, now: Timestamp) -> Diagnostics {
    let diagnostic = |Finding { severity, code, subject, message, help }: Finding| {
        let problem = match severity {
            _ if code == UNDECIDED => Diagnostic::warning(code, message),
            Severity::Low => Diagnostic::warning(code, message),
            _ => Diagnostic::error(code, message),
        };
        problem.in_file(subject).help(help)
    };
    let Some(trust) = governed.trust() else { return Diagnostics::new() };
    match exception_statuses(governed, trust, view, now) {
        Ok(statuses) => exception_findings(&statuses, now).into_iter().map(diagnostic).collect(),
        Err(error) => error.problems,
    }
}
