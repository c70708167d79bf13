//! Effective access of accounts: direct grants, and grants through roles and groups.

use crate::model::{Entitlement, Grant, GrantKind, Inventory, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// One entitlement that an account effectively has through one of its own grants.
#[derive(Clone, Debug)]
pub struct EffectiveEntitlement<'a> {
    /// The account's own grant through which it has the entitlement.
    pub grant: &'a Grant,
    /// The entitlement.
    pub entitlement: &'a Entitlement,
    /// The kind of grant; `None` if the system only names it.
    pub kind: Option<GrantKind>,
    /// The tier.
    pub tier: Tier,
    /// The roles and groups in between, outermost first; empty for a direct grant.
    pub way: Vec<&'a str>,
}

/// Returns everything that the account with this immutable id effectively has, once for each direct grant that gives
/// it: each direct grant followed by what it contains. Grants to `PUBLIC` are not included.
pub fn effective<'a>(inventory: &'a Inventory, principal: &str) -> Vec<EffectiveEntitlement<'a>> {
    inventory.of_principal(principal).flat_map(|grant| expand(inventory, grant)).collect()
}

/// Returns what one grant gives: itself, and for a membership everything that its role gives, through nested roles.
pub fn expand<'a>(inventory: &'a Inventory, grant: &'a Grant) -> Vec<EffectiveEntitlement<'a>> {
    expand_without(inventory, grant, &|_| false)
}

/// Like [`expand`], without the grants of roles listed in `gone`.
pub(super) fn expand_without<'a>(
    inventory: &'a Inventory,
    grant: &'a Grant,
    gone: &dyn Fn(&Grant) -> bool,
) -> Vec<EffectiveEntitlement<'a>> {
    let itself = EffectiveEntitlement {
        grant,
        entitlement: &grant.entitlement,
        kind: Some(grant.kind),
        tier: grant.tier,
        way: Vec::new(),
    };
    let mut all = vec![itself];
    let mut seen: BTreeSet<&str> = BTreeSet::from([grant.entitlement.id.as_str()]);
    let mut known: RoleIndex<'_> = RoleIndex::default();
    let mut roles: BTreeSet<&str> = BTreeSet::new();
    let mut lists: Vec<(&Grant, Vec<&str>)> = Vec::new();
    let mut next = vec![(grant, Vec::new())];
    while let Some((membership, way)) = next.pop() {
        let way: Vec<&str> = way.into_iter().chain([membership.entitlement.name.as_str()]).collect();
        let role = role_of(inventory, membership).filter(|role| roles.insert(role));
        for inner in role.into_iter().flat_map(|role| inventory.of_principal(role)) {
            known.add(inner);
            // The account of a role has the same id as the role.
            if inner.kind == GrantKind::Account {
                continue;
            }
            if gone(inner) {
                known.add_all(inventory, inner);
                continue;
            }
            if seen.insert(&inner.entitlement.id) {
                let (entitlement, kind) = (&inner.entitlement, Some(inner.kind));
                all.push(EffectiveEntitlement { grant, entitlement, kind, tier: inner.tier, way: way.clone() });
            }
            if inner.kind == GrantKind::Membership {
                next.push((inner, way.clone()));
            }
        }
        lists.push((membership, way));
    }
    // A system may report more contents of a role than it lists as grants of the role, mainly for predefined roles.
    // Listed grants were already found through the role that holds them.
    for (membership, way) in lists {
        for named in membership.expands_to.iter().filter(|named| !is_remainder(named) && !known.has(named)) {
            if seen.insert(&named.id) {
                let found = inventory.of_entitlement(&named.id).next();
                let tier = found.map_or(membership.tier, |found| found.tier);
                let kind = found.map(|found| found.kind);
                all.push(EffectiveEntitlement { grant, entitlement: named, kind, tier, way: way.clone() });
            }
        }
    }
    all
}

/// The direct grants of roles, by immutable id and by name.
#[derive(Default)]
struct RoleIndex<'a> {
    ids: BTreeSet<&'a str>,
    names: BTreeSet<&'a str>,
}

impl<'a> RoleIndex<'a> {
    /// Adds the entitlement of a grant, and returns whether it is new.
    fn add(&mut self, grant: &'a Grant) -> bool {
        self.names.insert(&grant.entitlement.name);
        self.ids.insert(&grant.entitlement.id)
    }

    /// Adds all entitlements that a membership gives.
    fn add_all(&mut self, inventory: &'a Inventory, membership: &'a Grant) {
        let mut next = vec![membership];
        while let Some(membership) = next.pop() {
            for inner in role_of(inventory, membership).into_iter().flat_map(|role| inventory.of_principal(role)) {
                if self.add(inner) && inner.kind == GrantKind::Membership {
                    next.push(inner);
                }
            }
        }
    }

    /// An `@` suffix marks one version of the entitlement. A rule is named by its text.
    fn has(&self, named: &Entitlement) -> bool {
        let id = named.id.split('@').next().unwrap_or_default();
        self.ids.contains(id) || self.names.contains(named.name.as_str())
    }
}

/// Returns the immutable id of the role or group of a membership, as a holder of grants.
pub fn role_of<'a>(inventory: &'a Inventory, membership: &'a Grant) -> Option<&'a str> {
    if membership.kind != GrantKind::Membership {
        return None;
    }
    let id = membership.entitlement.id.as_str();
    // Some systems identify a role as an entitlement by its id alone, others by class and id: `role/16401`.
    let short = id.rsplit_once('/').map(|(_, short)| short);
    [Some(id), short].into_iter().flatten().find(|id| inventory.of_principal(id).next().is_some())
}

/// Returns how many entitlements a list represents: its last line may summarize entitlements that are not named.
pub fn count(expands_to: &[Entitlement]) -> usize {
    let unnamed = expands_to.iter().filter(|one| is_remainder(one));
    let more: usize = unnamed.filter_map(|one| one.name.split(' ').find_map(|word| word.parse::<usize>().ok())).sum();
    expands_to.iter().filter(|one| !is_remainder(one)).count() + more
}

/// Returns whether a line of `expands_to` summarizes others: its id is `~` followed by a digest of them.
pub fn is_remainder(one: &Entitlement) -> bool {
    one.id.starts_with('~')
}

/// The tiers of all grants of a system, by effective access.
#[derive(Clone, Debug)]
pub struct EffectiveTiers<'a> {
    least: Tier,
    inventory: &'a Inventory,
    /// The most critical tier of each principal.
    principals: BTreeMap<&'a str, Tier>,
}

impl<'a> EffectiveTiers<'a> {
    /// Returns the tiers of an inventory; `least` is the minimum tier of the system.
    pub fn of(inventory: &'a Inventory, least: Tier) -> Self {
        let mut principals: BTreeMap<&str, Tier> = BTreeMap::new();
        let mut edges: Vec<(&str, &str)> = Vec::new();
        for grant in inventory.grants() {
            let tier = principals.entry(&grant.principal.id).or_insert(Tier::T3);
            *tier = grant.tier.min(*tier);
            edges.extend(role_of(inventory, grant).map(|role| (grant.principal.id.as_str(), role)));
        }
        // Roles may be nested in cycles. A tier only ever becomes more critical, so the loop terminates.
        loop {
            let mut changed = false;
            for (member, role) in &edges {
                let inner = principals.get(role).copied().unwrap_or(Tier::T3);
                if let Some(tier) = principals.get_mut(member).filter(|tier| **tier > inner) {
                    *tier = inner;
                    changed = true;
                }
            }
            if !changed {
                return Self { least, inventory, principals };
            }
        }
    }

    /// Returns the most critical tier of everything a grant effectively gives: a membership gives the grants of its
    /// role, an account or a credential gives everything that the account holds.
    pub fn grant(&self, grant: &Grant) -> Tier {
        let behind = match grant.kind {
            GrantKind::Account | GrantKind::Credential => Some(grant.principal.id.as_str()),
            GrantKind::Membership => role_of(self.inventory, grant),
            _ => None,
        };
        let behind = behind.and_then(|id| self.principals.get(id)).copied().unwrap_or(Tier::T3);
        grant.tier.min(behind).min(self.least)
    }

    /// Returns the most critical tier of the account with this immutable id; `None` if it holds no grants.
    pub fn account(&self, principal: &str) -> Option<Tier> {
        self.principals.get(principal).map(|tier| self.least.min(*tier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::test_fixtures::{held, inventory};

    #[test]
    fn nested_roles_and_cycles_expand_to_all_entitlements() {
        let inventory = inventory(
            "db",
            vec![
                held("ana", GrantKind::Account, "login", Tier::T2),
                held("ana", GrantKind::Membership, "reporting", Tier::T2),
                held("reporting", GrantKind::Membership, "admin", Tier::T2),
                held("reporting", GrantKind::Privilege, "SELECT orders", Tier::T2),
                held("admin", GrantKind::Membership, "reporting", Tier::T2),
                held("admin", GrantKind::Attribute, "SUPERUSER", Tier::T0),
                held("bo", GrantKind::Account, "login", Tier::T3),
            ],
        );
        let told: Vec<_> = effective(&inventory, "ana")
            .iter()
            .map(|one| format!("{} {} [{}]", one.tier, one.entitlement.name, one.way.join(" > ")))
            .collect();
        assert_eq!(
            told,
            [
                "T2 login []",
                "T2 reporting []",
                "T2 admin [reporting]",
                "T2 SELECT orders [reporting]",
                "T0 SUPERUSER [reporting > admin]",
            ]
        );
        let tiers = EffectiveTiers::of(&inventory, Tier::T3);
        let worst = |id: &str| tiers.account(id);
        assert_eq!((worst("ana"), worst("bo"), worst("nobody")), (Some(Tier::T0), Some(Tier::T3), None));
        let of: Vec<_> = inventory.grants().map(|grant| (grant.key.as_str(), tiers.grant(grant))).collect();
        assert_eq!(
            of,
            [
                ("account:ana/login", Tier::T0),
                ("account:bo/login", Tier::T3),
                ("attribute:admin/SUPERUSER", Tier::T0),
                ("membership:admin/reporting", Tier::T0),
                ("membership:ana/reporting", Tier::T0),
                ("membership:reporting/admin", Tier::T0),
                ("privilege:reporting/SELECT_orders", Tier::T2),
            ]
        );
        assert_eq!(
            EffectiveTiers::of(&inventory, Tier::T1).account("bo"),
            Some(Tier::T1),
            "the minimum tier of the system applies"
        );
    }

    #[test]
    fn named_contents_count_once_with_the_tier_of_their_role() {
        let mut member = held("ana", GrantKind::Membership, "pg_monitor", Tier::T1);
        let named = |id: &str, name: &str| Entitlement { id: id.to_owned(), name: name.to_owned() };
        member.expands_to =
            vec![named("x@sha256:1", "x"), named("pg/stats", "read statistics"), named("~sha256:9", "and 12 more")];
        assert_eq!(count(&member.expands_to), 14);
        let inventory = inventory("db", vec![member, held("pg_monitor", GrantKind::Policy, "x", Tier::T3)]);
        let told: Vec<_> = effective(&inventory, "ana").iter().map(|e| (e.entitlement.name.clone(), e.tier)).collect();
        assert_eq!(
            told,
            [("pg_monitor".to_owned(), Tier::T1), ("x".to_owned(), Tier::T3), ("read statistics".to_owned(), Tier::T1)]
        );
    }
}
