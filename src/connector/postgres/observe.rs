//! Reads one grant: its existence, and the paths by which its holder has the entitlement.

use super::{
    grant_key::PostgresGrantKey,
    grants::{GrantBuilder, direct},
    server_connections::{ReadScope, ServerConnections},
    snapshot::ClusterSnapshot,
};
use crate::{
    connector::{ConnectorError, TargetQuery},
    model::{AccessRoute, GrantObservation, RemainingAccess, RemainingPath, SystemId},
};

/// Returns the scope of a complete read of a grant.
pub(super) fn view(key: &PostgresGrantKey) -> ReadScope {
    match key {
        PostgresGrantKey::Account { .. } | PostgresGrantKey::Attribute { .. } | PostgresGrantKey::Password { .. } => {
            ReadScope::Cluster
        }
        PostgresGrantKey::Default { database, .. } => ReadScope::Defaults(*database),
        PostgresGrantKey::Membership { role, .. } => ReadScope::Role(*role),
        PostgresGrantKey::Ownership { database: 0, .. } => ReadScope::Cluster,
        PostgresGrantKey::Ownership { database, object, .. } => ReadScope::Object(*database, *object),
        PostgresGrantKey::Privilege { on, .. } if on.database == 0 => ReadScope::Cluster,
        PostgresGrantKey::Privilege { on, .. } => ReadScope::Object(on.database, on.oid),
    }
}

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
    match server.read_snapshot(&view(&key), "") {
        Ok(facts) => Ok(sighting(system, &facts, &key, query, server.sees_passwords)),
        // The server was reached and refused the read.
        Err(ConnectorError::Forbidden { missing }) => Ok(unknown(format!("the read was refused: {missing}"))),
        Err(other) => Err(other),
    }
}

/// Returns the observation of a grant.
pub(super) fn sighting(
    system: &SystemId,
    facts: &ClusterSnapshot,
    key: &PostgresGrantKey,
    query: &TargetQuery<'_>,
    sees_passwords: bool,
) -> GrantObservation {
    let Some(probe) = facts.probe() else {
        return unknown("the read did not show the role of the engine: it may be partial".to_owned());
    };
    if matches!(key, PostgresGrantKey::Password { .. }) && !sees_passwords {
        return unknown("passwords cannot be read: no SELECT on pg_authid".to_owned());
    }
    if let Some(why) = unseen(facts, key) {
        return unknown(why);
    }
    let picture = GrantBuilder::new(system, facts);
    let grant = picture.grant(key);
    let mut paths = picture.paths(key);
    let own = picture.own_path(key);
    // The grant itself is the first path, as in the inventory.
    paths.sort_by_key(|path| *path != own);
    let open = facts.sessions(key.holder());
    let mut lingering = Vec::new();
    match key {
        PostgresGrantKey::Account { role } if open > 0 => {
            let closed = facts.role(*role).is_none_or(|role| !role.login);
            if closed {
                paths.clear();
                lingering.push(format!("{open} open sessions"));
            } else {
                paths.push(direct(AccessRoute::Session, role.to_string(), format!("{open} open sessions")));
            }
        }
        // Without a password, open sessions used it before, or another authentication method.
        PostgresGrantKey::Password { role, .. } if paths.is_empty() && open > 0 && has_none(facts, *role) => {
            lingering.push(format!("{open} sessions opened before, or without a password"));
        }
        _ => {}
    }
    // A grant in the expected state is no remaining path of what was taken from it.
    let is_expected = query.expects.is_shown_by(grant.as_ref());
    let paths = paths.into_iter().filter(|_| !is_expected);
    let paths = paths.map(|path| RemainingPath::whole(path, query.grant.tier)).collect();
    GrantObservation { grant, access: Ok(RemainingAccess { paths, lingering, ..RemainingAccess::nothing(probe) }) }
}

/// An existing database that was not read leaves its contents unknown.
fn unseen(facts: &ClusterSnapshot, key: &PostgresGrantKey) -> Option<String> {
    let database = key.database();
    let there = facts.cluster.databases.iter().any(|it| it.oid == database);
    let seen = database == 0 || facts.objects.contains_key(&database);
    (there && !seen).then(|| format!("database {} was not read", facts.database(database)))
}

fn has_none(facts: &ClusterSnapshot, role: u32) -> bool {
    facts.role(role).is_none_or(|role| role.password == "none")
}

fn unknown(reason: String) -> GrantObservation {
    GrantObservation::unknown(reason)
}
