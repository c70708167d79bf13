//! Suggests owners of uncorrelated accounts and of principals without an owner, each with reasons. Suggestions are
//! shown to people; they never assign anything.

use crate::{
    inventory::{IdentityDirectory, LoadedInventory},
    model::{
        Grant, GrantKind, PrincipalId,
        file::{PrincipalKind, PrincipalRecord},
    },
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A suggestion.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CorrelationSuggestion {
    /// The subject: an account `<system>:<immutable id>`, or a principal id.
    pub subject: String,
    /// The display name.
    pub name: String,
    /// The suggested principal; `None` if no principal matches.
    pub whose: Option<PrincipalId>,
    /// The reasons.
    pub reasons: Vec<String>,
}

/// Returns the uncorrelated accounts of a system, each with a suggested principal, matched by name, by the name of an
/// account on another system, by a shared key, or by the comment of a key. `others` are the inventories of all systems.
pub fn unclaimed(
    loaded: &LoadedInventory,
    others: &[&LoadedInventory],
    people: &IdentityDirectory,
) -> Vec<CorrelationSuggestion> {
    let names = names(others, people);
    let keys = keys(others, people);
    let inventory = &loaded.inventory;
    let accounts = inventory.grants().filter(|grant| grant.kind == GrantKind::Account);
    let nobodys = accounts.filter(|grant| people.claimants(&subject(grant)).is_empty());
    nobodys
        .map(|account| {
            let name = plain(&account.principal.name);
            let mut reasons: Vec<(PrincipalId, String)> = Vec::new();
            reasons.extend(names.get(&name).into_iter().flatten().cloned());
            for key in inventory.of_principal(&account.principal.id).filter(|held| held.kind == GrantKind::Credential) {
                if let Some((id, where_)) = fingerprint(loaded, key).and_then(|print| keys.get(print)) {
                    reasons.push((
                        id.clone(),
                        format!("one of its keys also opens {where_}, an account of this principal"),
                    ));
                }
                let note = key.entitlement.name.rsplit(' ').next().unwrap_or_default();
                let noted = names.get(&plain(note)).into_iter().flatten().find(|_| note.contains('@'));
                if let Some((id, _)) = noted {
                    reasons.push((id.clone(), format!("the comment of one of its keys is `{note}`")));
                }
            }
            proposal(subject(account), account.principal.name.clone(), reasons)
        })
        .collect()
}

/// Returns suggested owners for a principal without an active owner: the grantors of its access, and members of its
/// team.
pub fn owners(
    entry: &PrincipalRecord,
    inventories: &[&LoadedInventory],
    people: &IdentityDirectory,
) -> CorrelationSuggestion {
    let mut reasons: Vec<(PrincipalId, String)> = Vec::new();
    for subject in &entry.accounts {
        let Some((system, principal)) = subject.split_once(':') else { continue };
        let Some(loaded) = inventories.iter().find(|held| held.inventory.system().as_str() == system) else { continue };
        let Some(connector) = loaded.connector() else { continue };
        for grant in loaded.inventory.of_principal(principal) {
            let by = connector.grant(grant).granted_by.and_then(|by| people.identity_of(&format!("{system}:{by}")));
            if let Some(by) = by.filter(|by| is_here(by, people)) {
                reasons.push((by.id.clone(), format!("granted `{}` to it", grant.entitlement.name)));
            }
        }
    }
    if let Some(team) = &entry.team {
        let of_team = people.entries().filter(|one| one.team.as_ref() == Some(team) && is_here(one, people));
        reasons.extend(of_team.map(|one| (one.id.clone(), format!("member of the same team, {team}"))));
    }
    proposal(entry.id.to_string(), entry.purpose.clone().unwrap_or_default(), reasons)
}

/// Returns the candidate with the most reasons; `None` on a tie.
fn proposal(subject: String, name: String, reasons: Vec<(PrincipalId, String)>) -> CorrelationSuggestion {
    let mut by: BTreeMap<PrincipalId, Vec<String>> = BTreeMap::new();
    for (id, why) in reasons {
        let known = by.entry(id).or_default();
        if !known.contains(&why) {
            known.push(why);
        }
    }
    let most = by.values().map(Vec::len).max().unwrap_or(0);
    let mut best = by.iter().filter(|(_, why)| why.len() == most);
    match (best.next(), best.next()) {
        (Some((id, why)), None) => {
            CorrelationSuggestion { subject, name, whose: Some(id.clone()), reasons: why.clone() }
        }
        _ => {
            let told = by.iter().flat_map(|(id, all)| all.iter().map(move |why| format!("{id}: {why}")));
            CorrelationSuggestion { subject, name, whose: None, reasons: told.collect() }
        }
    }
}

fn is_here(entry: &PrincipalRecord, people: &IdentityDirectory) -> bool {
    entry.kind == PrincipalKind::Person && !people.has_left(&entry.id)
}

/// Returns principals by name: by their id, and by the names of their accounts.
fn names(inventories: &[&LoadedInventory], people: &IdentityDirectory) -> BTreeMap<String, Vec<(PrincipalId, String)>> {
    let mut names: BTreeMap<String, Vec<(PrincipalId, String)>> = BTreeMap::new();
    for entry in people.entries() {
        let why = "same name as the principal".to_owned();
        names.entry(plain(entry.id.as_str())).or_default().push((entry.id.clone(), why));
    }
    for loaded in inventories {
        for grant in loaded.inventory.grants().filter(|grant| grant.kind == GrantKind::Account) {
            if let Some(entry) = people.identity_of(&subject(grant)) {
                let why = format!("same name as their account on {}", grant.system);
                names.entry(plain(&grant.principal.name)).or_default().push((entry.id.clone(), why));
            }
        }
    }
    names
}

/// Returns the principal and account that each key opens.
fn keys<'a>(
    inventories: &[&'a LoadedInventory],
    people: &IdentityDirectory,
) -> BTreeMap<&'a str, (PrincipalId, String)> {
    let all = inventories.iter().flat_map(|loaded| loaded.inventory.grants().map(move |grant| (*loaded, grant)));
    let credentials = all.filter(|(_, grant)| grant.kind == GrantKind::Credential);
    credentials
        .filter_map(|(loaded, grant)| {
            let entry = people.identity_of(&subject(grant))?;
            Some((fingerprint(loaded, grant)?, (entry.id.clone(), subject(grant))))
        })
        .collect()
}

fn fingerprint<'a>(loaded: &LoadedInventory, key: &'a Grant) -> Option<&'a str> {
    loaded.connector()?.credential(key, loaded.inventory.observed_at()).fingerprint
}

/// Normalizes a name: `Ana_Ruiz@corp.example` and `ana.ruiz` are equal.
fn plain(name: &str) -> String {
    let name = name.split('@').next().unwrap_or(name);
    name.chars().map(|c| if matches!(c, '_' | '-' | ' ') { '.' } else { c.to_ascii_lowercase() }).collect()
}

fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}
