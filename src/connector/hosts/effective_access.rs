//! Effective access: all paths by which a principal has the entitlement of a grant.
//!
//! The same function is used for planning (from the inventory) and for verification (from a fresh read).

use super::sudoers::{SudoPrivilege, read_rights, survives};
use crate::model::{AccessPath, AccessRoute, Grant, GrantKind, Inventory};

/// Returns every path by which the holder has the entitlement of `grant`; empty when there is none.
pub(super) fn paths(grant: &Grant, inventory: &Inventory) -> Vec<AccessPath> {
    let mut paths = match grant.kind {
        GrantKind::Membership => membership(grant, inventory),
        GrantKind::Rule => rule(grant, inventory),
        _ => same_entitlement(grant, inventory),
    };
    paths.sort();
    paths.dedup();
    paths
}

/// Returns whether the holder of a grant has any of `rights` by any rule.
pub(super) fn gives_any(grant: &Grant, rights: &[SudoPrivilege], inventory: &Inventory) -> bool {
    applicable(&grant.principal.id, inventory).any(|rule| gives(rule, rights))
}

/// Accounts with the same uid are one identity to the kernel, regardless of their names. A key opens an account in any
/// of its files.
fn same_entitlement(grant: &Grant, inventory: &Inventory) -> Vec<AccessPath> {
    inventory.of_entitlement(&grant.entitlement.id).filter(|other| other.kind == grant.kind).filter_map(own).collect()
}

fn membership(grant: &Grant, inventory: &Inventory) -> Vec<AccessPath> {
    let mut paths: Vec<AccessPath> = inventory
        .of_entitlement(&grant.entitlement.id)
        .filter(|other| other.kind == GrantKind::Credential || other.principal.id == grant.principal.id)
        .filter_map(own)
        .collect();
    // The principal keeps the sudo privileges of the group if another rule gives them.
    for given in inventory.of_principal(&grant.entitlement.id).filter(|other| other.kind == GrantKind::Rule) {
        let Some(wanted) = rights(given) else { continue };
        paths.extend(
            applicable(&grant.principal.id, inventory)
                .filter(|other| other.principal.id != grant.entitlement.id && gives(other, &wanted))
                .filter_map(own),
        );
    }
    paths.extend(superuser(grant));
    paths
}

fn rule(grant: &Grant, inventory: &Inventory) -> Vec<AccessPath> {
    let Some(wanted) = rights(grant) else { return grant.paths.clone() };
    let others = applicable(&grant.principal.id, inventory).filter(|other| gives(other, &wanted));
    others.filter_map(own).chain(superuser(grant)).collect()
}

/// Returns the rules that apply to a principal: its own, those for all users, those of its groups.
fn applicable<'a>(principal: &'a str, inventory: &'a Inventory) -> impl Iterator<Item = &'a Grant> {
    let groups = inventory.of_principal(principal).filter(|grant| grant.kind == GrantKind::Membership);
    let by_group = groups.flat_map(move |grant| inventory.of_principal(&grant.entitlement.id));
    let everyone = (principal != "everyone").then(|| inventory.of_principal("everyone"));
    let excepted =
        move |rule: &Grant| rule.attribute("except").is_some_and(|ids| ids.split(',').any(|id| id == principal));
    inventory
        .of_principal(principal)
        .chain(everyone.into_iter().flatten())
        .chain(by_group)
        .filter(move |grant| grant.kind == GrantKind::Rule && !excepted(grant))
}

fn gives(rule: &Grant, wanted: &[SudoPrivilege]) -> bool {
    // A rule that cannot be parsed again counts as giving the privilege.
    rights(rule).is_none_or(|rights| survives(&rights, wanted))
}

fn rights(rule: &Grant) -> Option<Vec<SudoPrivilege>> {
    read_rights(rule.attribute("commands")?)
}

fn superuser(grant: &Grant) -> Option<AccessPath> {
    (grant.principal.id == "uid:0").then(|| AccessPath {
        via: AccessRoute::Administrator,
        ids: "uid:0".to_owned(),
        text: format!("{} has uid 0, which may do everything", grant.principal.name),
    })
}

fn own(grant: &Grant) -> Option<AccessPath> {
    grant.paths.first().cloned()
}
