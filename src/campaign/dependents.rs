//! What depends on a grant, as far as inventory and principals' files tell; what they do not tell is said.

use super::memberships;
use crate::{
    inventory::IdentityDirectory,
    model::{
        Grant, GrantKind, Inventory,
        file::{AttributeValue, PrincipalRecord},
    },
};
use std::collections::BTreeSet;

/// Returns in words what hangs on a grant that goes, the nearest first. It is never empty: where nothing is known, that is
/// what it says. `closes` is whether an account that goes can be used no more, as when it is disabled.
pub fn dependents(grant: &Grant, closes: bool, inventory: &Inventory, people: &IdentityDirectory) -> Vec<String> {
    let entry = people.behind(&format!("{}:{}", grant.system, grant.principal.id));
    let closes = closes && grant.kind == GrantKind::Account;
    let mut found = Vec::new();
    if closes {
        found.extend(held(grant, GrantKind::Ownership, "leaves behind:", inventory));
        found.extend(held(grant, GrantKind::Credential, "its credentials stop:", inventory));
    }
    // A role that is itself a member loses for all who hold it.
    found.extend(named("reaches its members:", memberships(inventory, &grant.principal.id).map(|g| &g.principal.name)));
    found.extend(entry.and_then(served));
    found.push(match entry.and_then(|entry| entry.facts.get(SEEN)) {
        Some(AttributeValue::Texts(seen)) if seen.is_empty() => "nothing was seen using it".to_owned(),
        Some(AttributeValue::Texts(seen)) => named("seen using it:", seen.iter()).unwrap_or_default(),
        _ => "others that use it: not known".to_owned(),
    });
    found
}

fn held(grant: &Grant, kind: GrantKind, lead: &str, inventory: &Inventory) -> Option<String> {
    let of = inventory.of_principal(&grant.principal.id).filter(|held| held.kind == kind);
    named(lead, of.map(|held| &held.entitlement.name))
}

fn served(entry: &PrincipalRecord) -> Option<String> {
    let told: Vec<&str> = [&entry.workload, &entry.purpose].into_iter().flatten().map(String::as_str).collect();
    (!told.is_empty()).then(|| format!("serves {}", told.join(": ")))
}

/// Returns the names after `lead`, the first of them in full; nothing when there are none.
fn named<'a>(lead: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: BTreeSet<&String> = names.collect();
    let shown: Vec<&str> = names.iter().take(MOST).map(|name| name.as_str()).collect();
    let more = names.len().checked_sub(MOST).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
    (!shown.is_empty()).then(|| format!("{lead} {}{}", shown.join(", "), more.unwrap_or_default()))
}

/// How many names one line has.
const MOST: usize = 8;
/// The attribute that tells which applications use an identity.
const SEEN: &str = "usage.consumers";
