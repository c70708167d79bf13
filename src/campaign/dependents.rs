//! Dependents of a grant, as known from inventories and principals files. Unknowns are listed as such.

use super::memberships;
use crate::{
    inventory::IdentityDirectory,
    model::{
        Grant, GrantKind, Inventory,
        file::{AttributeValue, PrincipalRecord},
    },
};
use std::collections::BTreeSet;

/// Returns descriptions of the dependents of a removed grant, nearest first. The list is never empty: unknown
/// dependents are mentioned. `closes` is whether the account becomes unusable, as when it is disabled.
pub fn dependents(grant: &Grant, closes: bool, inventory: &Inventory, people: &IdentityDirectory) -> Vec<String> {
    let entry = people.identity_of(&format!("{}:{}", grant.system, grant.principal.id));
    let closes = closes && grant.kind == GrantKind::Account;
    let mut found = Vec::new();
    if closes {
        found.extend(held(grant, GrantKind::Ownership, "owned objects left behind:", inventory));
        found.extend(held(grant, GrantKind::Credential, "its credentials stop:", inventory));
    }
    // If the member is itself a role, all its members are affected.
    found.extend(named("affects the members:", memberships(inventory, &grant.principal.id).map(|g| &g.principal.name)));
    found.extend(entry.and_then(served));
    found.push(match entry.and_then(|entry| entry.attributes.get(SEEN)) {
        Some(AttributeValue::Texts(seen)) if seen.is_empty() => "no known consumers".to_owned(),
        Some(AttributeValue::Texts(seen)) => named("known consumers:", seen.iter()).unwrap_or_default(),
        _ => "consumers: unknown".to_owned(),
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

/// Returns `lead` with the first names and a count of the rest; `None` if there are no names.
fn named<'a>(lead: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: BTreeSet<&String> = names.collect();
    let shown: Vec<&str> = names.iter().take(MOST).map(|name| name.as_str()).collect();
    let more = names.len().checked_sub(MOST).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
    (!shown.is_empty()).then(|| format!("{lead} {}{}", shown.join(", "), more.unwrap_or_default()))
}

/// Maximum number of names in a line.
const MOST: usize = 8;
/// The attribute that lists the applications that use an identity.
const SEEN: &str = "usage.consumers";
