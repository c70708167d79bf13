//! Fixtures for the tests of this module: systems with principals and grants.

use super::{IdentityDirectory, LoadedInventory};
use crate::model::{
    AccessPath, AccessRoute, Attributes, Digest, Entitlement, Grant, GrantKey, GrantKind, Inventory, Principal,
    PrincipalId, SystemId, Tier, Timestamp, Usage,
    file::{Observation, PrincipalKind, PrincipalRecord, Principals, Remediation, System},
};
use std::collections::BTreeMap;

/// The fixed date of all test cases.
pub(super) fn today() -> Timestamp {
    Timestamp::parse("2026-11-23").unwrap()
}

pub(super) fn days_ago(days: i64) -> Timestamp {
    today().plus_days(-days)
}

pub(super) fn system_id(name: &str) -> SystemId {
    SystemId::parse(name).unwrap()
}

/// A grant without a system: `kind:holder/what`.
pub(super) fn held(holder: &str, kind: GrantKind, what: &str, tier: Tier) -> Grant {
    let via = if kind == GrantKind::Membership { AccessRoute::Group } else { AccessRoute::Direct };
    Grant {
        system: system_id("none"),
        kind,
        key: GrantKey::parse(&format!("{kind}:{holder}/{}", what.replace(' ', "_"))).unwrap(),
        principal: Principal { id: holder.to_owned(), name: format!("{holder}'s name") },
        entitlement: Entitlement { id: what.to_owned(), name: what.to_owned() },
        paths: vec![AccessPath { via, ids: what.to_owned(), text: format!("{holder} has {what}") }],
        attributes: Attributes::new(),
        expands_to: Vec::new(),
        tier,
    }
}

pub(super) fn with(mut grant: Grant, attributes: &[(&str, &str)]) -> Grant {
    grant.attributes.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    grant
}

pub(super) fn inventory(system: &str, grants: Vec<Grant>) -> Inventory {
    used(system, grants, BTreeMap::new())
}

pub(super) fn used(system: &str, grants: Vec<Grant>, usage: BTreeMap<GrantKey, Usage>) -> Inventory {
    let id = system_id(system);
    let grants = grants.into_iter().map(|grant| Grant { system: id.clone(), ..grant });
    Inventory::new(id.clone(), days_ago(1), Digest::ZERO, true, grants, usage)
}

pub(super) fn loaded(connector: &str, inventory: Inventory) -> LoadedInventory {
    let observation = Observation {
        schema: "tenure/observation/v1".to_owned(),
        system: inventory.system().clone(),
        connector: connector.to_owned(),
        engine: "tenure 0".to_owned(),
        target: "a target".to_owned(),
        identity: "a reader".to_owned(),
        target_identity: None,
        started_at: inventory.observed_at(),
        observed_at: inventory.observed_at(),
        calls: 1,
        usage: Digest::ZERO,
        blind_spots: Vec::new(),
        evidence: None,
        kinds: Vec::new(),
    };
    LoadedInventory { observation, digest: Digest::ZERO, inventory }
}

pub(super) fn system(name: &str, connector: &str, tier: Tier) -> System {
    System {
        schema: "tenure/system/v1".to_owned(),
        repo: crate::model::RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap(),
        system: system_id(name),
        version: 1,
        prev: "none".into(),
        retired: None,
        connector: connector.to_owned(),
        owner: id("dora"),
        deputy: None,
        tier,
        environment: Some("prod".to_owned()),
        identity: None,
        remediation: Remediation::Automatic,
        settings: toml::Table::new(),
        sink: None,
    }
}

pub(super) fn id(text: &str) -> PrincipalId {
    PrincipalId::parse(text).unwrap()
}

pub(super) fn entry(who: &str, kind: PrincipalKind, accounts: &[&str]) -> PrincipalRecord {
    let accounts = accounts.iter().map(|&account| account.to_owned()).collect();
    PrincipalRecord { accounts, ..PrincipalRecord::new(id(who), kind) }
}

pub(super) fn people(entries: Vec<PrincipalRecord>) -> IdentityDirectory {
    let file = Principals { schema: "tenure/principals/v1".to_owned(), principals: entries };
    IdentityDirectory::new([("principals.toml", file)]).0
}
