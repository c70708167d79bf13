//! What an account effectively holds: its own grants, and what the roles and groups it is in give it.

use crate::model::{Entitlement, Grant, GrantKind, Inventory, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// One entitlement that an account effectively has, by one of its own grants.
#[derive(Clone, Debug)]
pub struct EffectiveEntitlement<'a> {
    /// The account's own grant that it comes by: as long as that is there, so is this.
    pub grant: &'a Grant,
    /// What is had.
    pub entitlement: &'a Entitlement,
    /// What kind of thing it is; nothing where the system only names it.
    pub kind: Option<GrantKind>,
    /// How much harm it can do.
    pub tier: Tier,
    /// The roles and groups on the way, the outermost first; empty where the account holds it itself.
    pub way: Vec<&'a str>,
}

/// Returns everything the account with this immutable id effectively has, once for each of its own grants that gives it:
/// own grants first, each followed by what it hides. What everybody has (`PUBLIC`) is nobody's own and is not among it.
pub fn effective<'a>(inventory: &'a Inventory, principal: &str) -> Vec<EffectiveEntitlement<'a>> {
    inventory.of_principal(principal).flat_map(|grant| expand(inventory, grant)).collect()
}

/// Returns what one grant gives: itself, and for a membership everything its role gives, through roles in roles.
pub fn expand<'a>(inventory: &'a Inventory, grant: &'a Grant) -> Vec<EffectiveEntitlement<'a>> {
    expand_without(inventory, grant, &|_| false)
}

/// As [`expand`], were those grants of roles gone that `gone` names.
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
            // The account of a role is the role itself.
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
    // A system may say more of a role than it lists as the role's own: roles that it came with, above all. What is listed
    // anywhere inside was found on its own way already, through the roles that it lies in.
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

/// What roles hold themselves, by immutable id and by name.
#[derive(Default)]
struct RoleIndex<'a> {
    ids: BTreeSet<&'a str>,
    names: BTreeSet<&'a str>,
}

impl<'a> RoleIndex<'a> {
    /// Adds what a grant gives itself, and returns whether that is new.
    fn add(&mut self, grant: &'a Grant) -> bool {
        self.names.insert(&grant.entitlement.name);
        self.ids.insert(&grant.entitlement.id)
    }

    /// Adds everything that a membership gives.
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

    /// An id with `@` behind it is that of one version of the entitlement. A rule is named by what it says.
    fn has(&self, named: &Entitlement) -> bool {
        let id = named.id.split('@').next().unwrap_or_default();
        self.ids.contains(id) || self.names.contains(named.name.as_str())
    }
}

/// Returns the immutable id under which a role or group holds things itself, for a membership in it.
pub fn role_of<'a>(inventory: &'a Inventory, membership: &'a Grant) -> Option<&'a str> {
    if membership.kind != GrantKind::Membership {
        return None;
    }
    let id = membership.entitlement.id.as_str();
    // Some systems name a role as an entitlement by its id alone, others by class and id: `role/16401`.
    let short = id.rsplit_once('/').map(|(_, short)| short);
    [Some(id), short].into_iter().flatten().find(|id| inventory.of_principal(id).next().is_some())
}

/// Returns how many entitlements a list stands for: its last line may stand for many that are not named.
pub fn count(expands_to: &[Entitlement]) -> usize {
    let unnamed = expands_to.iter().filter(|one| is_remainder(one));
    let more: usize = unnamed.filter_map(|one| one.name.split(' ').find_map(|word| word.parse::<usize>().ok())).sum();
    expands_to.iter().filter(|one| !is_remainder(one)).count() + more
}

/// Returns whether a line of `expands_to` stands for others: its id is `~` and a digest of them.
pub fn is_remainder(one: &Entitlement) -> bool {
    one.id.starts_with('~')
}

/// The tier of everything on a system, over all it effectively gives.
#[derive(Clone, Debug)]
pub struct Tiers<'a> {
    least: Tier,
    inventory: &'a Inventory,
    /// The worst tier of all that each principal holds.
    principals: BTreeMap<&'a str, Tier>,
}

impl<'a> Tiers<'a> {
    /// Returns the tiers of an inventory; `least` is the least tier of everything on its system.
    pub fn of(inventory: &'a Inventory, least: Tier) -> Self {
        let mut principals: BTreeMap<&str, Tier> = BTreeMap::new();
        let mut edges: Vec<(&str, &str)> = Vec::new();
        for grant in inventory.grants() {
            let tier = principals.entry(&grant.principal.id).or_insert(Tier::T3);
            *tier = grant.tier.min(*tier);
            edges.extend(role_of(inventory, grant).map(|role| (grant.principal.id.as_str(), role)));
        }
        // Roles in roles, perhaps in circles: a tier only ever gets worse, so this ends.
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

    /// Returns the worst tier of all that a grant effectively gives: a membership gives what its role has, an account and
    /// a credential give all that the account holds.
    pub fn grant(&self, grant: &Grant) -> Tier {
        let behind = match grant.kind {
            GrantKind::Account | GrantKind::Credential => Some(grant.principal.id.as_str()),
            GrantKind::Membership => role_of(self.inventory, grant),
            _ => None,
        };
        let behind = behind.and_then(|id| self.principals.get(id)).copied().unwrap_or(Tier::T3);
        grant.tier.min(behind).min(self.least)
    }

    /// Returns the worst tier of all that the account with this immutable id holds; nothing when it holds nothing.
    pub fn account(&self, principal: &str) -> Option<Tier> {
        self.principals.get(principal).map(|tier| self.least.min(*tier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::test_fixtures::{held, inventory};

    #[test]
    fn roles_in_roles_give_what_the_innermost_has_and_circles_end() {
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
        let tiers = Tiers::of(&inventory, Tier::T3);
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
        assert_eq!(Tiers::of(&inventory, Tier::T1).account("bo"), Some(Tier::T1), "a system has a least tier");
    }

    #[test]
    fn what_a_system_only_names_counts_once_and_is_as_bad_as_its_role() {
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
