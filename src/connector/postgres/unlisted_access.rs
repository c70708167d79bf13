//! Access that no list gives: parameters of every session, default tablespaces, foreign tables that exist already.

use super::{
    catalog,
    grant_key::{DatabaseObject, PostgresGrantKey},
    remaining::Leftover,
    server_connections::ServerConnections,
};
use crate::{
    connector::ConnectorError,
    model::{AccessPath, AccessRoute, Grant, Tier},
};
use serde::Deserialize;

/// Returns the paths to a privilege on an object that is not reached through another one.
pub(super) fn unlisted_access(
    server: &mut ServerConnections,
    key: &PostgresGrantKey,
    reviewed: &Grant,
    roles: &[u32],
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let PostgresGrantKey::Privilege { on, privilege, .. } = key else { return Ok(Vec::new()) };
    if on.class == "large-object" {
        return large_object(server, on, tier);
    }
    match (on.class.as_str(), privilege.as_str()) {
        ("parameter", "SET") => parameter(server, reviewed, tier),
        ("tablespace", _) => tablespace(server, on.oid, tier),
        ("server", _) if server.is_connected(on.database) => foreign(server, on, roles, tier),
        _ => Ok(Vec::new()),
    }
}

fn untold(ids: String, text: String, tier: Tier, by: Option<PostgresGrantKey>, why: &str) -> Leftover {
    Leftover::untold(AccessPath { via: AccessRoute::Rule, ids, text }, tier, by, why)
}

/// The server removes the row of a parameter with its last entry, so that only the name identifies it.
fn parameter(server: &mut ServerConnections, reviewed: &Grant, tier: Tier) -> Result<Vec<Leftover>, ConnectorError> {
    let Some((_, name)) = reviewed.entitlement.name.split_once(" ON PARAMETER ") else { return Ok(Vec::new()) };
    let query = format!(
        "SELECT coalesce((SELECT context FROM pg_settings WHERE lower(name) = lower({name})), 'none')",
        name = catalog::literal(name)
    );
    let context = server.one(0, &query)?;
    // A name with a dot that no library has defined is a variable of the session.
    if context != "user" && !(context == "none" && name.contains('.')) {
        return Ok(Vec::new());
    }
    let text = format!("every session may set {name}, without a privilege");
    Ok(vec![untold(format!("parameter/{name}"), text, tier, None, "the privilege gives nothing more")])
}

fn tablespace(server: &mut ServerConnections, oid: u32, tier: Tier) -> Result<Vec<Leftover>, ConnectorError> {
    let query = format!(
        "SELECT coalesce(string_agg(datname, ', ' ORDER BY datname), '') FROM pg_database WHERE dattablespace = {oid}
           AND datallowconn"
    );
    let databases = server.one(0, &query)?;
    if databases.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!("the default tablespace of database {databases}, which needs no privilege");
    let why = "it depends on the right to create objects there";
    Ok(vec![untold(format!("tablespace/{oid}"), text, tier, None, why)])
}

fn large_object(
    server: &mut ServerConnections,
    on: &DatabaseObject,
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let query = "SELECT current_setting('lo_compat_privileges') = 'on' OR EXISTS (SELECT 1 FROM pg_db_role_setting
   WHERE 'lo_compat_privileges=on' = ANY (setconfig) OR 'lo_compat_privileges=true' = ANY (setconfig))";
    if server.one(0, query)? != "t" {
        return Ok(Vec::new());
    }
    let text = "lo_compat_privileges, with which the server checks no privilege on large objects".to_owned();
    Ok(vec![untold(format!("large-object/{}", on.oid), text, tier, None, "it is set for some sessions")])
}

/// Returns the event triggers that may grant rights on objects when they are created.
pub(super) fn granting_triggers(
    server: &mut ServerConnections,
    database: u32,
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let query = "SELECT coalesce(json_agg(quote_ident(t.evtname) ORDER BY t.evtname), '[]') FROM pg_event_trigger t
   JOIN pg_proc p ON p.oid = t.evtfoid WHERE t.evtenabled <> 'D' AND p.prosrc ~* '\\mgrant\\M'";
    let names: Vec<String> = server.json(database, query)?;
    let path = |name: String| {
        let text = format!("event trigger {name}, which may grant rights on new objects");
        untold(format!("event-trigger/{database}/{name}"), text, tier, None, "its function decides on them")
    };
    Ok(names.into_iter().map(path).collect())
}

/// A foreign table that leads to the server.
#[derive(Deserialize)]
struct ForeignUse {
    object: u32,
    name: String,
    grantee: Option<u32>,
    grantor: Option<u32>,
}

/// USAGE of a server is checked when a foreign table or user mapping is created, not when it is used.
fn foreign(
    server: &mut ServerConnections,
    on: &DatabaseObject,
    roles: &[u32],
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let roles = catalog::array(roles);
    let query = format!(
        "SELECT coalesce(json_agg(json_build_object('object', c.oid::bigint, 'name', c.oid::regclass::text,
   'grantee', a.grantee::bigint, 'grantor', a.grantor::bigint)), '[]')
 FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid LEFT JOIN LATERAL (SELECT a.grantee, a.grantor
   FROM {list} a WHERE a.privilege_type = 'SELECT' AND a.grantee = ANY (array_append({roles}, 0))
   ORDER BY a.grantee DESC LIMIT 1) a ON true
 WHERE f.ftserver = {oid} AND EXISTS (SELECT 1 FROM unnest({roles}) r(oid)
   WHERE has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
     OR has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE'))",
        list = catalog::exploded("coalesce(c.relacl, acldefault('r', c.relowner))"),
        oid = on.oid
    );
    let found: Vec<ForeignUse> = server.json(on.database, &query)?;
    let path = |it: ForeignUse| {
        let by = it.grantee.zip(it.grantor).map(|(grantee, grantor)| PostgresGrantKey::Privilege {
            on: DatabaseObject { database: on.database, class: "table".to_owned(), oid: it.object, column: 0 },
            privilege: "SELECT".to_owned(),
            grantee,
            grantor,
        });
        let ids = format!("foreign/{}/{}", on.database, it.object);
        untold(ids, format!("foreign table {}, which uses the server", it.name), tier, by, "it exists already")
    };
    Ok(found.into_iter().map(path).collect())
}
