//! Separation of duties: compares the effective access of each principal, over all systems and through the identities
//! it owns, with the rules for incompatible entitlements.

mod entitlement_index;
mod usable_access;

#[cfg(test)]
mod tests;

use super::{IdentityDirectory, LoadedInventory};
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

/// All violations of separation-of-duties rules.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SodAnalysis {
    /// By holder, then by rule.
    clashes: Vec<SodViolation>,
    /// The violations to which a grant contributes, by index.
    by_grant: BTreeMap<SystemId, BTreeMap<GrantKey, BTreeSet<usize>>>,
}

/// A violation: one principal holds both sides of a rule.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct SodViolation {
    /// The principal id; for an uncorrelated account, `<system>:<immutable id>`.
    pub holder: String,
    /// The rule of incompatible entitlements.
    pub pair: String,
    /// The risk of the combination.
    pub title: String,
    /// The severity.
    pub severity: Severity,
    /// The policy rule to which it belongs.
    pub rule: String,
    /// The first side.
    pub left: HeldSide,
    /// The second side.
    pub right: HeldSide,
    /// The unknown attributes on which the result depends; empty if the violation is certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
}

/// One side of a violation.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct HeldSide {
    /// The capability.
    pub does: String,
    /// All access that gives the capability, sorted.
    pub by: Vec<SodHolding>,
}

/// One path by which a principal holds a side.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct SodHolding {
    /// Id of the system.
    pub system: SystemId,
    /// The account, `<system>:<immutable id>`.
    pub subject: String,
    /// The account's own grant.
    pub grant: GrantKey,
    /// The display name of the entitlement.
    pub entitlement: String,
    /// The tier.
    pub tier: Tier,
    /// A description of the roles and identities in between; empty for direct access.
    pub way: String,
}

/// The effect of a plan or a decision on held access.
#[derive(Default)]
pub struct ProposedChange<'a> {
    /// Grants that would be removed.
    pub removed: BTreeSet<(&'a SystemId, &'a GrantKey)>,
    /// Identities that would change owner.
    pub transferred: BTreeMap<&'a PrincipalId, PrincipalId>,
    /// The reduced entitlement of each reduced grant.
    pub reduced: BTreeMap<(&'a SystemId, &'a GrantKey), &'a str>,
}

impl ProposedChange<'_> {
    fn removes(&self, grant: &Grant) -> bool {
        !self.removed.is_empty() && self.removed.contains(&(&grant.system, &grant.key))
    }
}

impl SodAnalysis {
    /// Returns all violations: across systems, by any path, and through the identities that a principal owns, is the
    /// deputy of, or, for an agent, is the sponsor of.
    pub fn judge<'a>(
        inventories: impl IntoIterator<Item = &'a Inventory>,
        people: &IdentityDirectory,
        pairs: &SodRules<'_>,
    ) -> Self {
        Self::judge_after(inventories, people, pairs, &ProposedChange::default())
    }

    /// Returns the violations that would exist after `change`.
    pub fn judge_after<'a>(
        inventories: impl IntoIterator<Item = &'a Inventory>,
        people: &IdentityDirectory,
        pairs: &SodRules<'_>,
        change: &ProposedChange<'_>,
    ) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let estates = UsableAccess::of(inventories, people, pairs, change);
        let mut clashes = Vec::new();
        for holder in estates.holders() {
            let held = estates.entitlements_of(&holder);
            let sides: Vec<_> = held.iter().map(|(possession, _)| possession.sides.as_ref()).collect();
            for violation in pairs.evaluate_sides(&sides) {
                let side = |does: &str, places: &[usize]| HeldSide {
                    does: does.to_owned(),
                    by: estates.holdings(&held, places),
                };
                let SodRule { id, title, severity, rule, left: one, right: other } = violation.pair;
                clashes.push(SodViolation {
                    holder: holder.clone(),
                    pair: id.clone(),
                    title: title.clone(),
                    severity: *severity,
                    rule: rule.clone(),
                    left: side(&one.capability, &violation.left),
                    right: side(&other.capability, &violation.right),
                    missing: violation.missing,
                });
            }
        }
        Self::new(clashes)
    }

    fn new(clashes: Vec<SodViolation>) -> Self {
        let mut by_grant: BTreeMap<SystemId, BTreeMap<GrantKey, BTreeSet<usize>>> = BTreeMap::new();
        for (place, clash) in clashes.iter().enumerate() {
            for hold in clash.left.by.iter().chain(&clash.right.by) {
                let of_system = by_grant.entry(hold.system.clone()).or_default();
                of_system.entry(hold.grant.clone()).or_default().insert(place);
            }
        }
        Self { clashes, by_grant }
    }

    /// Returns all violations, by holder and then by rule.
    pub fn clashes(&self) -> &[SodViolation] {
        &self.clashes
    }

    /// Returns the violations of one principal or one uncorrelated account.
    pub fn of<'s>(&'s self, holder: &str) -> &'s [SodViolation] {
        let from = self.clashes.partition_point(|clash| clash.holder.as_str() < holder);
        let to = self.clashes.partition_point(|clash| clash.holder.as_str() <= holder);
        self.clashes.get(from..to).unwrap_or_default()
    }

    /// Returns the violations to which this grant contributes, each with the opposite side.
    pub fn by<'s>(&'s self, grant: &Grant) -> impl Iterator<Item = (&'s SodViolation, &'s HeldSide)> + use<'s> {
        let places = self.by_grant.get(&grant.system).and_then(|of_system| of_system.get(&grant.key));
        let (system, key) = (grant.system.clone(), grant.key.clone());
        let clashes = places.into_iter().flatten().filter_map(|place| self.clashes.get(*place));
        clashes.map(move |clash| {
            let gives = clash.left.by.iter().any(|hold| hold.grant == key && hold.system == system);
            (clash, if gives { &clash.right } else { &clash.left })
        })
    }

    /// Returns the names of the rules that `holder` violates for certain; `None` if all its violations are uncertain.
    pub fn names(&self, holder: &str) -> Option<BTreeSet<&str>> {
        let all = self.of(holder);
        let certain: BTreeSet<&str> =
            all.iter().filter(|clash| clash.missing.is_empty()).map(|clash| clash.pair.as_str()).collect();
        (!certain.is_empty() || all.is_empty()).then_some(certain)
    }

    /// Returns the violations that are not in `other`, compared by holder and rule.
    pub fn beyond<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s SodViolation> {
        let known = |clash: &SodViolation| other.of(&clash.holder).iter().any(|one| one.pair == clash.pair);
        self.clashes.iter().filter(move |clash| !known(clash))
    }
}

impl fmt::Display for SodViolation {
    /// `SOD-BUILD-APPROVE: build releases (…) and approve them (…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} and {}", self.pair, self.left, self.right)?;
        if self.missing.is_empty() { Ok(()) } else { write!(f, "; not certain: {} unknown", self.missing.join(", ")) }
    }
}

impl fmt::Display for HeldSide {
    /// Formats the capability and the first paths to it: `change the audit log (admin on web-1)`.
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

/// Returns the inventories of loaded inventories.
pub fn inventories(loaded: &BTreeMap<SystemId, LoadedInventory>) -> impl Iterator<Item = &Inventory> {
    loaded.values().map(|loaded| &loaded.inventory)
}

/// Maximum number of paths named in a message.
const FIRST: usize = 2;
