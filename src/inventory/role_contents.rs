//! What a role hides: how much it gives, the riskiest of it first, through which roles in it, and what changed of that.

use super::{count, effective, expand, role_of};
use crate::model::{Entitlement, Grant, GrantKind, Inventory, Tier};
use std::collections::{BTreeMap, BTreeSet};

/// What a grant gives besides itself: for a membership, everything that its role gives.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RoleContents {
    /// What is given, the riskiest first: by tier, then by name.
    pub inside: Vec<RoleEntitlement>,
    /// How many more the system counts without naming them.
    pub unnamed: usize,
}

/// One entitlement inside a role.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RoleEntitlement {
    /// How much harm it can do.
    pub tier: Tier,
    /// The name people use.
    pub name: String,
    /// The immutable id.
    pub id: String,
    /// What kind of thing it is; nothing where the system only names it.
    pub kind: Option<GrantKind>,
    /// The roles on the way from the outermost, by name.
    pub way: Vec<String>,
}

/// What of a role's contents is not as it was.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ContentsChange {
    /// What it did not give, the riskiest first.
    pub added: Vec<RoleEntitlement>,
    /// What it gives no more, the riskiest first.
    pub removed: Vec<RoleEntitlement>,
}

/// A role or group, as what it hides is reviewed once and not for each member.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Role {
    /// What its members hold: the entitlement of their memberships.
    pub entitlement: Entitlement,
    /// The id under which it holds things itself, where it holds any.
    pub principal: Option<String>,
    /// How many memberships there are in it, by immutable ids of the members, sorted.
    pub members: Vec<String>,
    /// What it gives.
    pub contents: RoleContents,
}

impl RoleContents {
    /// Returns what a grant gives, as its inventory has it.
    pub fn of(inventory: &Inventory, grant: &Grant) -> Self {
        let all = expand(inventory, grant);
        let mut inside: Vec<RoleEntitlement> = all.iter().skip(1).map(RoleEntitlement::of).collect();
        inside.sort();
        let named = grant.expands_to.iter().filter(|one| !effective::is_remainder(one)).count();
        // What the inventory names itself is not among the unnamed any more.
        let unnamed = count(&grant.expands_to).saturating_sub(named.max(inside.len()));
        Self { inside, unnamed }
    }

    /// Returns how many entitlements it is.
    pub fn count(&self) -> usize {
        self.inside.len() + self.unnamed
    }

    /// Returns whether the grant gives nothing but itself.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Returns the worst tier of it.
    pub fn tier(&self) -> Option<Tier> {
        self.inside.first().map(|one| one.tier)
    }

    /// Returns how deep roles lie in roles; 1 for a role that holds everything itself.
    pub fn depth(&self) -> usize {
        self.inside.iter().map(|one| one.way.len()).max().unwrap_or(0)
    }

    /// Returns the contents in a sentence, the `first` riskiest by name: `gives 41 entitlements, 3 of them T0: SUPERUSER
    /// (T0, in admin), …`; nothing for a grant that gives nothing but itself.
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

    /// Returns what changed since the contents were `was`, by immutable ids.
    pub fn since(&self, was: &Self) -> ContentsChange {
        let ids = |contents: &Self| -> BTreeSet<String> { contents.inside.iter().map(|one| one.id.clone()).collect() };
        let (before, now) = (ids(was), ids(self));
        let fresh = |of: &Self, known: &BTreeSet<String>| -> Vec<RoleEntitlement> {
            of.inside.iter().filter(|one| !known.contains(&one.id)).cloned().collect()
        };
        ContentsChange { added: fresh(self, &before), removed: fresh(was, &now) }
    }
}

impl ContentsChange {
    /// Returns whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Returns the changes in a sentence, at most `first` of each by name; nothing when there is none.
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
    /// The name, the tier, and the roles that lie in between: `SUPERUSER (T0, in role admin)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}", self.name, self.tier)?;
        match self.way.get(1..).filter(|inner| !inner.is_empty()) {
            Some(inner) => write!(f, ", in {})", inner.join(" in ")),
            None => f.write_str(")"),
        }
    }
}

/// Returns every role and group of a system that has members and gives something, by id.
pub fn roles(inventory: &Inventory) -> Vec<Role> {
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
        (!contents.is_empty()).then(|| Role { entitlement: first.entitlement.clone(), principal, members, contents })
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
    fn the_riskiest_comes_first_with_the_roles_it_lies_in() {
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
    fn what_changed_since_is_told_by_ids() {
        let before = contents(&world(vec![]));
        let after = contents(&world(vec![held("8", GrantKind::Attribute, "SUPERUSER", Tier::T0)]));
        let told = |shift: ContentsChange| shift.text(3);
        assert_eq!(told(after.since(&before)).as_deref(), Some("gained 1: SUPERUSER (T0, in role/8)"));
        assert_eq!(told(before.since(&after)).as_deref(), Some("lost 1: SUPERUSER (T0, in role/8)"));
        assert_eq!(told(before.since(&before)), None);
    }

    #[test]
    fn each_role_is_there_once_with_its_members() {
        let told: Vec<_> = roles(&world(vec![]))
            .into_iter()
            .map(|role| (role.entitlement.id.clone(), role.members.join(","), role.contents.count()))
            .collect();
        let role = |id: &str, members: &str, count| (id.to_owned(), members.to_owned(), count);
        assert_eq!(told, [role("role/7", "1,2", 3), role("role/8", "7", 1)], "what gives nothing hides nothing");
    }

    #[test]
    fn what_a_system_counts_and_does_not_name_is_counted() {
        let mut member = held("1", GrantKind::Membership, "big", Tier::T2);
        let named = |id: &str, name: &str| Entitlement { id: id.to_owned(), name: name.to_owned() };
        member.expands_to = vec![named("a", "A"), named("~sha256:9", "and 12 more")];
        let held = inventory("db", vec![member]);
        assert_eq!(contents(&held).text(1).as_deref(), Some("gives 13 entitlements: A (T2) and 12 more"));
    }
}
