//! Objects through which a principal can reach another one: views and functions that run as their owner, and parent
//! tables.

use super::{
    catalog,
    grant_key::{DatabaseObject, PostgresGrantKey, catalog_of},
    remaining::Leftover,
    server_connections::ServerConnections,
};
use crate::{
    connector::ConnectorError,
    model::{AccessPath, AccessRoute, Tier},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An object that leads to another one.
#[derive(Deserialize)]
struct LeadingObject {
    kind: String,
    object: u32,
    name: String,
    owner: String,
    /// The name of what it leads to.
    to: String,
    /// An entry that gives its use to one of the roles, if any.
    grantee: Option<u32>,
    grantor: Option<u32>,
    privilege: String,
}

/// Returns the objects that lead to one of `rights`, and that one of `roles` or PUBLIC can use.
pub(super) fn other_objects(
    server: &mut ServerConnections,
    holder: u32,
    roles: &[u32],
    rights: &[&PostgresGrantKey],
    tier: Tier,
) -> Result<Vec<Leftover>, ConnectorError> {
    let mut by_database: BTreeMap<u32, BTreeSet<(u32, u32, &str)>> = BTreeMap::new();
    for right in rights {
        if let PostgresGrantKey::Privilege { on, privilege, .. } = right
            && on.database != 0
            && matches!(on.class.as_str(), "table" | "sequence" | "routine")
        {
            let targets = by_database.entry(on.database).or_default();
            targets.insert((catalog_of(&on.class), on.oid, privilege));
        }
    }
    let mut left = Vec::new();
    for (database, targets) in by_database {
        if !server.is_connected(database) || holder == 0 {
            continue;
        }
        let found: Vec<LeadingObject> = server.json(database, &query(roles, &targets))?;
        // Objects to come are less than the least critical right.
        let found = found.into_iter().filter(|it| it.kind != "default" || tier < Tier::T3);
        left.extend(found.map(|it| it.into_leftover(database, holder, tier)));
    }
    Ok(left)
}

impl LeadingObject {
    fn into_leftover(self, database: u32, holder: u32, tier: Tier) -> Leftover {
        if self.kind == "default" {
            return self.into_default(database, tier);
        }
        let class = if self.kind == "function" { "routine" } else { "table" };
        let by = self.grantee.filter(|grantee| *grantee == holder || *grantee == 0).zip(self.grantor);
        let by = by.map(|(grantee, grantor)| PostgresGrantKey::Privilege {
            on: DatabaseObject { database, class: class.to_owned(), oid: self.object, column: 0 },
            privilege: self.privilege.clone(),
            grantee,
            grantor,
        });
        let (text, why) = match self.kind.as_str() {
            "view" => (
                format!("view {}, which reads {} as its owner {}", self.name, self.to, self.owner),
                "the view decides what it shows",
            ),
            "parent" => (
                format!("the parent table {}, which contains {}", self.name, self.to),
                "queries of the parent reach its rows",
            ),
            _ => (
                format!("function {}, which names {} and runs as its owner {}", self.name, self.to, self.owner),
                "the function decides what it does",
            ),
        };
        let path =
            AccessPath { via: AccessRoute::Rule, ids: format!("{}/{database}/{}", self.kind, self.object), text };
        Leftover::untold(path, tier, by, why)
    }
}

impl LeadingObject {
    /// A default gives the right on objects that are created later, also in the place of this one.
    fn into_default(self, database: u32, tier: Tier) -> Leftover {
        let class = match self.name.as_str() {
            "r" => "TABLES",
            "S" => "SEQUENCES",
            _ => "ROUTINES",
        };
        let by = self.grantee.zip(self.grantor).map(|(grantee, schema)| PostgresGrantKey::Default {
            database,
            definer: self.object,
            schema,
            class: class.to_owned(),
            privilege: self.privilege.clone(),
            grantee,
        });
        let text = format!("default privileges on {} that {} creates later", class.to_lowercase(), self.owner);
        let path = AccessPath {
            via: AccessRoute::Default,
            ids: format!("default/{database}/{}/{}", self.object, self.grantor.unwrap_or_default()),
            text,
        };
        Leftover::lesser(path, tier, by, &format!("{} created again", self.to))
    }
}

/// Views and bodies in standard SQL are found by `pg_depend`, other functions by their text.
fn query(roles: &[u32], targets: &BTreeSet<(u32, u32, &str)>) -> String {
    let rows: Vec<String> = targets
        .iter()
        .map(|(catalog, oid, privilege)| format!("({catalog}::oid, {oid}::oid, {})", catalog::literal(privilege)))
        .collect();
    let roles = catalog::array(roles);
    format!(
        "WITH RECURSIVE target(catalog, oid, privilege) AS (VALUES {}),
 named AS (SELECT t.*, coalesce(c.relname, p.proname) AS name,
     CASE WHEN t.catalog = 1259 THEN t.oid::regclass::text ELSE t.oid::regprocedure::text END AS shown
   FROM target t LEFT JOIN pg_class c ON t.catalog = 1259 AND c.oid = t.oid
     LEFT JOIN pg_proc p ON t.catalog = 1255 AND p.oid = t.oid WHERE coalesce(c.oid, p.oid) IS NOT NULL),
 role(oid) AS (SELECT unnest({roles})),
 seen(view, catalog, oid, privilege, name, shown) AS (
   SELECT v.oid, n.catalog, n.oid, n.privilege, n.name, n.shown FROM named n JOIN pg_depend d ON d.refclassid = n.catalog
     AND d.refobjid = n.oid AND d.classid = 2618 JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
   WHERE v.oid <> n.oid AND v.oid >= 16384 AND v.relkind IN ('v', 'm')
     AND (CASE WHEN n.catalog = 1255 THEN 'EXECUTE' ELSE 'SELECT' END = n.privilege
       OR n.privilege IN ('INSERT', 'UPDATE', 'DELETE'))
   UNION SELECT v.oid, s.catalog, s.oid, s.privilege, s.name, s.shown FROM seen s JOIN pg_depend d ON d.refclassid = 1259
     AND d.refobjid = s.view AND d.classid = 2618 JOIN pg_rewrite w ON w.oid = d.objid
     JOIN pg_class v ON v.oid = w.ev_class WHERE v.oid <> s.view),
 above(parent, oid, privilege, shown) AS (
   SELECT h.inhparent, n.oid, n.privilege, n.shown FROM named n JOIN pg_inherits h ON h.inhrelid = n.oid
     WHERE n.catalog = 1259
   UNION SELECT h.inhparent, a.oid, a.privilege, a.shown FROM above a JOIN pg_inherits h ON h.inhrelid = a.parent),
 found(kind, object, name, owner, target, privilege, acl, plain) AS (
   SELECT 'view', v.oid, v.oid::regclass::text, v.relowner, s.shown,
     CASE WHEN s.catalog = 1255 THEN 'SELECT' ELSE s.privilege END, v.relacl, acldefault('r', v.relowner)
   FROM seen s JOIN pg_class v ON v.oid = s.view
   WHERE NOT coalesce('security_invoker=true' = ANY (v.reloptions) OR 'security_invoker=on' = ANY (v.reloptions), false)
     AND (v.relkind = 'm' OR s.catalog = 1255 OR has_table_privilege(v.relowner, s.oid, s.privilege))
     AND EXISTS (SELECT 1 FROM role r WHERE has_table_privilege(r.oid, v.oid,
         CASE WHEN s.catalog = 1255 THEN 'SELECT' ELSE s.privilege END)
       OR (s.privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(r.oid, v.oid, s.privilege)))
   UNION ALL
   SELECT 'parent', c.oid, c.oid::regclass::text, c.relowner, a.shown, a.privilege, c.relacl, acldefault('r', c.relowner)
   FROM above a JOIN pg_class c ON c.oid = a.parent
   WHERE EXISTS (SELECT 1 FROM role r WHERE has_table_privilege(r.oid, c.oid, a.privilege)
     OR (a.privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(r.oid, c.oid, a.privilege)))
   UNION ALL
   SELECT 'function', p.oid, p.oid::regprocedure::text, p.proowner, n.shown, 'EXECUTE', p.proacl,
     acldefault('f', p.proowner)
   FROM pg_proc p, named n WHERE p.prosecdef AND p.oid >= 16384 AND p.oid <> n.oid
     AND (CASE WHEN n.catalog = 1255 THEN has_function_privilege(p.proowner, n.oid, 'EXECUTE')
       ELSE has_table_privilege(p.proowner, n.oid, n.privilege)
         OR (n.privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(p.proowner, n.oid, n.privilege)) END)
     AND (strpos(p.prosrc, n.name) > 0
       OR EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 1255 AND d.objid = p.oid AND d.refobjid = n.oid)
       OR EXISTS (SELECT 1 FROM seen s JOIN pg_class v ON v.oid = s.view WHERE s.oid = n.oid
         AND strpos(p.prosrc, v.relname) > 0))
     AND EXISTS (SELECT 1 FROM role r WHERE has_function_privilege(r.oid, p.oid, 'EXECUTE'))),
 later AS (SELECT d.defaclrole, d.defaclnamespace, d.defaclobjtype, n.privilege, n.shown, a.grantee
   FROM named n LEFT JOIN pg_class c ON n.catalog = 1259 AND c.oid = n.oid
     LEFT JOIN pg_proc p ON n.catalog = 1255 AND p.oid = n.oid
     JOIN pg_default_acl d ON d.defaclrole = coalesce(c.relowner, p.proowner)
       AND d.defaclnamespace IN (0, coalesce(c.relnamespace, p.pronamespace))
       AND d.defaclobjtype = CASE WHEN n.catalog = 1255 THEN 'f' WHEN c.relkind = 'S' THEN 'S' ELSE 'r' END::\"char\",
     {defaults} a WHERE a.privilege_type = n.privilege AND a.grantee <> d.defaclrole
       AND (a.grantee = 0 OR a.grantee = ANY ({roles})))
 SELECT coalesce(json_agg(j), '[]') FROM (SELECT DISTINCT jsonb_build_object('kind', 'default',
   'object', l.defaclrole::bigint, 'name', l.defaclobjtype, 'owner', (SELECT rolname FROM pg_roles WHERE oid = l.defaclrole),
   'to', l.shown, 'privilege', l.privilege, 'grantee', l.grantee::bigint, 'grantor', l.defaclnamespace::bigint) AS j
 FROM later l UNION ALL SELECT DISTINCT jsonb_build_object('kind', f.kind, 'object', f.object::bigint, 'name', f.name,
   'owner', (SELECT rolname FROM pg_roles WHERE oid = f.owner), 'to', f.target, 'privilege', f.privilege,
   'grantee', a.grantee::bigint, 'grantor', a.grantor::bigint)
 FROM found f LEFT JOIN LATERAL (SELECT a.grantee, a.grantor FROM {} a
   WHERE a.privilege_type = f.privilege AND a.grantee <> f.owner AND (a.grantee = 0 OR a.grantee = ANY ({roles}))
   ORDER BY a.grantee DESC LIMIT 1) a ON true) rows",
        rows.join(", "),
        catalog::exploded("coalesce(f.acl, f.plain)"),
        defaults = catalog::exploded("d.defaclacl")
    )
}
