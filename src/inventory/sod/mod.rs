//! Separation of duties: what each principal effectively holds, over all systems and through the identities it answers
//! for, held against the toxic pairs.

mod entitlement_index;
mod usable_access;

#[cfg(test)]
mod tests;

use super::{IdentityDirectory, Loaded};
use crate::{
    model::{Grant, GrantKey, Inventory, PrincipalId, Severity, SystemId, Tier, file::SodRule},
    policy::SodRules,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use usable_access::UsableAccess;

/// Every toxic pair that somebody holds both sides of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SodAnalysis {
    /// By holder, then by pair.
    clashes: Vec<SodViolation>,
    /// The clashes that a grant gives a side of, by their place.
    by_grant: BTreeMap<SystemId, BTreeMap<GrantKey, BTreeSet<usize>>>,
}

/// A toxic pair that somebody holds both sides of.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SodViolation {
    /// The principal's id; for an account that nobody claims for certain, `<system>:<immutable id>`.
    pub holder: String,
    /// The pair.
    pub pair: String,
    /// Why together they do harm.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// The rule it counts for.
    pub rule: String,
    /// The one side.
    pub one: Side,
    /// The other side.
    pub other: Side,
    /// What is not known of the entitlements that decide it; empty where it is held for certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
}

/// One side of a toxic pair as somebody holds it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Side {
    /// What it lets them do.
    pub does: String,
    /// Everything that gives it, sorted.
    pub by: Vec<SodHolding>,
}

/// One way in which somebody holds a side.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct SodHolding {
    /// The system.
    pub system: SystemId,
    /// The account, `<system>:<immutable id>`.
    pub subject: String,
    /// The account's own grant by which it comes about.
    pub grant: GrantKey,
    /// What is held, by the name people use.
    pub entitlement: String,
    /// How much harm it can do.
    pub tier: Tier,
    /// The roles it lies in and the identities in between, in words; empty where it is held by the holder itself.
    pub way: String,
}

/// What a plan or somebody's decision would do to what is held.
#[derive(Default)]
pub struct Change<'a> {
    /// The grants that would be gone.
    pub removed: BTreeSet<(&'a SystemId, &'a GrantKey)>,
    /// The identities that would have another owner.
    pub transferred: BTreeMap<&'a PrincipalId, PrincipalId>,
    /// What grants would be reduced to, in the words of their systems.
    pub reduced: BTreeMap<(&'a SystemId, &'a GrantKey), &'a str>,
}

impl Change<'_> {
    fn removes(&self, grant: &Grant) -> bool {
        !self.removed.is_empty() && self.removed.contains(&(&grant.system, &grant.key))
    }
}

impl SodAnalysis {
    /// Returns the pairs that anybody holds both sides of: on whatever systems, by whatever path, and through whatever
    /// they own, are the deputy for, or, for an agent, are the sponsor of.
    pub fn judge<'a>(
        inventories: impl IntoIterator<Item = &'a Inventory>,
        people: &IdentityDirectory,
        pairs: &SodRules<'_>,
    ) -> Self {
        Self::judge_after(inventories, people, pairs, &Change::default())
    }

    /// Returns the pairs that anybody would hold both sides of after `change`.
    pub fn judge_after<'a>(
        inventories: impl IntoIterator<Item = &'a Inventory>,
        people: &IdentityDirectory,
        pairs: &SodRules<'_>,
        change: &Change<'_>,
    ) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let estates = UsableAccess::of(inventories, people, pairs, change);
        let mut clashes = Vec::new();
        for holder in estates.holders() {
            let held = estates.held_by(&holder);
            let sides: Vec<_> = held.iter().map(|(possession, _)| possession.sides.as_ref()).collect();
            for toxic in pairs.judge_sides(&sides) {
                let side =
                    |does: &str, places: &[usize]| Side { does: does.to_owned(), by: estates.holds(&held, places) };
                let SodRule { id, title, severity, rule, one, other } = toxic.pair;
                clashes.push(SodViolation {
                    holder: holder.clone(),
                    pair: id.clone(),
                    title: title.clone(),
                    severity: *severity,
                    rule: rule.clone(),
                    one: side(&one.does, &toxic.one),
                    other: side(&other.does, &toxic.other),
                    missing: toxic.missing,
                });
            }
        }
        Self::new(clashes)
    }

    fn new(clashes: Vec<SodViolation>) -> Self {
        let mut by_grant: BTreeMap<SystemId, BTreeMap<GrantKey, BTreeSet<usize>>> = BTreeMap::new();
        for (place, clash) in clashes.iter().enumerate() {
            for hold in clash.one.by.iter().chain(&clash.other.by) {
                let of_system = by_grant.entry(hold.system.clone()).or_default();
                of_system.entry(hold.grant.clone()).or_default().insert(place);
            }
        }
        Self { clashes, by_grant }
    }

    /// Returns all, by holder and then by pair.
    pub fn clashes(&self) -> &[SodViolation] {
        &self.clashes
    }

    /// Returns what one principal, or one account nobody claims, holds.
    pub fn of<'s>(&'s self, holder: &str) -> &'s [SodViolation] {
        let from = self.clashes.partition_point(|clash| clash.holder.as_str() < holder);
        let to = self.clashes.partition_point(|clash| clash.holder.as_str() <= holder);
        self.clashes.get(from..to).unwrap_or_default()
    }

    /// Returns the clashes that this grant gives a side of, whoever has them, each with the other side.
    pub fn by<'s>(&'s self, grant: &Grant) -> impl Iterator<Item = (&'s SodViolation, &'s Side)> + use<'s> {
        let places = self.by_grant.get(&grant.system).and_then(|of_system| of_system.get(&grant.key));
        let (system, key) = (grant.system.clone(), grant.key.clone());
        let clashes = places.into_iter().flatten().filter_map(|place| self.clashes.get(*place));
        clashes.map(move |clash| {
            let gives = clash.one.by.iter().any(|hold| hold.grant == key && hold.system == system);
            (clash, if gives { &clash.other } else { &clash.one })
        })
    }

    /// Returns the names of the pairs that `holder` holds for certain; nothing when it may hold some and none for certain.
    pub fn names(&self, holder: &str) -> Option<BTreeSet<&str>> {
        let all = self.of(holder);
        let certain: BTreeSet<&str> =
            all.iter().filter(|clash| clash.missing.is_empty()).map(|clash| clash.pair.as_str()).collect();
        (!certain.is_empty() || all.is_empty()).then_some(certain)
    }

    /// Returns the clashes of this that are not in `other`, by holder and pair.
    pub fn beyond<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s SodViolation> {
        let known = |clash: &SodViolation| other.of(&clash.holder).iter().any(|one| one.pair == clash.pair);
        self.clashes.iter().filter(move |clash| !known(clash))
    }
}

impl fmt::Display for SodViolation {
    /// `SOD-BUILD-APPROVE: build releases (…) and approve them (…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} and {}", self.pair, self.one, self.other)?;
        if self.missing.is_empty() { Ok(()) } else { write!(f, "; not certain: {} unknown", self.missing.join(", ")) }
    }
}

impl fmt::Display for Side {
    /// What it lets them do, and the first ways to it: `change the audit log (sudo ALL on web-1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: Vec<String> = self.by.iter().take(FIRST).map(ToString::to_string).collect();
        let more = self.by.len() - first.len();
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        write!(f, "{} ({}{rest})", self.does, first.join("; "))
    }
}

impl fmt::Display for SodHolding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.entitlement, self.system)?;
        if self.way.is_empty() { Ok(()) } else { write!(f, ", {}", self.way) }
    }
}

/// Returns the inventories of a map of loaded ones.
pub fn inventories(loaded: &BTreeMap<SystemId, Loaded>) -> impl Iterator<Item = &Inventory> {
    loaded.values().map(|loaded| &loaded.inventory)
}

/// How many ways are named before they are counted.
const FIRST: usize = 2;
