//! Index of the entitlements that belong to a side of any separation-of-duties rule.

use super::ProposedChange;
use crate::{
    inventory::{
        EffectiveEntitlement,
        effective::{expand_without, role_of},
    },
    model::{Entitlement, Grant, GrantKind, Inventory, SystemId, Tier},
    policy::{SodEntitlement, SodRuleSides, SodRules},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// One entitlement of an account that belongs to a side of a rule.
pub(super) struct HeldEntitlement<'a> {
    pub(super) system: &'a SystemId,
    pub(super) effective: EffectiveEntitlement<'a>,
    /// The display name; after a reduction, the name of the reduced entitlement.
    pub(super) name: String,
    pub(super) sides: Rc<SodRuleSides>,
}

/// The key that determines the sides of an entitlement: id, kind and tier.
type EntitlementClass<'a> = (&'a str, Option<GrantKind>, Tier);

/// One system, with the sides of all its entitlements.
pub(super) struct EntitlementIndex<'a, 'p> {
    inventory: &'a Inventory,
    pairs: &'p SodRules<'p>,
    /// The sides of an entitlement do not depend on its holder.
    known: RefCell<BTreeMap<EntitlementClass<'a>, Rc<SodRuleSides>>>,
    /// The principals that hold an entitlement on a side, directly or through roles.
    near: BTreeSet<&'a str>,
}

impl<'a, 'p> EntitlementIndex<'a, 'p> {
    pub(super) fn of(inventory: &'a Inventory, pairs: &'p SodRules<'p>) -> Self {
        let mut reach = Self { inventory, pairs, known: RefCell::default(), near: BTreeSet::new() };
        let mut edges: Vec<(&str, &str)> = Vec::new();
        let mut roles: BTreeMap<&str, bool> = BTreeMap::new();
        for grant in inventory.grants() {
            let holder = grant.principal.id.as_str();
            edges.extend(role_of(inventory, grant).map(|role| (holder, role)));
            // The contents of a role are the same for every member.
            let hidden = *roles.entry(&grant.entitlement.id).or_insert_with(|| reach.hides(grant));
            if hidden || !reach.sides(&grant.entitlement, Some(grant.kind), grant.tier).is_harmless() {
                reach.near.insert(holder);
            }
        }
        loop {
            let before = reach.near.len();
            for (member, role) in &edges {
                if reach.near.contains(role) {
                    reach.near.insert(member);
                }
            }
            if reach.near.len() == before {
                return reach;
            }
        }
    }

    /// Returns all principals that hold an entitlement on a side.
    pub(super) fn near(&self) -> impl Iterator<Item = &'a str> {
        self.near.iter().copied()
    }

    /// Returns the entitlements of the account that would be on a side after `change`.
    pub(super) fn held(&self, principal: &str, change: &ProposedChange<'_>) -> Vec<HeldEntitlement<'a>> {
        if !self.near.contains(principal) {
            return Vec::new();
        }
        let system = self.inventory.system();
        let grants = self.inventory.of_principal(principal).filter(|grant| !change.removes(grant));
        let all = grants.flat_map(|grant| expand_without(self.inventory, grant, &|inner| change.removes(inner)));
        all.filter_map(|effective| {
            let (sides, name) = match change.reduced.get(&(system, &effective.grant.key)) {
                Some(to) if effective.way.is_empty() => self.reduced(&effective, to),
                _ => (
                    self.sides(effective.entitlement, effective.kind, effective.tier),
                    effective.entitlement.name.clone(),
                ),
            };
            (!sides.is_harmless()).then_some(HeldEntitlement { system, effective, name, sides })
        })
        .collect()
    }

    /// A reduced grant counts with the more critical of its current and its reduced entitlement, until a read of the
    /// target confirms the reduction.
    fn reduced(&self, effective: &EffectiveEntitlement<'_>, to: &str) -> (Rc<SodRuleSides>, String) {
        let tier = effective.tier.to_string();
        let held = SodEntitlement {
            system: Some(self.inventory.system().as_str()),
            kind: effective.kind.map(GrantKind::as_str),
            id: Some(&effective.entitlement.id),
            name: Some(to),
            tier: Some(&tier),
        };
        (Rc::new(self.pairs.sides(&held)), to.to_owned())
    }

    fn hides(&self, grant: &'a Grant) -> bool {
        grant.expands_to.iter().any(|named| {
            let known = self.inventory.of_entitlement(&named.id).next();
            let tier = known.map_or(grant.tier, |known| known.tier);
            !self.sides(named, known.map(|known| known.kind), tier).is_harmless()
        })
    }

    fn sides(&self, entitlement: &'a Entitlement, kind: Option<GrantKind>, tier: Tier) -> Rc<SodRuleSides> {
        let key = (entitlement.id.as_str(), kind, tier);
        if let Some(known) = self.known.borrow().get(&key) {
            return Rc::clone(known);
        }
        let tier = tier.to_string();
        let held = SodEntitlement {
            system: Some(self.inventory.system().as_str()),
            kind: kind.map(GrantKind::as_str),
            id: Some(&entitlement.id),
            name: Some(&entitlement.name),
            tier: Some(&tier),
        };
        let sides = Rc::new(self.pairs.sides(&held));
        self.known.borrow_mut().insert(key, Rc::clone(&sides));
        sides
    }
}
