//! `tenure check [--base REV]`: verifies form, signatures and authority of a change before it is merged.

use super::{CliError, CommandContext, ExitStatus, OutputFormat, exception};
use crate::{
    app::{
        RepositorySession, RepositoryView, SystemChange, TrustHints, UntimelyFile, check_opening,
        evidence::{check_position_of_opening, check_positions_of_inventories, read_ledger_cached},
        joined, seal_differences, seal_problems, state_cache, system_changes, unsupported_verdicts, untimely,
    },
    campaign::file_warnings,
    diag::{Diagnostic, Diagnostics, counted},
    evidence::Ledger,
    forge::stale_generated_files,
    format::limits::MAX_FILE,
    git::{ObjectId, Repository},
    model::{PrincipalId, file::Campaign, history::EvidenceHistory},
    report::{problems_markdown, problems_sarif, problems_summary},
    store::{RepoPath, RepositorySnapshot},
    trust::{CheckReport, RepositoryState, check},
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
    let repository = Repository::discover(&context.directory)?;
    let head = repository.resolve(&args.head)?;
    let base = args.base.as_deref().map(|base| repository.resolve(base)).transpose()?;
    let pin = context.root_pin(&repository, base.unwrap_or(head))?;
    let cache = state_cache(&repository);
    let CheckReport { mut problems, files, governed, base: before, decided, terms, openings } =
        check(&repository, pin, base, head, Some(&cache))?;
    match governed.as_ref().filter(|_| base.is_none()) {
        Some(governed) => governed.reviews().iter().for_each(|review| {
            problems.extend(file_warnings(review.path(), review.value(), &terms));
        }),
        None => {
            let there = decided
                .iter()
                .filter_map(|path| Some((path, RepositorySnapshot::at(&repository, head).read(path).ok()?)));
            there.for_each(|(path, review)| problems.extend(file_warnings(path, review.value(), &terms)));
            if let Some(governed) = &governed {
                let view = RepositoryView::at(&repository, head, "the decisions").with_merged_systems(governed)?;
                problems.extend(unsupported_verdicts(&view, &decided));
            }
        }
    }
    // An exception lapses without a change, so exceptions are checked only together with the whole state.
    let known = base_with_evidence(base, before, context);
    if let Some(governed) = &governed {
        let none = EvidenceHistory::default();
        let history = known.as_ref().map_or(&none, |known| &known.history);
        problems.extend(untimely_in_change(governed, history, base, context)?);
        problems.extend(system_changes_in_change(&repository, governed, history, base)?);
    }
    if let Some(governed) = governed.filter(|_| base.is_none()) {
        problems.extend(exception::problems(
            &governed,
            &RepositoryView::at(&repository, head, "the exceptions"),
            context.clock.now(),
        ));
    }
    if let Some(KnownBase { ledger, .. }) = &known {
        problems.extend(check_positions_of_inventories(RepositorySnapshot::at(&repository, head), ledger)?);
    }
    for (campaign, worklists) in openings {
        let state_at = |commit| cache.state(&repository, pin, commit);
        problems.extend(check_opening(&repository, state_at, &campaign, worklists));
        if let Some(KnownBase { session, ledger, history }) = &known {
            problems.extend(check_position_of_opening(session, ledger, &campaign)?);
            problems.extend(unsealed(&repository, &campaign, history)?);
        }
    }
    problems.extend(stale_generated_files(&repository, base, head)?);
    let problems = explained(problems, RepositorySnapshot::at(&repository, head));
    if args.head == "HEAD" {
        note_uncommitted(&repository, context)?;
    }
    if let Some(path) = &args.sarif {
        context.file(path, &format!("{:#}\n", problems_sarif(&problems)))?;
    }
    show(&problems, files, context)?;
    Ok(if problems.has_errors() { ExitStatus::Findings } else { ExitStatus::Done })
}

/// The repository at the base of a change, and the evidence of the clone.
struct KnownBase {
    session: RepositorySession,
    ledger: Ledger,
    history: EvidenceHistory,
}

/// Returns the repository at the base, or at main, and the evidence of this clone, if it has valid evidence.
fn base_with_evidence(
    base: Option<ObjectId>,
    before: Option<RepositoryState>,
    context: &mut CommandContext,
) -> Option<KnownBase> {
    let session = match (before, base) {
        (Some(before), _) => context.open_cached_state(before),
        (None, base) => context.open_cached_session(base.map(|base| base.to_string()).as_deref()),
    };
    let session = session.ok()?;
    let (ledger, history) = read_ledger_cached(&session).ok()?;
    Some(KnownBase { session, ledger, history })
}

/// Returns the problems of files that are not made in time: of a change, if there is a base, as errors. Which campaigns are
/// closed is known from the evidence in this clone, if it has any; a run holds such decisions in any case.
fn untimely_in_change(
    governed: &RepositoryState,
    history: &EvidenceHistory,
    base: Option<ObjectId>,
    context: &CommandContext,
) -> Result<Diagnostics, CliError> {
    let merge = governed.head().map(|head| head.to_string());
    let found = untimely(governed, history, context.clock.now());
    let is_own = |file: &&UntimelyFile| base.is_none() || Some(&file.commit) == merge.as_ref();
    Ok(found.iter().filter(is_own).map(|file| file.problem(base.is_some())).collect())
}

/// Returns warnings about versions of systems that take effect while a campaign is open: those of a change, if there is a
/// base.
fn system_changes_in_change(
    repository: &Repository,
    governed: &RepositoryState,
    history: &EvidenceHistory,
    base: Option<ObjectId>,
) -> Result<Diagnostics, CliError> {
    let is_own = |change: &&SystemChange| base.is_none() || Some(change.commit) == governed.head();
    Ok(system_changes(repository, governed, history)?.iter().filter(is_own).map(SystemChange::warning).collect())
}

/// Returns the problems of the inventories that a campaign in a change pins: they must be those that jobs recorded.
fn unsealed(repository: &Repository, campaign: &Campaign, history: &EvidenceHistory) -> Result<Diagnostics, CliError> {
    let base = repository.resolve(&campaign.base)?;
    let view = RepositoryView::at(repository, base, format!("the opening of `{}`", campaign.id));
    Ok(seal_problems(seal_differences(&view, campaign, history)?))
}

/// Reduces the problems of a wrong pin to the pin, and names the permitted signers where signatures are missing.
fn explained(problems: Diagnostics, snapshot: RepositorySnapshot<'_>) -> Diagnostics {
    let is_pin = |problem: &Diagnostic| problem.code == "root-pin-mismatch";
    if problems.sorted().into_iter().any(is_pin) {
        return problems.into_iter().filter(is_pin).collect();
    }
    let read = |path: &str| snapshot.bytes(path, MAX_FILE as u64).ok().flatten();
    let hints = TrustHints::read(&read);
    let explain = |problem: Diagnostic| {
        if !UNSIGNED.contains(&problem.code) {
            return problem;
        }
        let Some((path, permitted)) = problem.file().and_then(|path| {
            let permitted = hints.permitted(path, &read(path)?)?;
            Some((path.to_owned(), permitted))
        }) else {
            return problem;
        };
        let signed = |name: &&PrincipalId| read(&format!("{path}.{name}.sig")).is_some();
        let missing: Vec<PrincipalId> = permitted.iter().filter(|name| !signed(name)).cloned().collect();
        if missing.is_empty() {
            return problem;
        }
        problem.with_note(format!("may sign: {}", joined(&missing))).help(format!("tenure sign {path}"))
    };
    problems.into_iter().map(explain).collect()
}

/// Writes a note if governed files of the work tree are not committed, since only commits are checked.
fn note_uncommitted(repository: &Repository, context: &mut CommandContext) -> Result<(), CliError> {
    let mut files = repository.uncommitted_files()?;
    files.retain(|path| RepoPath::of(path).is_governed());
    if files.is_empty() {
        return Ok(());
    }
    let verb = if files.len() == 1 { "is" } else { "are" };
    let message = format!("{} {verb} not committed and not checked", counted(files.len(), "governed file"));
    let shown = files.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = files.len().saturating_sub(MAX_SHOWN);
    let shown = if more > 0 { format!("{shown}, and {more} more") } else { shown };
    let note = Diagnostic::note("not-committed", message).with_note(shown);
    Ok(context.note(&note.help("git add and git commit, then check again"))?)
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

/// Codes of files that lack signatures.
const UNSIGNED: [&str; 4] = ["below-threshold", "not-by-reviewer", "not-in-group", "signer-not-named"];
/// The maximum number of files that a note lists.
const MAX_SHOWN: usize = 5;
