//! `tenure principals check`: problems of principals and their accounts.

use super::{update_files::managers, work_tree::WorkTreeData};
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, DiagnosticSeverity, Diagnostics, counted},
    format::codec,
    inventory::import::{manager_cycles, owners, unclaimed},
    model::{
        Timestamp,
        file::{AttributeValue, PrincipalKind, PrincipalRecord, PrincipalStatus},
    },
    policy::{attribute, unfit},
};
use std::collections::BTreeMap;

/// Report unassigned accounts, accounts assigned twice, unknown owners, and invalid attributes
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure principals check\n  tenure principals check --format json\n\nExit codes: 0 no findings · 3 findings"
)]
pub(super) struct PrincipalsCheckArgs {
    /// The age in days at which attributes count as stale
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    stale_days: i64,
}

pub(super) fn run(args: &PrincipalsCheckArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let work_tree = WorkTreeData::open(context)?;
    let now = context.clock.now();
    let mut problems = Diagnostics::new();
    for (path, file) in &work_tree.files {
        let text = codec::render(file);
        problems.extend(unfit(file).iter().map(|unfit| unfit.diagnostic(path, &text)));
        for entry in &file.principals {
            problems.extend(orphan(entry, path, &work_tree, now));
            problems.extend(stale(entry, path, args.stale_days, now));
        }
    }
    let homes: BTreeMap<&str, &str> = work_tree
        .files
        .iter()
        .flat_map(|(path, file)| file.principals.iter().map(move |entry| (entry.id.as_str(), path.as_str())))
        .collect();
    for finding in &work_tree.findings {
        let message = format!("{}: {}", finding.subject, finding.message);
        let problem = Diagnostic::error(finding.code, message).help(&finding.help);
        problems.push(match homes.get(finding.subject.as_str()) {
            Some(path) => problem.in_file(*path),
            None => problem,
        });
    }
    for cycle in manager_cycles(&managers(work_tree.people.entries())) {
        let first = cycle.members().first().and_then(|id| homes.get(id.as_str()));
        let problem = Diagnostic::error("manager-cycle", cycle.to_string());
        let problem = problem.help("correct `owner` of one of them; the head of an organization has no owner");
        problems.push(first.map_or(problem.clone(), |path| problem.in_file(*path)));
    }
    let all = work_tree.inventories();
    for loaded in &all {
        let system = loaded.inventory.system();
        for guess in unclaimed(loaded, &all, &work_tree.people) {
            let message = format!("no principal claims the account `{}` ({})", guess.subject, guess.name);
            let problem = Diagnostic::warning("account-uncorrelated", message);
            let problem = guess.reasons.iter().fold(problem, |problem, why| match &guess.whose {
                Some(whose) => problem.with_note(format!("perhaps {whose}: {why}")),
                None => problem.with_note(why),
            });
            problems.push(problem.help(format!("tenure principals import --from-system {system}")));
        }
    }
    for clash in work_tree.separation.clashes() {
        let message = format!("{} holds both sides of {clash}", clash.holder);
        problems.push(
            Diagnostic::warning("sod-violation", message).with_note(&clash.title).help("remove one of the two sides"),
        );
    }
    match context.format {
        OutputFormat::Json => write!(context.out, "{}", problems.to_json())?,
        _ => {
            write!(context.err, "{}", condensed(&problems).render(context.err_style))?;
            let (errors, warnings) =
                (problems.count(DiagnosticSeverity::Error), problems.count(DiagnosticSeverity::Warning));
            let entries = work_tree.people.entries().len();
            let found = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
            writeln!(context.out, "{} checked: {found}", counted(entries, "principal"))?;
        }
    }
    Ok(if problems.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
}

/// Returns the problems; of a code with many, only the first ones, with the number of the others.
fn condensed(problems: &Diagnostics) -> Diagnostics {
    let mut by_code: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    for problem in problems.sorted() {
        by_code.entry(problem.code).or_default().push(problem);
    }
    let mut shown = Diagnostics::new();
    for of_code in by_code.into_values() {
        let many = of_code.len();
        let first = if many > MANY { FIRST } else { many };
        for (number, problem) in (1..).zip(of_code.into_iter().take(first)) {
            let is_last = number == first && many > first;
            let rest =
                || format!("{} more of this kind; `tenure principals check --format json` lists them", many - first);
            shown.push(if is_last { problem.clone().with_note(rest()) } else { problem.clone() });
        }
    }
    shown
}

/// Returns a problem for a non-human principal without an active owner, with suggested owners.
fn orphan(entry: &PrincipalRecord, path: &str, work_tree: &WorkTreeData, now: Timestamp) -> Option<Diagnostic> {
    if entry.kind == PrincipalKind::Person || entry.status == PrincipalStatus::Left {
        return None;
    }
    let gone = |owner: &PrincipalRecord| owner.end_date.is_some_and(|end| end <= now);
    let owner = work_tree.people.active_owner(entry).filter(|owner| !gone(owner));
    if owner.is_some() {
        return None;
    }
    let message = match &entry.owner {
        None => format!("`{}` has no owner", entry.id),
        Some(owner) => format!("`{owner}`, the owner of `{}`, is not an active person", entry.id),
    };
    let guess = owners(entry, &work_tree.inventories(), &work_tree.people);
    let problem =
        guess.reasons.iter().fold(Diagnostic::error("owner-missing", message).in_file(path), |problem, why| {
            problem.with_note(match &guess.whose {
                Some(whose) => format!("perhaps {whose}: {why}"),
                None => why.clone(),
            })
        });
    Some(problem.help("find a person who agrees to own it, and write `owner = …`"))
}

/// Returns warnings for attributes whose date is older than this number of days.
fn stale(entry: &PrincipalRecord, path: &str, days: i64, now: Timestamp) -> Vec<Diagnostic> {
    let old = |name: &str, fact: &AttributeValue| match (attribute(name), fact) {
        (Some(attribute), AttributeValue::Text(day)) if attribute.name.ends_with("_days") => {
            Timestamp::parse(day).ok().map(|day| now.days_since(day)).filter(|age| *age > days)
        }
        _ => None,
    };
    let stale = entry.attributes.iter().filter_map(|(name, fact)| Some((name, old(name, fact)?)));
    stale
        .map(|(name, age)| {
            let message = format!("`{name}` of `{}` is {age} days old", entry.id);
            Diagnostic::warning("attribute-stale", message)
                .in_file(path)
                .help("verify the attribute, and write the current day")
        })
        .collect()
}

/// The number of problems of one code that are all printed.
const MANY: usize = 10;

/// The number of problems of one code that are printed if there are more.
const FIRST: usize = 3;
