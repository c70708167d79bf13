//! Diff of the state of a system before and as expected after a plan.

use super::table::OutputStyle;
use crate::{
    diag::escape,
    model::{Attributes, ExpectedState, Grant, Inventory, action::ActionSpec},
};
use similar::{ChangeTag, TextDiff};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the diff of the grants of the affected principals, before and as expected after. Lines are `principal:
/// entitlement [attributes]`.
pub fn changes(actions: &[&ActionSpec], inventory: Option<&Inventory>, style: OutputStyle) -> String {
    let (before, after) = states(actions, inventory);
    let mut text = String::new();
    for change in TextDiff::from_lines(&before, &after).iter_all_changes() {
        let line = change.value().trim_end_matches('\n');
        let shown = match change.tag() {
            ChangeTag::Delete => style.bad(&format!("- {line}")),
            ChangeTag::Equal => format!("  {line}"),
            ChangeTag::Insert => style.good(&format!("+ {line}")),
        };
        text.push_str(&shown);
        text.push('\n');
    }
    text
}

fn states(actions: &[&ActionSpec], inventory: Option<&Inventory>) -> (String, String) {
    let touched: BTreeMap<&str, &ActionSpec> =
        actions.iter().map(|action| (action.grant.key.as_str(), *action)).collect();
    let principals: BTreeSet<&str> = actions.iter().map(|action| action.grant.principal.id.as_str()).collect();
    let mut lines: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for grant in inventory.iter().flat_map(|inventory| principals.iter().flat_map(|id| inventory.of_principal(id))) {
        if !touched.contains_key(grant.key.as_str()) {
            let line = line_of(grant, &grant.attributes);
            lines.insert((line.clone(), Some(line)));
        }
    }
    for action in actions {
        let before = line_of(&action.grant, &action.grant.attributes);
        let after = match &action.expects {
            ExpectedState::Absent => None,
            ExpectedState::Replaced => Some(format!("{before} (new secret)")),
            ExpectedState::Shows(attributes) => {
                let mut all = action.grant.attributes.clone();
                all.extend(attributes.clone());
                Some(line_of(&action.grant, &all))
            }
        };
        lines.insert((before, after));
    }
    let mut texts = (String::new(), String::new());
    for (before, after) in lines {
        texts.0.push_str(&before);
        texts.0.push('\n');
        if let Some(after) = after {
            texts.1.push_str(&after);
            texts.1.push('\n');
        }
    }
    texts
}

fn line_of(grant: &Grant, attributes: &Attributes) -> String {
    let mut line = format!("{}: {}", grant.principal.name, grant.entitlement.name);
    if !attributes.is_empty() {
        let shown: Vec<_> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
        line.push_str(&format!(" [{}]", shown.join(", ")));
    }
    escape(&line).into_owned()
}
