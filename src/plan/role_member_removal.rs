//! Removal of one entitlement of a role for a single member. No call does that, so the plan describes the manual
//! alternatives.

use crate::{
    connector::ConnectorSchema,
    inventory::{RoleContents, RoleEntitlement, effective, roles},
    model::{AccessChange, Grant, GrantKind, Inventory},
};
use std::collections::BTreeSet;

/// The reason why a call cannot remove one entitlement, and the alternatives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RoleMemberRemoval {
    /// The reason.
    pub(super) why: String,
    /// The alternatives.
    pub(super) ways: String,
}

/// Returns the alternatives for `without <entitlement>`, if `change` requests that and the grant gives that
/// entitlement: split the role, move the member to a smaller role, or deny the entitlement if the system supports
/// denials.
pub(super) fn removal_options(
    change: &AccessChange,
    grant: &Grant,
    inventory: &Inventory,
    vocabulary: &dyn ConnectorSchema,
) -> Option<RoleMemberRemoval> {
    let AccessChange::Reduce { to } = change else { return None };
    let wanted = to.strip_prefix(WITHOUT)?.trim();
    let contents = RoleContents::of(inventory, grant);
    let found = contents.inside.iter().find(|one| one.id == wanted || one.name == wanted)?;
    let (role, what) = (&grant.entitlement.name, &found.name);
    let mut ways = vec![split(grant, &contents, found)];
    ways.extend(lesser(grant, &contents, found, inventory));
    ways.push(match vocabulary.deny_statement(grant, what) {
        Some(denial) => format!("deny: {denial}"),
        None => format!("deny: `{}` supports no denial that overrides a grant", grant.system),
    });
    ways.push(format!("or remove `{what}` from `{role}` for all members, by a campaign with `role_contents`"));
    Some(RoleMemberRemoval { why: why(grant, found, inventory), ways: ways.join("; ") })
}

/// Returns the paths that still give the entitlement of `without <entitlement>` after the reviewed grant was removed:
/// removing a member from a role may not be sufficient for the decision.
pub(super) fn residual_access(
    change: &AccessChange,
    grant: &Grant,
    inventory: &Inventory,
) -> Option<RoleMemberRemoval> {
    let AccessChange::Reduce { to } = change else { return None };
    let wanted = to.strip_prefix(WITHOUT)?.trim();
    let who = &grant.principal.name;
    let all = effective(inventory, &grant.principal.id);
    let by: BTreeSet<&str> = all
        .iter()
        .filter(|one| one.entitlement.id == wanted || one.entitlement.name == wanted)
        .map(|one| one.grant.entitlement.name.as_str())
        .collect();
    let first = by.first()?;
    let more = if by.len() > 1 { format!(" and {} more", by.len() - 1) } else { String::new() };
    let (role, system) = (&grant.entitlement.name, &grant.system);
    Some(RoleMemberRemoval {
        why: format!("`{who}` is no longer in `{role}`, but still has `{wanted}` through `{first}`{more}"),
        ways: format!("remove it there as well, then run `tenure collect {system}`"),
    })
}

fn why(grant: &Grant, found: &RoleEntitlement, inventory: &Inventory) -> String {
    let (who, what) = (&grant.principal.name, &found.name);
    let same = inventory.of_entitlement(&grant.entitlement.id);
    let others: BTreeSet<&str> =
        same.map(|other| other.principal.id.as_str()).filter(|id| *id != grant.principal.id).collect();
    let others = match others.len() {
        0 => String::new(),
        1 => ", which one other principal has too".to_owned(),
        many => format!(", which {many} other principals have too"),
    };
    let way: Vec<String> = found.way.iter().rev().map(|role| format!("`{role}`")).collect();
    let besides: BTreeSet<&str> = effective(inventory, &grant.principal.id)
        .iter()
        .filter(|one| one.grant.key != grant.key && one.entitlement.id == found.id)
        .map(|one| one.grant.entitlement.name.as_str())
        .collect();
    let besides: Vec<String> = besides.into_iter().take(FIRST).map(|name| format!("`{name}`")).collect();
    let besides = if besides.is_empty() {
        String::new()
    } else {
        format!("; `{who}` has it through {} too", besides.join(" and "))
    };
    format!("`{what}` is part of {}{others}: no call removes it from `{who}` alone{besides}", way.join(" in "))
}

fn split(grant: &Grant, contents: &RoleContents, found: &RoleEntitlement) -> String {
    let (who, role) = (&grant.principal.name, &grant.entitlement.name);
    // A role on the path gives it too, so that role stays in the old role.
    let stays = |one: &&RoleEntitlement| one.id == found.id || found.way.contains(&one.name);
    let rest: Vec<&str> = contents.inside.iter().filter(|one| !stays(one)).map(|one| one.name.as_str()).collect();
    let more = rest.len() - rest.len().min(FIRST) + contents.unnamed;
    if rest.is_empty() && more == 0 {
        return format!("leave: `{role}` gives only this, so remove `{who}` from it: decide `revoke`");
    }
    let names: Vec<String> = rest.iter().take(FIRST).map(|name| format!("`{name}`")).collect();
    let and = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("split: create a role with {}{and}, add `{who}` to it, and remove them from `{role}`", names.join(", "))
}

/// Returns the role that gives most of the remaining entitlements, and none that the holder does not have through this
/// role.
fn lesser(grant: &Grant, contents: &RoleContents, found: &RoleEntitlement, inventory: &Inventory) -> Option<String> {
    let rest: BTreeSet<&str> = contents
        .inside
        .iter()
        .filter(|one| one.id != found.id && !found.way.contains(&one.name))
        .map(|one| one.id.as_str())
        .collect();
    let own: BTreeSet<&str> = inventory
        .of_principal(&grant.principal.id)
        .filter(|one| one.kind == GrantKind::Membership && one.key != grant.key)
        .map(|one| one.entitlement.id.as_str())
        .collect();
    let (role, gives) = roles(inventory)
        .into_iter()
        .filter(|role| role.entitlement.id != grant.entitlement.id && role.contents.unnamed == 0)
        .filter_map(|role| {
            let inside: BTreeSet<&str> = role.contents.inside.iter().map(|one| one.id.as_str()).collect();
            let gives = inside.len();
            (inside.is_subset(&rest) && gives > 0).then_some((role, gives))
        })
        // The first by id of the roles that give most.
        .min_by_key(|(role, gives)| (std::cmp::Reverse(*gives), role.entitlement.id.clone()))?;
    let (who, name, from) = (&grant.principal.name, &role.entitlement.name, &grant.entitlement.name);
    let of = format!("{gives} of the other {}", rest.len());
    Some(if own.contains(role.entitlement.id.as_str()) {
        format!("move: `{who}` is already in `{name}`, which gives {of}; remove them from `{from}`")
    } else {
        format!("move: add `{who}` to `{name}`, which gives {of}, and remove them from `{from}`")
    })
}

/// The prefix of `to` in a decision to remove one entitlement.
const WITHOUT: &str = "without ";
const FIRST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        connector::{ConnectorDescriptor, PlannedChange, UnsupportedChangeError},
        model::{Digest, SystemId, Timestamp, VerificationLevel},
    };
    use std::collections::BTreeMap;

    struct Words(Option<&'static str>);

    impl ConnectorSchema for Words {
        fn describe(&self) -> ConnectorDescriptor {
            ConnectorDescriptor { name: "words", kinds: &[], needs: &[], level: VerificationLevel::V3 }
        }

        fn plan_change(
            &self,
            _: &AccessChange,
            _: &Grant,
            _: &Inventory,
        ) -> Result<PlannedChange, UnsupportedChangeError> {
            Err(UnsupportedChangeError::Unsupported { why: String::new(), instead: String::new() })
        }

        fn deny_statement(&self, _: &Grant, what: &str) -> Option<String> {
            self.0.map(|how| format!("{how} {what}"))
        }
    }

    /// `li` and `bo` are in `ops`, which reads and writes orders and is in `keeper`, which deletes backups; `reader`
    /// reads.
    fn company(more: Vec<Grant>) -> Inventory {
        let mut grants = vec![
            Grant::held("li", GrantKind::Membership, "ops"),
            Grant::held("bo", GrantKind::Membership, "ops"),
            Grant::held("ops", GrantKind::Privilege, "read orders"),
            Grant::held("ops", GrantKind::Privilege, "write orders"),
            Grant::held("ops", GrantKind::Membership, "keeper"),
            Grant::held("keeper", GrantKind::Privilege, "delete backups"),
            Grant::held("bo", GrantKind::Membership, "reader"),
            Grant::held("reader", GrantKind::Privilege, "read orders"),
        ];
        grants.extend(more);
        let system = SystemId::parse("db").unwrap();
        Inventory::new(system, Timestamp::from_unix(0), Digest::ZERO, true, grants, BTreeMap::new())
    }

    fn of(inventory: &Inventory, to: &str, words: &Words) -> Option<RoleMemberRemoval> {
        let grant = inventory.grants().find(|grant| grant.key.as_str() == "li/ops").unwrap();
        removal_options(&AccessChange::Reduce { to: to.to_owned() }, grant, inventory, words)
    }

    #[test]
    fn plan_lists_the_alternatives_of_a_partial_removal() {
        let told = of(&company(vec![]), "without delete backups", &Words(None)).unwrap();
        assert_eq!(
            told.why,
            "`delete backups` is part of `keeper` in `ops`, which one other principal has too: no call removes it from `li` alone"
        );
        assert_eq!(
            told.ways,
            "split: create a role with `read orders`, `write orders`, add `li` to it, and remove them from `ops`; \
             move: add `li` to `reader`, which gives 1 of the other 2, and remove them from `ops`; \
             deny: `db` supports no denial that overrides a grant; \
             or remove `delete backups` from `ops` for all members, by a campaign with `role_contents`"
        );
    }

    #[test]
    fn second_path_and_denial_are_listed() {
        let more = vec![
            Grant::held("li", GrantKind::Membership, "keeper"),
            Grant::held("li", GrantKind::Membership, "reader"),
        ];
        let told = of(&company(more), "without delete backups", &Words(Some("a policy against"))).unwrap();
        assert!(
            told.why.ends_with("no call removes it from `li` alone; `li` has it through `keeper` too"),
            "{}",
            told.why
        );
        assert!(told.ways.contains("`li` is already in `reader`"), "{}", told.ways);
        assert!(told.ways.contains("deny: a policy against delete backups"), "{}", told.ways);
    }

    #[test]
    fn member_with_another_path_keeps_the_decision_open() {
        let reviewed = Grant::held("li", GrantKind::Membership, "ops");
        let without = |what: &str| AccessChange::Reduce { to: format!("without {what}") };
        let out = |more: Vec<Grant>| {
            let grants: Vec<Grant> =
                company(more).grants().filter(|grant| grant.key != reviewed.key).cloned().collect();
            let system = SystemId::parse("db").unwrap();
            Inventory::new(system, Timestamp::from_unix(0), Digest::ZERO, true, grants, BTreeMap::new())
        };
        assert_eq!(residual_access(&without("delete backups"), &reviewed, &out(vec![])), None);
        let lesser = out(vec![Grant::held("li", GrantKind::Membership, "keeper")]);
        let told = residual_access(&without("delete backups"), &reviewed, &lesser).unwrap();
        assert_eq!(told.why, "`li` is no longer in `ops`, but still has `delete backups` through `keeper`");
        assert_eq!(residual_access(&without("write orders"), &reviewed, &lesser), None);
        assert_eq!(residual_access(&AccessChange::Revoke {}, &reviewed, &lesser), None);
    }

    #[test]
    fn entitlement_outside_the_role_has_no_alternatives() {
        assert_eq!(of(&company(vec![]), "without drop table", &Words(None)), None);
        assert_eq!(of(&company(vec![]), "read only", &Words(None)), None);
    }
}
