//! What depends on what a plan changes, as far as inventory and principals' files tell; what they do not tell is said.

use crate::{
    campaign::memberships,
    inventory::People,
    model::{
        Change, GrantKind, Inventory, Usage,
        action::Planned,
        file::{Fact, PrincipalEntry},
    },
};
use std::collections::BTreeSet;

/// Returns in words what hangs on the grant that an action changes, the nearest first. It is never empty: where nothing is
/// known, that is what it says.
pub(super) fn dependents(action: &Planned, inventory: Option<&Inventory>, people: &People) -> Vec<String> {
    let Some(inventory) = inventory else { return vec!["not known: the system has no inventory".to_owned()] };
    let entry = people.behind(&format!("{}:{}", action.grant.system, action.grant.principal.id));
    let mut found = Vec::new();
    found.extend(owned(action, inventory));
    found.extend(credentials(action, inventory));
    found.extend(members(action, inventory));
    found.extend(entry.and_then(served));
    found.push(match entry.and_then(|entry| entry.facts.get(SEEN)) {
        Some(Fact::Texts(seen)) if seen.is_empty() => "nothing was seen using it".to_owned(),
        Some(Fact::Texts(seen)) => named("seen using it:", seen.iter()).unwrap_or_default(),
        _ => "others that use it: not known".to_owned(),
    });
    found.push(match inventory.usage(&action.grant.key) {
        Usage::Unknown(because) => format!("last use: not known ({because})"),
        known => known.to_string(),
    });
    if !inventory.is_complete() {
        found.push("there may be more: the inventory is not complete".to_owned());
    }
    found
}

/// An account that is disabled or deleted leaves behind what it owns.
fn owned(action: &Planned, inventory: &Inventory) -> Option<String> {
    let of = inventory.of_principal(&action.grant.principal.id).filter(|grant| grant.kind == GrantKind::Ownership);
    closes_account(action).then(|| named("leaves behind:", of.map(|grant| &grant.entitlement.name)))?
}

/// Whatever logs in with one of its credentials stops.
fn credentials(action: &Planned, inventory: &Inventory) -> Option<String> {
    let of = inventory.of_principal(&action.grant.principal.id).filter(|grant| grant.kind == GrantKind::Credential);
    closes_account(action).then(|| named("its credentials stop:", of.map(|grant| &grant.entitlement.name)))?
}

/// A role that is itself a member loses for all who hold it.
fn members(action: &Planned, inventory: &Inventory) -> Option<String> {
    let members = memberships(inventory, &action.grant.principal.id);
    named("reaches its members:", members.map(|grant| &grant.principal.name))
}

fn served(entry: &PrincipalEntry) -> Option<String> {
    let told: Vec<&str> = [&entry.workload, &entry.purpose].into_iter().flatten().map(String::as_str).collect();
    (!told.is_empty()).then(|| format!("serves {}", told.join(": ")))
}

fn closes_account(action: &Planned) -> bool {
    action.grant.kind == GrantKind::Account && matches!(action.change, Change::Disable {} | Change::Revoke {})
}

/// Returns the names after `lead`, the first of them in full; nothing when there are none.
pub(super) fn named<'a>(lead: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: BTreeSet<&String> = names.collect();
    let shown: Vec<&str> = names.iter().take(MOST).map(|name| name.as_str()).collect();
    let more = names.len().checked_sub(MOST).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
    (!shown.is_empty()).then(|| format!("{lead} {}{}", shown.join(", "), more.unwrap_or_default()))
}

/// How many names one line has.
const MOST: usize = 8;
/// The attribute that tells which applications use an identity.
const SEEN: &str = "usage.consumers";
