//! `tenure exception list`: exceptions with their state.

use crate::{
    campaign::{ExceptionContext, ExceptionStatus, UNDECIDED, exception_findings, exceptions},
    cli::{CliError, CommandContext, ExitStatus, OutputFormat, session::RepositorySession},
    diag::{Diagnostic, Diagnostics},
    inventory,
    model::{Digest, Finding, Severity, SystemId, Timestamp, file::Exception},
    report::{OutputStyle, exceptions_human, exceptions_markdown, findings_human, findings_sarif},
    store::RepositorySnapshot,
    trust::{RepositoryState, TrustState},
};
use serde_json::json;
use std::{cell::RefCell, collections::BTreeMap};

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
    let session = RepositorySession::open_cached(context, None)?;
    let now = context.clock.now();
    let trust = session.trust()?;
    let standing = exception_statuses(&session.governed, trust, session.snapshot(), now);
    let findings = exception_findings(&standing, now);
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
/// an error; an exception that ends soon or whose item is undecided is a warning.
pub(in crate::cli) fn problems(
    governed: &RepositoryState,
    snapshot: RepositorySnapshot<'_>,
    now: Timestamp,
) -> Diagnostics {
    let diagnostic = |Finding { severity, code, subject, message, help }: Finding| {
        let problem = match severity {
            _ if code == UNDECIDED => Diagnostic::warning(code, message),
            Severity::Low => Diagnostic::warning(code, message),
            _ => Diagnostic::error(code, message),
        };
        problem.in_file(subject).help(help)
    };
    let Some(trust) = governed.trust() else { return Diagnostics::new() };
    exception_findings(&exception_statuses(governed, trust, snapshot, now), now).into_iter().map(diagnostic).collect()
}

/// Returns the status of every exception at a commit.
pub(in crate::cli) fn exception_statuses(
    governed: &RepositoryState,
    trust: &TrustState,
    snapshot: RepositorySnapshot<'_>,
    now: Timestamp,
) -> Vec<ExceptionStatus> {
    let known: RefCell<BTreeMap<SystemId, Option<Vec<Digest>>>> = RefCell::new(BTreeMap::new());
    let present = |exception: &Exception| {
        let (system, _) = exception.subject.split_once(':')?;
        let system = SystemId::parse(system).ok()?;
        let mut known = known.borrow_mut();
        let grants = known.entry(system).or_insert_with_key(|system| grants(snapshot, system));
        grants.as_ref().map(|grants| grants.binary_search(&exception.grant_digest).is_ok())
    };
    let ledger = ExceptionContext {
        exceptions: governed.exceptions(),
        proofs: governed.proofs(),
        mandate: trust.mandate().file(),
        present: &present,
        unanswered: &|item| governed.unanswered(item).map(|close| close.path().to_owned()),
        now,
    };
    exceptions(&ledger)
}

/// Returns the digests of all grants of a system, sorted; `None` if its inventory is unreadable or partial.
fn grants(snapshot: RepositorySnapshot<'_>, system: &SystemId) -> Option<Vec<Digest>> {
    let loaded = inventory::load(&snapshot, system).ok().filter(|loaded| loaded.inventory.is_complete())?;
    let mut digests: Vec<_> = loaded.inventory.grants().map(crate::model::Grant::digest).collect();
    digests.sort_unstable();
    Some(digests)
}
