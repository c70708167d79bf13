//! The access that a change takes away.

use super::{
    grant_key::{DatabaseObject, PostgresGrantKey},
    grants::{GrantBuilder, entry_key, owned_key},
    tier,
};
use crate::model::{AccessChange, Tier};

/// The access that a change takes away from the holder of a grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum LostAccess {
    /// An attribute of the role.
    Attribute(String),
    /// A privilege on future objects, or the right to grant it.
    Coming { option: bool },
    /// Every login by the account.
    Login,
    /// The rights that a membership gives.
    Membership(MembershipUse),
    /// Ownership, which no change takes away.
    Ownership,
    /// Logins by a stored password; `replaced` by another one.
    Password { replaced: bool },
    /// A privilege on an object, or the right to grant it.
    Privilege { option: bool },
}

/// The use of a membership that is taken away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MembershipUse {
    /// Every right that the role gives.
    All,
    /// To grant the role to others.
    Administer,
    /// To have the rights of the role without SET ROLE.
    Inherit,
    /// To become the role.
    Set,
}

impl LostAccess {
    /// Returns what `change` takes away from the holder of a grant.
    pub(super) fn of(key: &PostgresGrantKey, change: &AccessChange) -> Self {
        let reduced = match change {
            AccessChange::Reduce { to } => to.as_str(),
            _ => "",
        };
        match key {
            PostgresGrantKey::Account { .. } => Self::Login,
            PostgresGrantKey::Attribute { attribute, .. } => Self::Attribute(attribute.clone()),
            PostgresGrantKey::Default { .. } => Self::Coming { option: !reduced.is_empty() },
            PostgresGrantKey::Membership { .. } => Self::Membership(match reduced {
                "without admin" => MembershipUse::Administer,
                "without inherit" => MembershipUse::Inherit,
                "without set" => MembershipUse::Set,
                _ => MembershipUse::All,
            }),
            PostgresGrantKey::Ownership { .. } => Self::Ownership,
            PostgresGrantKey::Password { .. } => Self::Password { replaced: matches!(change, AccessChange::Rotate {}) },
            PostgresGrantKey::Privilege { .. } => Self::Privilege { option: !reduced.is_empty() },
        }
    }
}

/// One right that a role gives: as a grant to the member, with its name and tier.
#[derive(Clone, Debug)]
pub(super) struct GivenRight {
    pub(super) key: PostgresGrantKey,
    pub(super) name: String,
    pub(super) tier: Tier,
}

impl GrantBuilder<'_> {
    /// Returns every right that `role` gives to `member`, with those of the roles that it can act as. The role itself is
    /// not included.
    pub(super) fn given_by(&self, role: u32, member: u32) -> Vec<GivenRight> {
        let mut given = Vec::new();
        let reached = self.roles.reached_by(role);
        for oid in std::iter::once(role).chain(reached.keys().copied()) {
            if oid != role {
                let key = PostgresGrantKey::Membership { role: oid, member, grantor: None };
                given.push((key, format!("role {}", self.facts.name(oid))));
            }
            let attributes = self.facts.role(oid).into_iter().flat_map(|role| &role.attributes);
            for (attribute, _) in attributes.filter(|(_, is)| **is) {
                let key = PostgresGrantKey::Attribute { attribute: attribute.clone(), role: member };
                given.push((key, attribute.to_uppercase()));
            }
            given.extend(self.held_by(oid, member, None));
        }
        for database in self.facts.objects.keys() {
            let there = self.roles.reached_in(*database, role);
            for oid in there.keys().filter(|oid| !reached.contains_key(oid)) {
                given.extend(self.held_by(*oid, member, Some(*database)));
            }
        }
        given.sort();
        given.dedup_by(|one, other| one.0 == other.0);
        let rated = |(key, name)| GivenRight { tier: tier::of(&key, self.facts, &self.roles), key, name };
        given.into_iter().map(rated).collect()
    }

    /// Returns the rights of `member` by other grants, that `role` gives on all objects.
    pub(super) fn given_everywhere(&self, role: u32, member: u32) -> Vec<GivenRight> {
        let rights = self.roles.rights_everywhere(role);
        let gives = |class: &str, privilege: &str| {
            rights.iter().any(|(on, privileges)| *on == class && privileges.contains(&privilege))
        };
        let mut given = Vec::new();
        for (database, objects) in &self.facts.objects {
            let reached = self.roles.reached_in(*database, member);
            let is_own = |oid: u32| oid == 0 || oid == member || reached.contains_key(&oid);
            for entry in objects.entries.iter().filter(|entry| !entry.initial && is_own(entry.grantee)) {
                if gives(&entry.class, &entry.privilege)
                    && let PostgresGrantKey::Privilege { on, privilege, .. } = entry_key(*database, entry)
                {
                    let key = PostgresGrantKey::Privilege { on, privilege, grantee: member, grantor: 0 };
                    given.push((key, self.entry_name(*database, entry)));
                }
            }
            for owned in objects.owned.iter().filter(|owned| is_own(owned.owner)) {
                let key = owned_key(*database, owned);
                let Some(on) = self.object_of(&key) else { continue };
                let privileges = rights.iter().filter(|(class, _)| *class == on.class);
                for privilege in privileges.flat_map(|(_, privileges)| privileges.iter()) {
                    let privilege = (*privilege).to_owned();
                    let name = format!("{privilege} by {}", self.owned_name(*database, owned));
                    let key = PostgresGrantKey::Privilege { on: on.clone(), privilege, grantee: member, grantor: 0 };
                    given.push((key, name));
                }
            }
        }
        given.sort();
        given.dedup_by(|one, other| one.0 == other.0);
        let rated = |(key, name)| GivenRight { tier: tier::of(&key, self.facts, &self.roles), key, name };
        given.into_iter().map(rated).collect()
    }

    /// Returns what a role itself holds and owns, as grants to `member`; in one database alone, if named.
    fn held_by(&self, oid: u32, member: u32, only: Option<u32>) -> Vec<(PostgresGrantKey, String)> {
        let is_there = |database: u32| only.is_none_or(|only| only == database);
        let mut held = Vec::new();
        for (database, entry) in self.by_grantee.get(&oid).into_iter().flatten().filter(|(at, _)| is_there(*at)) {
            let key = match entry_key(*database, entry) {
                PostgresGrantKey::Privilege { on, privilege, .. } => {
                    PostgresGrantKey::Privilege { on, privilege, grantee: member, grantor: 0 }
                }
                other => other,
            };
            held.push((key, self.entry_name(*database, entry)));
        }
        for (database, owned) in self.by_owner.get(&oid).into_iter().flatten().filter(|(at, _)| is_there(*at)) {
            let key = match owned_key(*database, owned) {
                PostgresGrantKey::Ownership { database, catalog, object, .. } => {
                    PostgresGrantKey::Ownership { database, catalog, object, owner: member }
                }
                other => other,
            };
            held.push((key, self.owned_name(*database, owned)));
        }
        for (database, objects) in self.facts.objects.iter().filter(|(at, _)| is_there(**at)) {
            for coming in objects.defaults.iter().filter(|coming| coming.grantee == oid) {
                let key = PostgresGrantKey::Default {
                    database: *database,
                    definer: coming.definer,
                    schema: coming.schema,
                    class: coming.class.clone(),
                    privilege: coming.privilege.clone(),
                    grantee: member,
                };
                held.push((key, self.coming_name(*database, coming)));
            }
        }
        held
    }

    /// Returns the object of an owned right as one that privileges are granted on; `None` when it has no list.
    pub(super) fn object_of(&self, key: &PostgresGrantKey) -> Option<DatabaseObject> {
        let PostgresGrantKey::Ownership { database, catalog, object, .. } = key else { return None };
        let things = &self.facts.objects.get(database)?.things;
        let is_it = |class: &str| super::grant_key::catalog_of(class) == *catalog;
        let thing = things.iter().find(|thing| thing.object == *object && is_it(&thing.class))?;
        Some(DatabaseObject { database: *database, class: thing.class.clone(), oid: *object, column: 0 })
    }
}
