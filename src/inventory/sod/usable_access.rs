//! Access that a principal can use: its own accounts, and those of the identities it owns, transitively.

use super::{
    ProposedChange, SodHolding,
    entitlement_index::{EntitlementIndex, HeldEntitlement},
};
use crate::{
    inventory::IdentityDirectory,
    model::{
        Inventory, PrincipalId, SystemId,
        file::{PrincipalKind, PrincipalRecord},
    },
    policy::SodRules,
};
use std::collections::{BTreeMap, BTreeSet};

/// All entitlements on a side of any rule, by the principals that can use them.
pub(super) struct UsableAccess<'a, 'p> {
    people: &'p IdentityDirectory,
    /// The entitlements of each account on a side, by subject id.
    accounts: BTreeMap<String, Vec<HeldEntitlement<'a>>>,
    /// The identities that each principal owns, with the kind of link.
    wards: BTreeMap<PrincipalId, Vec<(&'p PrincipalRecord, &'static str)>>,
}

impl<'a, 'p> UsableAccess<'a, 'p> {
    pub(super) fn of(
        inventories: impl IntoIterator<Item = &'a Inventory>,
        people: &'p IdentityDirectory,
        pairs: &'p SodRules<'p>,
        change: &ProposedChange<'_>,
    ) -> Self {
        let mut accounts = BTreeMap::new();
        for inventory in inventories {
            let reach = EntitlementIndex::of(inventory, pairs);
            for principal in reach.near() {
                let held = reach.held(principal, change);
                if !held.is_empty() {
                    accounts.insert(subject(inventory.system(), principal), held);
                }
            }
        }
        Self { people, accounts, wards: wards(people, change) }
    }

    /// Returns the candidates for violations: principals that can use any of the accounts, and uncorrelated accounts;
    /// sorted.
    pub(super) fn holders(&self) -> BTreeSet<String> {
        let mut holders: BTreeSet<String> = BTreeSet::new();
        let unclaimed = self.accounts.keys().filter(|subject| self.people.identity_of(subject).is_none());
        holders.extend(unclaimed.cloned());
        let holds = |entry: &PrincipalRecord| entry.accounts.iter().any(|subject| self.accounts.contains_key(subject));
        let answers = |entry: &PrincipalRecord| self.wards.contains_key(&entry.id);
        let named = self.people.entries().filter(|entry| holds(entry) || answers(entry));
        holders.extend(named.map(|entry| entry.id.to_string()));
        holders
    }

    /// Returns all entitlements that a holder can use, each with a description of the path to its account.
    pub(super) fn entitlements_of(&self, holder: &str) -> Vec<(&HeldEntitlement<'a>, String)> {
        let entry = PrincipalId::parse(holder).ok().and_then(|id| self.people.get(&id));
        let Some(entry) = entry else {
            return self.accounts.get(holder).into_iter().flatten().map(|one| (one, String::new())).collect();
        };
        let mut held = Vec::new();
        let mut seen: BTreeSet<&PrincipalId> = BTreeSet::from([&entry.id]);
        let mut next: Vec<(&PrincipalRecord, String)> = vec![(entry, String::new())];
        while let Some((current, way)) = next.pop() {
            for subject in &current.accounts {
                let of = self.accounts.get(subject).into_iter().flatten();
                held.extend(of.map(|possession| (possession, way.clone())));
            }
            for (ward, how) in self.wards.get(&current.id).into_iter().flatten() {
                if seen.insert(&ward.id) {
                    let whose = if way.is_empty() { "they" } else { "it" };
                    let link = format!("through {}, {}", ward.id, how.replace("they", whose));
                    let way = if way.is_empty() { link } else { format!("{way}, {link}") };
                    next.push((ward, way));
                }
            }
        }
        held
    }

    /// Returns the paths at these indexes, for display.
    pub(super) fn holdings(&self, held: &[(&HeldEntitlement<'a>, String)], places: &[usize]) -> Vec<SodHolding> {
        let mut holds: Vec<SodHolding> = places.iter().filter_map(|place| held.get(*place)).map(holding).collect();
        holds.sort();
        holds.dedup();
        holds
    }
}

fn holding((possession, through): &(&HeldEntitlement<'_>, String)) -> SodHolding {
    let HeldEntitlement { system, effective, name, .. } = possession;
    let roles = effective.way.iter().map(|role| format!("in {role}"));
    let way: Vec<String> = roles.chain((!through.is_empty()).then(|| through.clone())).collect();
    SodHolding {
        system: (*system).clone(),
        subject: subject(system, &effective.grant.principal.id),
        grant: effective.grant.key.clone(),
        entitlement: name.clone(),
        tier: effective.tier,
        way: way.join(", "),
    }
}

/// Returns the identities that each principal is responsible for: as owner, as deputy, and for an agent as sponsor.
/// People have no owners.
fn wards<'p>(
    people: &'p IdentityDirectory,
    change: &ProposedChange<'_>,
) -> BTreeMap<PrincipalId, Vec<(&'p PrincipalRecord, &'static str)>> {
    let mut wards: BTreeMap<PrincipalId, Vec<(&PrincipalRecord, &'static str)>> = BTreeMap::new();
    for entry in people.entries().filter(|entry| entry.kind != PrincipalKind::Person) {
        let owner = change.transferred.get(&entry.id).or(entry.owner.as_ref());
        let sponsor = entry.sponsor.as_ref().filter(|_| entry.kind == PrincipalKind::Agent);
        let all = [
            (owner, "which they own"),
            (entry.deputy.as_ref(), "whose deputy they are"),
            (sponsor, "which acts for them"),
        ];
        for (guardian, how) in all {
            if let Some(guardian) = guardian {
                wards.entry(guardian.clone()).or_default().push((entry, how));
            }
        }
    }
    wards
}

fn subject(system: &SystemId, principal: &str) -> String {
    format!("{system}:{principal}")
}
