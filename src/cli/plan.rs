//! `tenure plan [SYSTEM…]`: shows the changes that signed decisions require. It reads only the clone, and opens no
//! connection to a target.

use super::{CliError, CommandContext, ExitStatus, OutputFormat, evidence};
use crate::{
    app::{
        PlanContext, ReappearedAccess, RepositorySession, cleared_plan, evidence::read_cached, reappeared, untimely,
    },
    diag::Diagnostics,
    model::{Inventory, SystemId, Timestamp, history::EvidenceHistory},
    plan::{HeldDecision, Plan},
    report::{ItemNames, OutputStyle, PlanView, plan_human, plan_json, plan_markdown},
};
use std::collections::{BTreeMap, BTreeSet};

/// Show what signed decisions would change, and change nothing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  tenure plan                      all decisions that are not confirmed yet\n  tenure plan web-1 --format json  one system, for programs\n  tenure plan --at HEAD --format markdown >> comment.md\n\nExit codes: 0 within the guardrails · 3 a guardrail is exceeded, or a system file is invalid"
)]
pub(super) struct PlanArgs {
    /// Only these systems
    systems: Vec<SystemId>,
    /// Plan for this revision instead of the head of main
    #[arg(long, value_name = "REV")]
    at: Option<String>,
}

pub(super) fn run(args: &PlanArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    let session = context.open_cached_session(args.at.as_deref())?;
    session.ensure_trusted()?;
    let history = read_cached(&session)?;
    evidence::note_if_missing(&session, context)?;
    let view = session.view("the plan");
    let assembly = PlanContext::load(&view, &session.settings_dir(), &args.systems)?;
    let warnings = untimely_warnings(&session, &history, context.clock.now());
    context.problems(&warnings)?;
    match cleared_plan(&session, &assembly, &history, context.clock.now())? {
        Ok(plan) => {
            context.problems(&reappeared_warnings(&plan, &assembly, &history))?;
            show(&plan, &[], &session, &assembly, context)?;
            exit_with(ExitStatus::Done, &assembly, context)
        }
        Err(tripped) => {
            show(&tripped.plan, &tripped.trips, &session, &assembly, context)?;
            exit_with(ExitStatus::Findings, &assembly, context)
        }
    }
}

/// Returns warnings about decisions and stage closes that were not made in time, and are therefore not in force.
pub(super) fn untimely_warnings(session: &RepositorySession, history: &EvidenceHistory, now: Timestamp) -> Diagnostics {
    untimely(&session.governed, history, now).iter().map(|file| file.problem(false)).collect()
}

/// Returns warnings about access that a later inventory shows, although a read confirmed its removal.
pub(super) fn reappeared_warnings<S>(
    plan: &Plan<S>,
    assembly: &PlanContext<'_>,
    history: &EvidenceHistory,
) -> Diagnostics {
    reappeared(plan, assembly, history).iter().map(ReappearedAccess::problem).collect()
}

/// Reports the invalid system files, and returns the exit status: with such files, success is one with findings.
pub(super) fn exit_with(
    exit: ExitStatus,
    assembly: &PlanContext<'_>,
    context: &mut CommandContext,
) -> Result<ExitStatus, CliError> {
    let problems: Diagnostics = assembly.refused.values().flat_map(Diagnostics::clone).collect();
    if problems.is_empty() {
        return Ok(exit);
    }
    // The answer is on stdout in every format.
    write!(context.err, "{}", problems.render(context.err_style))?;
    context.annotate(&problems)?;
    Ok(if exit == ExitStatus::Done { ExitStatus::Findings } else { exit })
}

/// Returns the names of held items, from the reviews.
pub(super) fn held_items(session: &RepositorySession, held: &[HeldDecision]) -> ItemNames {
    let held: BTreeSet<_> = held.iter().map(|held| held.item).collect();
    let items = session.governed.reviews().iter().flat_map(|review| &review.items);
    let items = items.filter(|item| held.contains(&item.id));
    items.map(|item| (item.id, (item.principal.clone(), item.entitlement.clone()))).collect()
}

/// Writes a plan in the requested format.
pub(super) fn show<S>(
    plan: &Plan<S>,
    trips: &[crate::plan::GuardrailViolation],
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    context: &mut CommandContext,
) -> Result<(), CliError> {
    let inventories: BTreeMap<SystemId, &Inventory> =
        assembly.inventories.iter().map(|(id, loaded)| (id.clone(), &loaded.inventory)).collect();
    let items = held_items(session, plan.held());
    let shown = PlanView { inventories: &inventories, people: assembly.people, trips, items: &items };
    match context.format {
        OutputFormat::Json => context.json(&plan_json(plan, shown))?,
        OutputFormat::Markdown => write!(context.out, "{}", plan_markdown(plan, shown))?,
        OutputFormat::Github | OutputFormat::Human | OutputFormat::Sarif => {
            let style = OutputStyle::new(context.out_style);
            write!(context.out, "{}", plan_human(plan, shown, style))?;
            context.summarize(&plan_markdown(plan, shown))?;
        }
    }
    Ok(())
}
