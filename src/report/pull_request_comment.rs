//! Plan as a pull request comment: actions, losses, dependents and irreversible effects.

use super::{
    bounded_page::{PageTable, page},
    held::item_name,
    plan::{self, PlanView, by_system, short},
};
use crate::{
    campaign::dependents,
    diag::counted,
    model::{
        AccessChange, SurvivalKind, SystemId, Tier, Usage,
        action::{AccessLoss, ActionSpec},
    },
    plan::Plan,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Returns the plan for a pull request in at most [`super::MAX_MARKDOWN`] bytes. It starts with a constant marker, so
/// that a later comment can replace an earlier one, and ends with the digest of the plan.
pub fn plan_markdown<S>(plan: &Plan<S>, show: PlanView<'_>) -> String {
    let actions = plan.actions();
    let words = |text: &str| text.to_owned();
    let stopped = show.trips.iter().map(|trip| vec![words(trip.code), trip.message.clone(), trip.help.clone()]);
    let held = plan.held().iter();
    let held = held.map(|held| {
        vec![held.system.to_string(), item_name(show.items, &held.item), held.why.clone(), held.next.clone()]
    });
    let notes = plan.notes().iter().map(|note| vec![words(note.code.words()), note.text.clone()]);
    let tables = [
        PageTable::new("Tripped guardrails", &["guardrail", "why", "next"], stopped),
        PageTable::new("Systems", &["system", "actions", "T0 and T1", "holders"], systems(actions).into_iter()),
        PageTable::new("Cannot be undone", TOLD, limited_lines(actions, |action| action.irreversible.iter())),
        PageTable::new(
            "Access that remains after the change",
            TOLD,
            limited_lines(actions, |action| action.survives.iter()),
        ),
        PageTable::new("Held", &["system", "item", "why", "next"], held),
        PageTable::new("Separation of duties", &["", "principals with both sides"], notes),
        PageTable::new("Actions", ACTIONS, sorted(actions).map(row)),
        PageTable::new("Blast radius", BLAST, sorted(actions).map(|action| blast(action, show))),
    ];
    page(&format!("{MARKER}\n### Tenure plan: {}\n\n", heading(plan)), &tables, &format!("plan `{}`\n", plan.digest()))
}

/// The summary line.
fn heading<S>(plan: &Plan<S>) -> String {
    let actions = plan.actions();
    let mut text = counted(actions.len(), "action");
    if !actions.is_empty() {
        let _ = write!(text, " on {}", counted(by_system(actions).len(), "system"));
    }
    let losing: BTreeSet<_> = actions.iter().flat_map(losers).collect();
    if !losing.is_empty() {
        let _ = write!(text, ", {} losing access", counted(losing.len(), "holder"));
    }
    let count = |kinds: &[SurvivalKind]| {
        let has = |action: &&ActionSpec| action.survives.iter().any(|path| kinds.contains(&path.verdict));
        actions.iter().filter(has).count()
    };
    let numbers = [
        (actions.iter().filter(|action| action.irreversible.is_some()).count(), "cannot be undone"),
        (count(&[SurvivalKind::StillPresent, SurvivalKind::Unknown]), "will survive"),
        (count(&[SurvivalKind::Kept]), "will be kept by another decision"),
        (plan.held().len(), "held"),
    ];
    for (number, what) in numbers.iter().filter(|(number, _)| *number > 0) {
        let _ = write!(text, ", {number} {what}");
    }
    text
}

fn losers(action: &ActionSpec) -> impl Iterator<Item = (&str, &str)> {
    action.loses.iter().map(|loss| (action.grant.system.as_str(), loss.principal.as_str()))
}

/// One row for each system, if there are several.
fn systems(actions: &[ActionSpec]) -> Vec<Vec<String>> {
    let systems = by_system(actions);
    if systems.len() < 2 {
        return Vec::new();
    }
    let row = |system: &SystemId, actions: &[&ActionSpec]| {
        let high = actions.iter().filter(|action| matches!(action.grant.tier, Tier::T0 | Tier::T1)).count();
        let holders: BTreeSet<_> = actions.iter().map(|action| &action.grant.principal.id).collect();
        vec![system.to_string(), actions.len().to_string(), high.to_string(), holders.len().to_string()]
    };
    systems.iter().map(|(system, actions)| row(system, actions)).collect()
}

/// The actions by system, in plan order.
fn sorted(actions: &[ActionSpec]) -> impl Iterator<Item = &ActionSpec> {
    by_system(actions).into_values().flatten()
}

fn limited_lines<'a, L>(
    actions: &'a [ActionSpec],
    lines: impl Fn(&'a ActionSpec) -> L,
) -> impl Iterator<Item = Vec<String>>
where
    L: Iterator<Item: ToString>,
{
    sorted(actions).flat_map(move |action| {
        lines(action).map(|line| vec![short(action), action.grant.principal.name.clone(), line.to_string()])
    })
}

fn row(action: &ActionSpec) -> Vec<String> {
    [vec![action.grant.system.to_string()], plan::row(action)].concat()
}

fn blast(action: &ActionSpec, show: PlanView<'_>) -> Vec<String> {
    let loses = match (action.loses.is_empty(), action.operations.is_empty()) {
        (true, true) => "none: the access is already gone and is verified again".to_owned(),
        (true, false) => "none known to the inventory".to_owned(),
        _ => losses(&action.loses),
    };
    vec![short(action), action.grant.principal.name.clone(), loses, depends(action, show).join("; ")]
}

/// Returns dependents and last use of the changed grant, and whether they may be incomplete.
fn depends(action: &ActionSpec, show: PlanView<'_>) -> Vec<String> {
    let Some(inventory) = show.inventories.get(&action.grant.system) else {
        return vec!["unknown: the system has no inventory".to_owned()];
    };
    let closes = matches!(action.change, AccessChange::Disable {} | AccessChange::Revoke {});
    let mut found = dependents(&action.grant, closes, inventory, show.people);
    found.push(match inventory.usage(&action.grant.key) {
        Usage::Unknown(because) => format!("last use: unknown ({because})"),
        known => known.to_string(),
    });
    if !inventory.is_complete() {
        found.push("possibly more: the inventory is incomplete".to_owned());
    }
    found
}

/// Returns the losses by holder: the first ones in full, the others counted.
fn losses(losses: &[AccessLoss]) -> String {
    let mut holders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for loss in losses {
        holders.entry(&loss.principal).or_default().push(&loss.entitlement);
    }
    let told: Vec<_> = holders.iter().take(MOST).map(|(holder, lost)| format!("{holder}: {}", first(lost))).collect();
    let more = holders.len().checked_sub(MOST).filter(|more| *more > 0);
    format!(
        "{}{}",
        told.join("; "),
        more.map(|more| format!("; and {}", counted(more, "other holder"))).unwrap_or_default()
    )
}

fn first(lost: &[&str]) -> String {
    let more = lost.len().checked_sub(MOST).filter(|more| *more > 0);
    let shown: Vec<_> = lost.iter().take(MOST).copied().collect();
    format!("{}{}", shown.join(", "), more.map(|more| format!(" and {more} more")).unwrap_or_default())
}

const MARKER: &str = "<!-- tenure:plan -->";
const TOLD: &[&str] = &["action", "holder", "what"];
const ACTIONS: &[&str] =
    &["system", "action", "change", "holder", "entitlement", "tier", "decided by", "expected after"];
const BLAST: &[&str] = &["action", "holder", "who loses what", "dependents"];
/// Maximum number of holders in one row, and of losses of each.
const MOST: usize = 4;

#[cfg(test)]
#[path = "comment_tests.rs"]
mod tests;
