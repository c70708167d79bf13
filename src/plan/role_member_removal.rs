//! One entitlement out of a role, for one of those who are in it: no call does that, so the plan says how a person can.

use crate::{
    connector::ConnectorSchema,
    inventory::{RoleContents, RoleEntitlement, effective, roles},
    model::{AccessChange, Grant, GrantKind, Inventory},
};
use std::collections::BTreeSet;

/// Why one entitlement cannot be taken out by a call, and the ways in which it can.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RoleMemberRemoval {
    /// Why not.
    pub(super) why: String,
    /// How else.
    pub(super) ways: String,
}

/// Returns how `without <entitlement>` can be had, where `change` asks for that and the grant gives that entitlement:
/// split the role, move the member into a lesser one, or deny it where the system can.
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
    ways.push(match vocabulary.denial(grant, what) {
        Some(denial) => format!("deny: {denial}"),
        None => format!("deny: `{}` knows no denial that outweighs what is granted", grant.system),
    });
    ways.push(format!("or take `{what}` from `{role}` for all, by a campaign with `role_contents`"));
    Some(RoleMemberRemoval { why: why(grant, found, inventory), ways: ways.join("; ") })
}

/// Returns what still gives what `without <entitlement>` takes away, where the grant that was reviewed is gone: taking a
/// member out of a role is not yet what was decided.
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
        why: format!("`{who}` is out of `{role}`, and still has `{wanted}` by `{first}`{more}"),
        ways: format!("take it from there too, then `tenure collect {system}`"),
    })
}

fn why(grant: &Grant, found: &RoleEntitlement, inventory: &Inventory) -> String {
    let (who, what) = (&grant.principal.name, &found.name);
    let same = inventory.of_entitlement(&grant.entitlement.id);
    let others: BTreeSet<&str> =
        same.map(|other| other.principal.id.as_str()).filter(|id| *id != grant.principal.id).collect();
    let others = match others.len() {
        0 => String::new(),
        1 => ", which one other has too".to_owned(),
        many => format!(", which {many} others have too"),
    };
    let way: Vec<String> = found.way.iter().rev().map(|role| format!("`{role}`")).collect();
    let besides: BTreeSet<&str> = effective(inventory, &grant.principal.id)
        .iter()
        .filter(|one| one.grant.key != grant.key && one.entitlement.id == found.id)
        .map(|one| one.grant.entitlement.name.as_str())
        .collect();
    let besides: Vec<String> = besides.into_iter().take(FIRST).map(|name| format!("`{name}`")).collect();
    let besides =
        if besides.is_empty() { String::new() } else { format!("; `{who}` has it by {} too", besides.join(" and ")) };
    format!("`{what}` lies inside {}{others}: no call takes it from `{who}` alone{besides}", way.join(" in "))
}

fn split(grant: &Grant, contents: &RoleContents, found: &RoleEntitlement) -> String {
    let (who, role) = (&grant.principal.name, &grant.entitlement.name);
    // A role on the way gives it too, so it stays behind with it.
    let stays = |one: &&RoleEntitlement| one.id == found.id || found.way.contains(&one.name);
    let rest: Vec<&str> = contents.inside.iter().filter(|one| !stays(one)).map(|one| one.name.as_str()).collect();
    let more = rest.len() - rest.len().min(FIRST) + contents.unnamed;
    if rest.is_empty() && more == 0 {
        return format!("leave: `{role}` gives nothing else, so take `{who}` out of it: decide `revoke`");
    }
    let names: Vec<String> = rest.iter().take(FIRST).map(|name| format!("`{name}`")).collect();
    let and = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("split: make a role with {}{and}, put `{who}` into it, and take them out of `{role}`", names.join(", "))
}

/// The role that gives most of the rest, and nothing that the holder does not have by this one.
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
        // The first by id of those that give most.
        .min_by_key(|(role, gives)| (std::cmp::Reverse(*gives), role.entitlement.id.clone()))?;
    let (who, name, from) = (&grant.principal.name, &role.entitlement.name, &grant.entitlement.name);
    let of = format!("{gives} of the other {}", rest.len());
    Some(if own.contains(role.entitlement.id.as_str()) {
        format!("move: `{who}` is in `{name}` already, which gives {of}; take them out of `{from}`")
    } else {
        format!("move: put `{who}` into `{name}`, which gives {of}, and take them out of `{from}`")
    })
}

/// What a decision to reduce begins with, where one entitlement is to go.
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

        fn draft(&self, _: &AccessChange, _: &Grant, _: &Inventory) -> Result<PlannedChange, UnsupportedChangeError> {
            Err(UnsupportedChangeError::Unsupported { why: String::new(), instead: String::new() })
        }

        fn denial(&self, _: &Grant, what: &str) -> Option<String> {
            self.0.map(|how| format!("{how} {what}"))
        }
    }

    /// `li` and `bo` are in `ops`, which reads and writes orders and is in `keeper`, which deletes backups; `reader` reads.
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
    fn the_plan_says_why_no_call_does_it_and_every_way_that_does() {
        let told = of(&company(vec![]), "without delete backups", &Words(None)).unwrap();
        assert_eq!(
            told.why,
            "`delete backups` lies inside `keeper` in `ops`, which one other has too: no call takes it from `li` alone"
        );
        assert_eq!(
            told.ways,
            "split: make a role with `read orders`, `write orders`, put `li` into it, and take them out of `ops`; \
             move: put `li` into `reader`, which gives 1 of the other 2, and take them out of `ops`; \
             deny: `db` knows no denial that outweighs what is granted; \
             or take `delete backups` from `ops` for all, by a campaign with `role_contents`"
        );
    }

    #[test]
    fn a_second_path_and_a_denial_are_told() {
        let more = vec![
            Grant::held("li", GrantKind::Membership, "keeper"),
            Grant::held("li", GrantKind::Membership, "reader"),
        ];
        let told = of(&company(more), "without delete backups", &Words(Some("a policy against"))).unwrap();
        assert!(told.why.ends_with("no call takes it from `li` alone; `li` has it by `keeper` too"), "{}", told.why);
        assert!(told.ways.contains("`li` is in `reader` already"), "{}", told.ways);
        assert!(told.ways.contains("deny: a policy against delete backups"), "{}", told.ways);
    }

    #[test]
    fn who_is_out_of_the_role_and_has_it_still_is_not_done() {
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
        assert_eq!(told.why, "`li` is out of `ops`, and still has `delete backups` by `keeper`");
        assert_eq!(residual_access(&without("write orders"), &reviewed, &lesser), None);
        assert_eq!(residual_access(&AccessChange::Revoke {}, &reviewed, &lesser), None);
    }

    #[test]
    fn what_the_role_does_not_give_is_not_singled_out() {
        assert_eq!(of(&company(vec![]), "without drop table", &Words(None)), None);
        assert_eq!(of(&company(vec![]), "read only", &Words(None)), None);
    }
}
