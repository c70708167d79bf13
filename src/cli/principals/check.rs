//! `tenure principals check`: problems of principals and their accounts.

use super::work_tree::WorkTreeData;
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, DiagnosticSeverity, Diagnostics, counted},
    format::codec,
    inventory::import::{owners, unclaimed},
    model::{
        Timestamp,
        file::{AttributeValue, PrincipalKind, PrincipalRecord, PrincipalStatus},
    },
    policy::{attribute, unfit},
};

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
    for finding in &work_tree.findings {
        let message = format!("{}: {}", finding.subject, finding.message);
        problems.push(Diagnostic::error(finding.code, message).help(&finding.help));
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
            write!(context.err, "{}", problems.render(context.err_style))?;
            let (errors, warnings) =
                (problems.count(DiagnosticSeverity::Error), problems.count(DiagnosticSeverity::Warning));
            let entries = work_tree.people.entries().len();
            let found = format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
            writeln!(context.out, "{} checked: {found}", counted(entries, "principal"))?;
        }
    }
    Ok(if problems.is_empty() { ExitStatus::Done } else { ExitStatus::Findings })
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
