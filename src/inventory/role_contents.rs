//! Contents of roles: the entitlements that a role gives, directly and through nested roles, and their changes.

use super::{count, effective, expand, role_of};
use crate::model::{Entitlement, Grant, GrantKind, Inventory, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// The entitlements that a grant gives besides its own: for a membership, the contents of its role.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RoleContents {
    /// The entitlements, sorted by tier and then by name.
    pub inside: Vec<RoleEntitlement>,
    /// Number of further entitlements that the system counts but does not name.
    pub unnamed: usize,
}

/// One entitlement in a role.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RoleEntitlement {
    /// The tier.
    pub tier: Tier,
    /// The display name.
    pub name: String,
    /// The immutable id of the entitlement.
    pub id: String,
    /// The kind of grant; `None` if the system only names it.
    pub kind: Option<GrantKind>,
    /// The names of the roles in between, outermost first.
    pub way: Vec<String>,
}

/// The changes of a role's contents.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ContentsChange {
    /// Added entitlements, sorted by tier.
    pub added: Vec<RoleEntitlement>,
    /// Removed entitlements, sorted by tier.
    pub removed: Vec<RoleEntitlement>,
}

/// A role or group whose contents are reviewed once, and not for each member.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReviewedRole {
    /// The entitlement of its memberships.
    pub entitlement: Entitlement,
    /// The id of the role as a holder of grants, if it holds any.
    pub principal: Option<String>,
    /// The immutable ids of the members, sorted.
    pub members: Vec<String>,
    /// The contents.
    pub contents: RoleContents,
}

impl RoleContents {
    /// Returns the contents of a grant according to its inventory.
    pub fn of(inventory: &Inventory, grant: &Grant) -> Self {
        let all = expand(inventory, grant);
        let mut inside: Vec<RoleEntitlement> = all.iter().skip(1).map(RoleEntitlement::of).collect();
        inside.sort();
        let named = grant.expands_to.iter().filter(|one| !effective::is_remainder(one)).count();
        // Entitlements that the inventory names are not counted as unnamed.
        let unnamed = count(&grant.expands_to).saturating_sub(named.max(inside.len()));
        Self { inside, unnamed }
    }

    /// Returns the number of entitlements.
    pub fn count(&self) -> usize {
        self.inside.len() + self.unnamed
    }

    /// Returns whether the contents are empty.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Returns the most critical tier.
    pub fn tier(&self) -> Option<Tier> {
        self.inside.first().map(|one| one.tier)
    }

    /// Returns the nesting depth of roles; 1 for a role whose grants are all direct.
    pub fn depth(&self) -> usize {
        self.inside.iter().map(|one| one.way.len()).max().unwrap_or(0)
    }

    /// Returns a summary that names the `first` most critical entitlements: `gives 41 entitlements, 3 of them T0:
    /// SUPERUSER (T0, in admin), …`; `None` if the contents are empty.
    pub fn text(&self, first: usize) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let noun = if self.count() == 1 { "entitlement" } else { "entitlements" };
        let worst = self.tier().filter(|_| self.inside.len() > 1).map(|tier| {
            let many = self.inside.iter().filter(|one| one.tier == tier).count();
            format!(", {many} of them {tier}")
        });
        let names: Vec<String> = self.inside.iter().take(first).map(ToString::to_string).collect();
        let more = self.count() - names.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        Some(format!("gives {} {noun}{}{names}{rest}", self.count(), worst.unwrap_or_default()))
    }

    /// Returns the changes from `was` to these contents, compared by immutable id.
    pub fn diff(&self, was: &Self) -> ContentsChange {
        let ids = |contents: &Self| -> BTreeSet<String> { contents.inside.iter().map(|one| one.id.clone()).collect() };
        let (before, now) = (ids(was), ids(self));
        let fresh = |of: &Self, known: &BTreeSet<String>| -> Vec<RoleEntitlement> {
            of.inside.iter().filter(|one| !known.contains(&one.id)).cloned().collect()
        };
        ContentsChange { added: fresh(self, &before), removed: fresh(was, &now) }
    }
}

impl ContentsChange {
    /// Returns whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Returns a summary of the changes that names at most `first` of each list; `None` if there are no changes.
    pub fn text(&self, first: usize) -> Option<String> {
        let part = |verb: &str, all: &[RoleEntitlement]| {
            let names: Vec<String> = all.iter().take(first).map(ToString::to_string).collect();
            let more = all.len() - names.len();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!all.is_empty()).then(|| format!("{verb} {}: {}{rest}", all.len(), names.join(", ")))
        };
        let parts: Vec<String> =
            [part("gained", &self.added), part("lost", &self.removed)].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl RoleEntitlement {
    fn of(one: &super::EffectiveEntitlement<'_>) -> Self {
        Self {
            tier: one.tier,
            name: one.entitlement.name.clone(),
            id: one.entitlement.id.clone(),
            kind: one.kind,
            way: one.way.iter().map(|&role| role.to_owned()).collect(),
        }
    }
}

impl std::fmt::Display for RoleEntitlement {
    /// Formats name, tier and the roles in between: `SUPERUSER (T0, in role admin)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}", self.name, self.tier)?;
        match self.way.get(1..).filter(|inner| !inner.is_empty()) {
            Some(inner) => write!(f, ", in {})", inner.join(" in ")),
            None => f.write_str(")"),
        }
    }
}

/// Returns every role and group of a system that has members and contents, by id.
pub fn roles(inventory: &Inventory) -> Vec<ReviewedRole> {
    let mut by_role: BTreeMap<&str, Vec<&Grant>> = BTreeMap::new();
    for grant in inventory.grants().filter(|grant| grant.kind == GrantKind::Membership) {
        by_role.entry(&grant.entitlement.id).or_default().push(grant);
    }
    let role = |memberships: Vec<&Grant>| {
        let first = memberships.first()?;
        let contents = RoleContents::of(inventory, first);
        let mut members: Vec<String> = memberships.iter().map(|grant| grant.principal.id.clone()).collect();
        members.sort();
        members.dedup();
        let principal = role_of(inventory, first).map(str::to_owned);
        (!contents.is_empty()).then(|| ReviewedRole {
            entitlement: first.entitlement.clone(),
            principal,
            members,
            contents,
        })
    };
    by_role.into_values().filter_map(role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::test_fixtures::{held, inventory};

    fn world(more: Vec<Grant>) -> Inventory {
        let mut grants = vec![
            held("1", GrantKind::Membership, "role/7", Tier::T2),
            held("2", GrantKind::Membership, "role/7", Tier::T2),
            held("2", GrantKind::Membership, "role/9", Tier::T2),
            held("7", GrantKind::Membership, "role/8", Tier::T2),
            held("7", GrantKind::Privilege, "SELECT orders", Tier::T2),
            held("8", GrantKind::Privilege, "DELETE backups", Tier::T1),
        ];
        grants.extend(more);
        inventory("db", grants)
    }

    fn contents(inventory: &Inventory) -> RoleContents {
        RoleContents::of(inventory, inventory.of_principal("1").next().unwrap())
    }

    #[test]
    fn most_critical_contents_come_first_with_roles() {
        let inside = contents(&world(vec![]));
        assert_eq!(
            inside.text(2).as_deref(),
            Some("gives 3 entitlements, 1 of them T1: DELETE backups (T1, in role/8), SELECT orders (T2) and 1 more")
        );
        assert_eq!((inside.count(), inside.depth(), inside.tier()), (3, 2, Some(Tier::T1)));
        let alone = inventory("db", vec![held("1", GrantKind::Membership, "role/7", Tier::T3)]);
        assert_eq!(contents(&alone).text(4), None);
    }

    #[test]
    fn changes_are_compared_by_id() {
        let before = contents(&world(vec![]));
        let after = contents(&world(vec![held("8", GrantKind::Attribute, "SUPERUSER", Tier::T0)]));
        let told = |shift: ContentsChange| shift.text(3);
        assert_eq!(told(after.diff(&before)).as_deref(), Some("gained 1: SUPERUSER (T0, in role/8)"));
        assert_eq!(told(before.diff(&after)).as_deref(), Some("lost 1: SUPERUSER (T0, in role/8)"));
        assert_eq!(told(before.diff(&before)), None);
    }

    #[test]
    fn each_role_is_listed_once_with_its_members() {
        let told: Vec<_> = roles(&world(vec![]))
            .into_iter()
            .map(|role| (role.entitlement.id.clone(), role.members.join(","), role.contents.count()))
            .collect();
        let role = |id: &str, members: &str, count| (id.to_owned(), members.to_owned(), count);
        assert_eq!(told, [role("role/7", "1,2", 3), role("role/8", "7", 1)], "a role without grants has no contents");
    }

    #[test]
    fn unnamed_contents_are_counted() {
        let mut member = held("1", GrantKind::Membership, "big", Tier::T2);
        let named = |id: &str, name: &str| Entitlement { id: id.to_owned(), name: name.to_owned() };
        member.expands_to = vec![named("a", "A"), named("~sha256:9", "and 12 more")];
        let held = inventory("db", vec![member]);
        assert_eq!(contents(&held).text(1).as_deref(), Some("gives 13 entitlements: A (T2) and 12 more"));
    }
}
