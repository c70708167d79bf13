//! Reads one grant: its existence, every path by which its holder keeps a part of the lost access, and the answers of the
//! server.

use super::{
    ask::ask,
    grant_key::PostgresGrantKey,
    grants::GrantBuilder,
    lingering::lingering,
    logins::other_logins,
    lost_access::{LostAccess, MembershipUse},
    other_objects::other_objects,
    policies::other_policies,
    read_scope::ReadScope,
    remaining::{Leftover, leftovers},
    request::{self, AccessRequest},
    server_connections::ServerConnections,
    snapshot::ClusterSnapshot,
    sql::account_limit,
    unlisted_access::{granting_triggers, unlisted_access},
};
use crate::{
    connector::{ConnectorError, MAX_WITNESSES, TargetQuery, WitnessQuery},
    model::{
        AccessChange, AccessPath, AccessRoute, Digest, GrantKey, GrantObservation, RemainingAccess, RemainingPath,
        SystemId, Tier, Witness,
    },
};
use std::collections::BTreeMap;

/// Reads a grant.
pub(super) fn observe(
    system: &SystemId,
    server: &mut ServerConnections,
    query: &TargetQuery<'_>,
) -> Result<GrantObservation, ConnectorError> {
    let grant = query.grant;
    let Some(key) = PostgresGrantKey::parse(&grant.key) else {
        return Err(ConnectorError::Unsupported(format!("{} is not a grant key of a PostgreSQL server", grant.key)));
    };
    let read = server.read_snapshot(&ReadScope::of(&key), "");
    let read = read.and_then(|facts| TargetLook { system, server, query, key: &key, facts: &facts }.observation());
    match read {
        // The server was reached and refused the read.
        Err(ConnectorError::Forbidden { missing }) => {
            Ok(GrantObservation::unknown(format!("the read was refused: {missing}")))
        }
        other => other,
    }
}

/// Returns the reason why a read does not show whether a grant exists.
fn unreadable(facts: &ClusterSnapshot, key: &PostgresGrantKey, sees_passwords: bool) -> Option<String> {
    if facts.probe().is_none() {
        return Some("the read did not show the role of the engine: it may be partial".to_owned());
    }
    if matches!(key, PostgresGrantKey::Password { .. }) && !sees_passwords {
        return Some("passwords cannot be read: no SELECT on pg_authid".to_owned());
    }
    // An existing database that was not read leaves its contents unknown.
    let database = key.database();
    let there = facts.cluster.databases.iter().any(|it| it.oid == database);
    let seen = database == 0 || facts.objects.contains_key(&database);
    (there && !seen).then(|| format!("database {} was not read", facts.database(database)))
}

struct TargetLook<'a> {
    system: &'a SystemId,
    server: &'a mut ServerConnections,
    query: &'a TargetQuery<'a>,
    key: &'a PostgresGrantKey,
    facts: &'a ClusterSnapshot,
}

impl TargetLook<'_> {
    fn observation(mut self) -> Result<GrantObservation, ConnectorError> {
        if let Some(why) = unreadable(self.facts, self.key, self.server.sees_passwords) {
            return Ok(GrantObservation::unknown(why));
        }
        let (key, facts, query) = (self.key, self.facts, self.query);
        let picture = GrantBuilder::new(self.system, facts);
        let grant = picture.grant(key);
        let lost = LostAccess::of(key, query.change);
        let tier = query.grant.tier;
        let is_expected = query.expects.is_shown_by(grant.as_ref());
        let mut left = leftovers(&picture, key, &lost, tier, is_expected);
        left.extend(self.beyond_the_catalogs(&picture, &lost, tier)?);
        // The grant itself is the first path, as in the inventory.
        let own = picture.own_path(key);
        left.sort_by(|a, b| (a.path != own, a.tier, &a.path).cmp(&(b.path != own, b.tier, &b.path)));
        let witnesses = match query.witnesses {
            WitnessQuery::Ask(witnesses) => witnesses.to_vec(),
            WitnessQuery::Choose => chosen(&picture, key, &lost, query.change),
            WitnessQuery::Nothing => Vec::new(),
        };
        let answers = ask(self.server, facts.cluster.version, &witnesses);
        // Before a change, the answers matter alone.
        let digests = match query.witnesses {
            WitnessQuery::Choose => BTreeMap::new(),
            _ => self.digests(&picture, &left)?,
        };
        let paths = left.into_iter().map(|left| remaining(left, &digests, &witnesses)).collect();
        let access = RemainingAccess {
            paths,
            lingering: lingering(facts, key, &lost, query.grant, query.change),
            answers,
            probe: facts.probe().unwrap_or_default(),
        };
        Ok(GrantObservation { grant, access: Ok(access) })
    }

    /// Paths that the lists of the catalogs do not show.
    fn beyond_the_catalogs(
        &mut self,
        picture: &GrantBuilder<'_>,
        lost: &LostAccess,
        tier: Tier,
    ) -> Result<Vec<Leftover>, ConnectorError> {
        let holder = self.key.holder();
        match lost {
            LostAccess::Login if matches!(self.query.change, AccessChange::Reduce { to } if to.starts_with("valid")) => {
                other_logins(self.server, self.facts, holder, false, tier)
            }
            LostAccess::Password { replaced } => other_logins(self.server, self.facts, holder, *replaced, tier),
            LostAccess::Privilege { option: false } => {
                let roles = roles_of(picture, self.key.database(), holder);
                let mut left = other_objects(self.server, holder, &roles, &[self.key], tier)?;
                left.extend(unlisted_access(self.server, self.key, self.query.grant, &roles, tier)?);
                Ok(left)
            }
            LostAccess::Coming { option: false } if self.server.is_connected(self.key.database()) => {
                granting_triggers(self.server, self.key.database(), tier)
            }
            LostAccess::Membership(MembershipUse::All) => {
                let PostgresGrantKey::Membership { role, member, .. } = self.key else { return Ok(Vec::new()) };
                let roles = roles_of(picture, 0, *member);
                // A member that still reaches the role has what it gives anyway.
                if roles.contains(role) || self.facts.role(*member).is_none() {
                    return Ok(Vec::new());
                }
                let given = picture.given_by(*role, *member);
                let keys: Vec<&PostgresGrantKey> = given.iter().map(|right| &right.key).collect();
                let mut left = other_objects(self.server, *member, &roles, &keys, tier)?;
                left.extend(other_policies(self.server, self.facts, self.key, self.query.change, tier)?);
                Ok(left)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Returns the digests of the listed grants that give the paths. What a membership gives is read for it.
    fn digests(
        &mut self,
        picture: &GrantBuilder<'_>,
        left: &[Leftover],
    ) -> Result<BTreeMap<PostgresGrantKey, (GrantKey, Digest)>, ConnectorError> {
        let mut digests = BTreeMap::new();
        for by in left.iter().filter_map(|left| left.by.as_ref()) {
            if digests.contains_key(by) {
                continue;
            }
            let is_read = ReadScope::of(by) == ReadScope::of(self.key);
            let grant = match by {
                PostgresGrantKey::Membership { .. } if !is_read => {
                    let facts = self.server.read_snapshot(&ReadScope::of(by), "")?;
                    GrantBuilder::new(self.system, &facts).grant(by)
                }
                PostgresGrantKey::Attribute { .. }
                | PostgresGrantKey::Default { .. }
                | PostgresGrantKey::Ownership { .. }
                    if !is_read =>
                {
                    let facts = self.server.read_snapshot(&ReadScope::of(by), "")?;
                    GrantBuilder::new(self.system, &facts).grant(by)
                }
                PostgresGrantKey::Privilege { on, .. } if self.is_elsewhere(on.database, on.oid) => {
                    let facts = self.server.read_snapshot(&ReadScope::of(by), "")?;
                    GrantBuilder::new(self.system, &facts).grant(by)
                }
                _ => picture.grant(by),
            };
            if let Some(mut grant) = grant {
                // Without the revoked grant, it has one path less than when it was decided on.
                if let Some(path) = lost_path(self.key, by)
                    .filter(|path| !grant.paths.iter().any(|it| (it.via, &it.ids) == (path.via, &path.ids)))
                {
                    grant.paths.push(path);
                    if let Some(others) = grant.paths.get_mut(1..) {
                        others.sort();
                    }
                }
                digests.insert(by.clone(), (grant.key.clone(), grant.digest()));
            }
        }
        Ok(digests)
    }

    fn is_elsewhere(&self, database: u32, oid: u32) -> bool {
        !matches!(self.key, PostgresGrantKey::Privilege { on, .. } if on.database == database && on.oid == oid)
    }
}

/// Returns the path by which the grant `revoked` was a path of another grant of the same holder; its text is not a part of
/// the digest.
fn lost_path(revoked: &PostgresGrantKey, other: &PostgresGrantKey) -> Option<AccessPath> {
    let ids = match (revoked, other) {
        (
            PostgresGrantKey::Privilege { on, privilege, grantee, grantor },
            PostgresGrantKey::Privilege { on: there, privilege: same, grantee: holder, .. },
        ) if grantee == holder && (on.database, &on.class, on.oid) == (there.database, &there.class, there.oid) => {
            match (on.column, there.column) {
                _ if privilege != same && on.class == "sequence" => format!("{grantor}/privilege.{privilege}"),
                _ if privilege != same => return None,
                (lost, kept) if lost == kept => grantor.to_string(),
                (0, _) => format!("{grantor}/whole"),
                (column, 0) => format!("{grantor}/column.{column}"),
                _ => return None,
            }
        }
        (
            PostgresGrantKey::Membership { role, member, grantor: Some(grantor) },
            PostgresGrantKey::Membership { role: same, member: holder, .. },
        ) if (role, member) == (same, holder) => grantor.to_string(),
        _ => return None,
    };
    (revoked != other).then(|| AccessPath { via: AccessRoute::Direct, ids, text: String::new() })
}

/// Returns the role itself and all that it can act as.
fn roles_of(picture: &GrantBuilder<'_>, database: u32, holder: u32) -> Vec<u32> {
    std::iter::once(holder).chain(picture.roles.reached_in(database, holder).keys().copied()).collect()
}

fn remaining(
    left: Leftover,
    digests: &BTreeMap<PostgresGrantKey, (GrantKey, Digest)>,
    witnesses: &[Witness],
) -> RemainingPath {
    let permits = |witness: &&Witness| request::parse(witness).is_some_and(|(_, request)| left.permits(&request));
    let allows = witnesses.iter().filter(permits).cloned().collect();
    let grant = left.by.as_ref().and_then(|by| digests.get(by)).cloned();
    RemainingPath { path: left.path, overlap: left.overlap, tier: left.tier, grant, allows }
}

/// Returns requests that represent the lost access, the most critical first.
fn chosen(
    picture: &GrantBuilder<'_>,
    key: &PostgresGrantKey,
    lost: &LostAccess,
    change: &AccessChange,
) -> Vec<Witness> {
    let holder = key.holder();
    let name = |role: u32| picture.facts.name(role);
    let mut requests: Vec<(AccessRequest, String)> = Vec::new();
    match (lost, key) {
        (LostAccess::Login | LostAccess::Password { .. }, _) if matches!(change, AccessChange::Reduce { .. }) => {
            let AccessChange::Reduce { to } = change else { return Vec::new() };
            let limit = account_limit(key, to).map(|limit| limit.attribute);
            requests.extend(limit.and_then(|(name, value)| AccessRequest::beyond(&name, &value)));
        }
        (LostAccess::Membership(part), PostgresGrantKey::Membership { role, .. }) => {
            if matches!(part, MembershipUse::All | MembershipUse::Set) {
                requests.push((AccessRequest::ActAs(*role), format!("SET ROLE {}", name(*role))));
            }
            if matches!(part, MembershipUse::All | MembershipUse::Inherit) {
                requests.push((AccessRequest::Inherit(*role), format!("use the rights of {}", name(*role))));
            }
            if *part == MembershipUse::Administer {
                requests.push((AccessRequest::Administer(*role), format!("grant {} to others", name(*role))));
            }
            if *part == MembershipUse::All {
                let mut given = picture.given_by(*role, holder);
                given.sort_by_key(|right| right.tier);
                let rights = given.into_iter().filter(|right| !matches!(right.key, PostgresGrantKey::Default { .. }));
                requests.extend(rights.filter_map(|right| Some((AccessRequest::of(&right.key, false)?, right.name))));
            }
        }
        (LostAccess::Privilege { option }, PostgresGrantKey::Privilege { on, privilege, .. }) => {
            let words = picture.grant(key).map_or_else(|| privilege.clone(), |grant| grant.entitlement.name);
            requests.extend(AccessRequest::of(key, *option).map(|request| (request, words.clone())));
            let by_column = matches!(privilege.as_str(), "SELECT" | "INSERT" | "UPDATE" | "REFERENCES");
            if on.class == "table" && on.column == 0 && by_column && !option {
                let any = AccessRequest::Privilege {
                    on: on.clone(),
                    any_column: true,
                    privilege: privilege.clone(),
                    option: false,
                };
                requests.push((any, format!("{words}, any column")));
            }
        }
        _ => {
            let words = picture.grant(key).map_or_else(String::new, |grant| grant.entitlement.name);
            requests.extend(AccessRequest::of(key, false).map(|request| (request, words)));
        }
    }
    requests.iter().take(MAX_WITNESSES).map(|(request, words)| request::witness(holder, request, words)).collect()
}
