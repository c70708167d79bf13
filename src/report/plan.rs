//! Plans as a table per system with a state diff, and as JSON.

use super::held::{ItemNames, write_held};
use super::{state_diff::changes, table::OutputStyle};
use crate::{
    diag::{counted, escape},
    inventory::IdentityDirectory,
    model::{Inventory, SurvivalKind, SystemId, action::ActionSpec},
    plan::{GuardrailViolation, NoteCode, Plan},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write};

/// Context of a plan for display.
#[derive(Clone, Copy)]
pub struct PlanView<'a> {
    /// The inventories from which the plan was computed.
    pub inventories: &'a BTreeMap<SystemId, &'a Inventory>,
    /// The identities, for dependents.
    pub people: &'a IdentityDirectory,
    /// The tripped guardrails.
    pub trips: &'a [GuardrailViolation],
    /// The names of the held items.
    pub items: &'a ItemNames,
}

/// Returns the plan as text for a terminal.
pub fn plan_human<S>(plan: &Plan<S>, show: PlanView<'_>, style: OutputStyle) -> String {
    let mut text = String::new();
    for (system, actions) in by_system(plan.actions()) {
        let _ = writeln!(text, "{}", style.heading(&format!("{system}: {}", counted(actions.len(), "action"))));
        text.push_str(&style.table(COLUMNS, actions.iter().map(|action| row(action))));
        let _ = writeln!(text, "{}", style.heading("operations, in this order"));
        for action in &actions {
            for operation in &action.operations {
                let _ = writeln!(text, "  {}", escape(&operation.text));
            }
        }
        let _ = writeln!(text, "{}", style.heading("before → after"));
        text.push_str(&changes(&actions, show.inventories.get(system).copied(), style));
        warnings(&mut text, &actions, style);
        text.push('\n');
    }
    write_held(&mut text, plan.held(), show.items, style);
    for note in plan.notes() {
        let word = match note.code {
            NoteCode::SodViolationRemains => style.warning(note.code.words()),
            NoteCode::SodViolationCreated => style.bad(note.code.words()),
            NoteCode::SodViolationResolved => style.good(note.code.words()),
        };
        let _ = writeln!(text, "{word}: {}", escape(&note.text));
    }
    for trip in show.trips {
        let _ = writeln!(text, "{} {}: {}", style.bad("guardrail"), trip.code, escape(&trip.message));
        let _ = writeln!(text, "          {}", escape(&trip.help));
    }
    let held = if plan.held().is_empty() { String::new() } else { format!(", {} held", plan.held().len()) };
    let _ = writeln!(text, "{}{held} · plan {}", counted(plan.actions().len(), "action"), plan.digest());
    text
}

fn warnings(text: &mut String, actions: &[&ActionSpec], style: OutputStyle) {
    for action in actions {
        let name = escape(&action.grant.principal.name).into_owned();
        if let Some(what) = &action.irreversible {
            let _ = writeln!(text, "{} {name}: {}", style.warning("cannot be undone"), escape(what));
        }
        for path in &action.survives {
            let word = match path.verdict {
                SurvivalKind::Kept | SurvivalKind::Left => style.warning("remains"),
                SurvivalKind::StillPresent | SurvivalKind::Unknown => style.bad("remains"),
            };
            let _ = writeln!(text, "{word} {name}: {}", escape(&path.to_string()));
        }
    }
}

/// Returns the plan as JSON: `{digest, plan, trips}`; `digest` covers the canonical bytes of `plan`.
pub fn plan_json<S>(plan: &Plan<S>, show: PlanView<'_>) -> Value {
    let document: Value = serde_json::from_slice(plan.bytes()).unwrap_or(Value::Null);
    let trips: Vec<_> =
        show.trips.iter().map(|t| json!({"code": t.code, "help": t.help, "message": t.message})).collect();
    json!({"digest": plan.digest(), "plan": document, "trips": trips})
}

const COLUMNS: &[&str] = &["action", "verb", "principal", "entitlement", "tier", "decided by", "expected after"];

pub(super) fn row(action: &ActionSpec) -> Vec<String> {
    vec![
        short(action),
        action.change.to_string(),
        action.grant.principal.name.clone(),
        action.grant.entitlement.name.clone(),
        action.grant.tier.to_string(),
        decided_by(action),
        action.expects.to_string(),
    ]
}

/// Returns the abbreviated id of an action.
pub(super) fn short(action: &ActionSpec) -> String {
    action.id.as_str().chars().take(12).collect()
}

/// Returns the deciders. A no-response outcome is not a decision of a person: a campaign owner signed the list of
/// unanswered items.
fn decided_by(action: &ActionSpec) -> String {
    let signers = action.basis.signers.join(", ");
    if action.basis.decided.is_by_people() { signers } else { format!("no response, signed by {signers}") }
}

pub(super) fn by_system(actions: &[ActionSpec]) -> BTreeMap<&SystemId, Vec<&ActionSpec>> {
    let mut systems: BTreeMap<&SystemId, Vec<&ActionSpec>> = BTreeMap::new();
    for action in actions {
        systems.entry(&action.grant.system).or_default().push(action);
    }
    systems
}
