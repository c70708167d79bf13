//! Catalog queries. Each reads all data of one level in one statement, as JSON, so that a reply is one consistent
//! state.
//!
//! They run with `search_path = pg_catalog`, so that objects of the target cannot shadow a catalog. A list of what is
//! read is limited to what one grant concerns, so that its cost does not grow with the server.

use super::snapshot::FIRST_NORMAL_OID;

/// The roles to read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum RoleScope {
    /// All roles.
    All,
    /// These roles, all that they can act as, and the names of all others that appear in what is read.
    Reached {
        /// The roles.
        from: Vec<u32>,
        /// The role whose sessions are counted with those of the roles that can act as it.
        sessions: u32,
        /// The object of the cluster whose entries are read; all objects when absent.
        object: Option<u32>,
    },
}

/// The objects of a database to read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ObjectScope {
    /// All objects.
    All,
    /// One kind of default privilege.
    Defaults { definer: u32, class: String },
    /// No objects, only the cluster.
    Nothing,
    /// One object with its columns: its catalog and oid.
    Object(u32, u32),
    /// The objects that these roles hold or own, with the rights of all roles that were read; the objects in question are
    /// named if `pg_shdepend` lists them all.
    Roles { holders: Vec<u32>, objects: Option<Vec<u32>> },
}

/// The parts of a cluster that a connection can read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadableParts {
    /// Whether `pg_authid` can be read.
    pub(super) passwords: bool,
    /// The names of the databases whose objects are read; all databases when absent.
    pub(super) databases: Option<Vec<String>>,
    /// The databases that refused a connection.
    pub(super) refused: Vec<u32>,
}

impl ReadableParts {
    /// Returns the condition that the objects of database `b` are read.
    fn condition(&self) -> String {
        let names = self.databases.as_ref().map_or_else(String::new, |names| {
            let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
            format!(" AND b.datname = ANY (ARRAY[{}]::text[])", names.join(","))
        });
        let refused = array(&self.refused);
        format!("(b.datallowconn AND b.datconnlimit <> -2 AND NOT b.oid = ANY ({refused}){names})")
    }
}

/// Returns the query for data that databases share.
pub(super) fn cluster(parts: &ReadableParts, scope: &RoleScope) -> String {
    format!("{} {}", with(&reached(scope), ""), cluster_object(parts, scope, ""))
}

/// Returns the query for the objects of the current database.
pub(super) fn objects(scope: &ObjectScope, roles: &RoleScope) -> String {
    let parts = object_parts(scope, roles);
    format!("{} SELECT {}", with(&reached(roles), &parts.ctes), parts.json)
}

/// Returns the query for both, in one statement.
pub(super) fn both(readable: &ReadableParts, scope: &ObjectScope, roles: &RoleScope) -> String {
    let parts = object_parts(scope, roles);
    let cluster = cluster_object(readable, roles, &parts.names);
    format!("{} {cluster}::text || chr(1) || ({})::text", with(&reached(roles), &parts.ctes), parts.json)
}

fn with(first: &str, second: &str) -> String {
    match (first, second) {
        ("", "") => String::new(),
        ("", one) | (one, "") => format!("WITH RECURSIVE {one}"),
        (one, other) => format!("WITH RECURSIVE {one}, {other}"),
    }
}

/// Roles that can be acted as (`up`), and those that can act as one (`down`).
fn reached(scope: &RoleScope) -> String {
    match scope {
        RoleScope::All => String::new(),
        RoleScope::Reached { from, sessions, .. } => format!(
            "up(oid) AS (SELECT unnest({})::oid UNION SELECT m.roleid FROM up JOIN pg_auth_members m ON m.member = up.oid),
 down(oid) AS (SELECT {sessions}::oid UNION SELECT m.member FROM down JOIN pg_auth_members m ON m.roleid = down.oid),
 owners(oid) AS (SELECT oid FROM pg_roles WHERE rolname = 'pg_database_owner')",
            array(from)
        ),
    }
}

/// Returns the condition that a grantee is a role that was read, or PUBLIC.
fn concerned(scope: &RoleScope, column: &str) -> String {
    match scope {
        RoleScope::All => "true".to_owned(),
        RoleScope::Reached { .. } => {
            format!("({column} = 0 OR {column} IN (SELECT oid FROM up) OR {column} IN (SELECT oid FROM owners))")
        }
    }
}

fn cluster_object(readable: &ReadableParts, scope: &RoleScope, names: &str) -> String {
    let (roles, password) = if readable.passwords { ("pg_authid", PASSWORD) } else { ("pg_roles", "'unseen'") };
    let (wanted, members, sessions) = match scope {
        RoleScope::All => ("true".to_owned(), "true", "true"),
        RoleScope::Reached { sessions, .. } => (
            format!(
                "r.oid IN (SELECT oid FROM up UNION SELECT oid FROM owners UNION SELECT datdba FROM pg_database
     UNION SELECT m.grantor FROM pg_auth_members m WHERE m.member IN (SELECT oid FROM up)
     UNION SELECT a.grantor FROM pg_database b, {database_list} a UNION SELECT a.grantor FROM pg_tablespace t, {space_list} a
     UNION SELECT a.grantor FROM pg_parameter_acl p, {parameter_list} a UNION SELECT spcowner FROM pg_tablespace
     UNION SELECT oid FROM pg_roles WHERE rolname = current_user {names})",
                database_list = exploded("b.datacl"),
                space_list = exploded("t.spcacl"),
                parameter_list = exploded("p.paracl")
            ),
            "m.member IN (SELECT oid FROM up)",
            // The connections of the engine are known to it. A right of PUBLIC is one of all others.
            match sessions {
                0 => "NOT (usename = current_user AND application_name LIKE 'tenure%') AND NOT EXISTS (SELECT 1 FROM pg_roles s
     WHERE s.oid = usesysid AND s.rolsuper)",
                _ => "usesysid IN (SELECT oid FROM down) AND NOT (usename = current_user AND application_name LIKE 'tenure%')",
            },
        ),
    };
    let entries = match scope {
        RoleScope::Reached { object: Some(object), .. } => format!("t.object = {object}"),
        _ => "true".to_owned(),
    };
    let everywhere = *scope == RoleScope::All;
    let elsewhere = if everywhere {
        format!(
            "(SELECT coalesce(json_agg(json_build_object('database', d.dbid::bigint, 'catalog', d.classid::bigint,
     'object', d.objid::bigint, 'owner', d.refobjid::bigint)), '[]')
   FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
   WHERE d.deptype = 'o' AND d.refclassid = 1260 AND d.classid <> 826 AND NOT {})",
            readable.condition()
        )
    } else {
        "'[]'::json".to_owned()
    };
    let dependents = match scope {
        RoleScope::All => "true".to_owned(),
        RoleScope::Reached { from, .. } => format!("d.refobjid = ANY ({})", array(from)),
    };
    let concerned = concerned(scope, "a.grantee");
    let owned = match scope {
        RoleScope::All => "true",
        RoleScope::Reached { .. } => "owner IN (SELECT oid FROM up)",
    };
    format!(
        "SELECT json_build_object(
 'version', current_setting('server_version_num')::int,
 'now', floor(extract(epoch FROM now()))::bigint,
 'me', (SELECT oid::bigint FROM pg_roles WHERE rolname = current_user),
 'database', (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
 'roles', (SELECT coalesce(json_agg(json_build_object('oid', r.oid::bigint, 'name', r.rolname, 'login', r.rolcanlogin,
   'inherit', r.rolinherit, 'attributes', json_build_object('bypassrls', r.rolbypassrls, 'createdb', r.rolcreatedb,
   'createrole', r.rolcreaterole, 'replication', r.rolreplication, 'superuser', r.rolsuper),
   'limit', r.rolconnlimit, 'valid_until', {VALID_UNTIL}, 'password', {password}) ORDER BY r.oid), '[]')
   FROM {roles} r WHERE {wanted}),
 'memberships', (SELECT coalesce(json_agg(json_build_object('role', m.roleid::bigint, 'member', m.member::bigint,
   'grantor', m.grantor::bigint, 'admin', m.admin_option,
   'inherit', coalesce((to_jsonb(m) ->> 'inherit_option')::bool, r.rolinherit),
   'set', coalesce((to_jsonb(m) ->> 'set_option')::bool, true)) ORDER BY m.roleid, m.member, m.grantor), '[]')
   FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE {members}),
 'databases', (SELECT coalesce(json_agg(json_build_object('oid', b.oid::bigint, 'name', b.datname,
   'owner', b.datdba::bigint, 'connectable', b.datallowconn AND b.datconnlimit <> -2,
   'invalid', b.datconnlimit = -2) ORDER BY b.oid), '[]') FROM pg_database b),
 'sessions', (SELECT coalesce(json_agg(json_build_object('role', s.usesysid::bigint, 'count', s.sessions,
   'replicating', s.replicating, 'database', coalesce(s.datid, 0)::bigint,
   'connect', coalesce(has_database_privilege(s.usesysid, s.datid, 'CONNECT'), true)) ORDER BY s.usesysid), '[]')
   FROM (SELECT usesysid, datid, count(*) AS sessions,
     count(*) FILTER (WHERE backend_type = 'walsender') AS replicating FROM pg_stat_activity
   WHERE usesysid IS NOT NULL AND pid <> pg_backend_pid() AND {sessions} GROUP BY usesysid, datid) s),
 'prepared', (SELECT coalesce(json_agg(json_build_object('role', r.oid::bigint, 'count', p.transactions)), '[]')
   FROM (SELECT owner, count(*) AS transactions FROM pg_prepared_xacts GROUP BY owner) p
   JOIN pg_roles r ON r.rolname = p.owner),
 'entries', (WITH thing(class, catalog, object, owner, acl, plain, name) AS (
     SELECT 'database', 1262, oid, datdba, datacl, acldefault('d', datdba), 'DATABASE ' || quote_ident(datname)
     FROM pg_database WHERE datname <> 'template0'
     UNION ALL SELECT 'tablespace', 1213, oid, spcowner, spcacl, acldefault('t', spcowner),
       'TABLESPACE ' || quote_ident(spcname) FROM pg_tablespace
     UNION ALL SELECT 'parameter', 6243, oid, 10, paracl, acldefault('p', 10), 'PARAMETER ' || parname
     FROM pg_parameter_acl)
   SELECT coalesce(json_agg(json_build_object('class', t.class, 'object', t.object::bigint, 'column', 0,
     'owner', t.owner::bigint, 'name', t.name, 'column_name', '', 'privilege', a.privilege_type,
     'grantee', a.grantee::bigint, 'grantor', a.grantor::bigint, 'grantable', a.is_grantable, 'initial', false,
     'builtin', t.acl IS NULL)), '[]')
   FROM thing t, {list} a WHERE a.grantee <> t.owner AND {entries} AND {concerned}),
 'owned', (SELECT coalesce(json_agg(json_build_object('catalog', o.catalog, 'object', o.object::bigint,
     'owner', o.owner::bigint, 'kind', o.kind, 'name', o.name)), '[]') FROM (
     SELECT 1262 AS catalog, oid AS object, datdba AS owner, 'database' AS kind, quote_ident(datname) AS name
     FROM pg_database WHERE datname NOT IN ('template0', 'template1')
     UNION ALL SELECT 1213, oid, spcowner, 'tablespace', quote_ident(spcname) FROM pg_tablespace WHERE oid >= 16384
     UNION ALL SELECT d.classid::int, d.objid, d.refobjid, coalesce(i.type, 'object'), coalesce(i.identity, d.objid::text)
     FROM pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) i
     WHERE d.dbid = 0 AND d.deptype = 'o' AND d.refclassid = 1260 AND d.classid NOT IN (1262, 1213)) o WHERE {owned}),
 'owned_elsewhere', {elsewhere},
 'dependents', (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('role', d.refobjid::bigint,
     'database', d.dbid::bigint, 'what', CASE WHEN d.classid = 826 THEN 'defaults' WHEN d.deptype = 'r' THEN 'policies'
       WHEN d.deptype = 'i' THEN 'initial-privileges' ELSE 'unread-privileges' END)), '[]')
   FROM pg_shdepend d LEFT JOIN pg_database b ON b.oid = d.dbid WHERE d.refclassid = 1260 AND {dependents}
     AND ((d.classid = 826 AND d.deptype = 'o') OR d.deptype IN ('r', 'i')
       OR (d.deptype = 'a' AND d.dbid <> 0 AND NOT {readable}))))",
        readable = readable.condition(),
        list = exploded("coalesce(t.acl, t.plain)")
    )
}

/// The parts of a query for objects.
struct ObjectParts {
    ctes: String,
    json: String,
    /// Further roles to name, as the end of a union.
    names: String,
}

fn object_parts(scope: &ObjectScope, roles: &RoleScope) -> ObjectParts {
    let concerned = concerned(roles, "a.grantee");
    let (things, changed, entries, owned, defaults) = match scope {
        ObjectScope::All => ("true".to_owned(), CHANGED, "true".to_owned(), "true".to_owned(), "true".to_owned()),
        ObjectScope::Nothing => {
            ("false".to_owned(), "true", "false".to_owned(), "false".to_owned(), "false".to_owned())
        }
        ObjectScope::Defaults { definer, class } => (
            "false".to_owned(),
            "true",
            "false".to_owned(),
            "false".to_owned(),
            format!("d.defaclrole = {definer} AND d.defaclobjtype = '{}' AND {concerned}", letter(class)),
        ),
        // The list that counts is the present one: an initial list gives access as well.
        ObjectScope::Object(catalog, oid) => (
            format!("o.catalog = {catalog} AND o.object = {oid}"),
            "true",
            concerned,
            // By the index of `pg_shdepend` on database, catalog and object.
            format!("w.catalog = {catalog} AND w.object = {oid}"),
            "false".to_owned(),
        ),
        ObjectScope::Roles { holders, objects } => {
            let set = array(holders);
            // PUBLIC has rights on thousands of objects of the server.
            let held = format!("a.grantee = ANY ({set}) AND (a.grantee <> 0 OR o.object >= 16384)");
            let (things, entries) = match objects {
                Some(objects) => (format!("o.object = ANY ({})", array(objects)), concerned.clone()),
                // The server does not record what its own roles hold.
                None => (
                    format!("EXISTS (SELECT 1 FROM {} a WHERE {held}) OR o.owner = ANY ({set})", exploded(LIST)),
                    concerned.clone(),
                ),
            };
            (
                things,
                "true",
                entries,
                format!("w.owner = ANY ({set})"),
                format!("({concerned} OR d.defaclrole = ANY ({set}))"),
            )
        }
    };
    let ctes = format!(
        "o(class, catalog, object, sub, owner, acl, plain, name, col) AS MATERIALIZED (
   SELECT * FROM ({OBJECTS}) o(class, catalog, object, sub, owner, acl, plain, name, col) WHERE {things}),
 e AS MATERIALIZED (SELECT o.*, a.grantee, a.grantor, a.privilege_type, a.is_grantable, {initial} AS initial
   FROM o LEFT JOIN pg_init_privs i ON i.objoid = o.object AND i.classoid = o.catalog AND i.objsubid = o.sub, {list} a
   WHERE a.grantee <> o.owner AND ({changed}) AND {entries}),
 w AS MATERIALIZED (SELECT w.* FROM ({OWNED}) w(catalog, object, owner) WHERE {owned}),
 d AS MATERIALIZED (SELECT d.defaclrole, d.defaclnamespace, d.defaclobjtype, a.*
   FROM pg_default_acl d, {default_list} a WHERE a.grantee <> d.defaclrole AND {defaults})",
        initial = INITIAL.replace("{INFORMATION_SCHEMA}", INFORMATION_SCHEMA),
        list = exploded(LIST),
        default_list = exploded("d.defaclacl")
    );
    let things = match scope {
        ObjectScope::Object(..) | ObjectScope::Roles { .. } => {
            "(SELECT coalesce(json_agg(json_build_object('class', o.class, 'object', o.object::bigint,
     'owner', o.owner::bigint)), '[]') FROM o WHERE o.sub = 0)"
        }
        _ => "'[]'::json",
    };
    let set_globally = match scope {
        ObjectScope::All | ObjectScope::Roles { .. } => "d.defaclnamespace = 0".to_owned(),
        ObjectScope::Defaults { definer, .. } => format!("d.defaclnamespace = 0 AND d.defaclrole = {definer}"),
        _ => "false".to_owned(),
    };
    let named = match scope {
        ObjectScope::Roles { .. } => {
            "(SELECT coalesce(json_object_agg(r.oid::text, r.rolname), '{}') FROM pg_roles r WHERE r.oid IN (
     SELECT grantor FROM e UNION SELECT owner FROM o UNION SELECT defaclrole FROM d))"
        }
        _ => "'{}'::json",
    };
    let json = format!(
        "json_build_object(
 'entries', (SELECT coalesce(json_agg(json_build_object('class', e.class, 'object', e.object::bigint, 'column', e.sub,
     'owner', e.owner::bigint, 'name', e.name, 'column_name', e.col, 'privilege', e.privilege_type,
     'grantee', e.grantee::bigint, 'grantor', e.grantor::bigint, 'grantable', e.is_grantable,
     'initial', e.initial, 'builtin', e.acl IS NULL)), '[]') FROM e),
 'things', {things},
 'owned', (SELECT coalesce(json_agg(json_build_object('catalog', w.catalog::bigint, 'object', w.object::bigint,
     'owner', w.owner::bigint, 'kind', coalesce(i.type, 'object'), 'name', coalesce(i.identity, w.object::text))), '[]')
   FROM w, pg_identify_object(w.catalog, w.object, 0) i),
 'defaults', (SELECT coalesce(json_agg(json_build_object('definer', d.defaclrole::bigint,
     'schema', d.defaclnamespace::bigint, 'schema_name', coalesce(quote_ident(n.nspname), ''),
     'class', {CLASS_OF_DEFAULT},
     'privilege', d.privilege_type, 'grantee', d.grantee::bigint, 'grantable', d.is_grantable)), '[]')
   FROM d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace),
 'names', {named},
 'set_globally', (SELECT coalesce(json_agg(json_build_object('definer', d.defaclrole::bigint,
     'class', {CLASS_OF_DEFAULT})), '[]') FROM pg_default_acl d WHERE {set_globally}))"
    );
    let names = "UNION SELECT grantee FROM e UNION SELECT grantor FROM e UNION SELECT owner FROM o
     UNION SELECT grantee FROM d UNION SELECT defaclrole FROM d"
        .to_owned();
    ObjectParts { ctes, json, names }
}

/// Returns the query for the dependencies of roles in all databases: what they hold and own.
pub(super) fn dependencies(roles: &[u32]) -> String {
    format!(
        "SELECT coalesce(json_agg(json_build_object('role', d.refobjid::bigint, 'database', d.dbid::bigint,
   'catalog', d.classid::bigint, 'object', d.objid::bigint, 'kind', d.deptype::text)), '[]')
 FROM pg_shdepend d WHERE d.refclassid = 1260 AND d.refobjid = ANY ({})",
        array(roles)
    )
}

/// Returns the entries of an access control list as rows. An empty list has no dimension, which `aclexplode` rejects. It
/// decompresses a long list again for each row; the concatenation does so once.
pub(super) fn exploded(list: &str) -> String {
    format!("aclexplode(CASE WHEN array_ndims({list}) = 1 THEN {list} || '{{}}'::aclitem[] END)")
}

/// Returns an array of oids.
pub(super) fn array(oids: &[u32]) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("'{{{}}}'::oid[]", oids.join(","))
}

/// Returns whether `pg_shdepend` lists what a role holds.
pub(super) fn is_recorded(role: u32) -> bool {
    role >= FIRST_NORMAL_OID
}

/// Returns the letter of a class in `pg_default_acl`.
pub(super) fn letter(class: &str) -> char {
    match class {
        "TABLES" => 'r',
        "SEQUENCES" => 'S',
        "ROUTINES" => 'f',
        "TYPES" => 'T',
        "SCHEMAS" => 'n',
        _ => 'L',
    }
}

const LIST: &str = "coalesce(o.acl, o.plain)";

const CLASS_OF_DEFAULT: &str = "CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
       WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE-OBJECTS' END";

/// Quotes a string constant. Standard-conforming strings are the default since version 9.1, and set by the connector.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const VALID_UNTIL: &str = "CASE WHEN r.rolvaliduntil IS NULL OR r.rolvaliduntil = 'infinity' THEN 'infinity'
   WHEN r.rolvaliduntil = '-infinity' THEN '-infinity'
   ELSE to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END";

/// The digest of the stored password, computed by the server, so that the verifier never leaves it. An `md5` password
/// could be guessed from its digest (its salt is the name), so it has none.
pub(super) const PASSWORD: &str = "CASE WHEN r.rolpassword IS NULL THEN 'none'
   WHEN r.rolpassword LIKE 'SCRAM-SHA-256$%' THEN encode(sha256(convert_to(r.rolpassword, 'UTF8')), 'hex')
   WHEN r.rolpassword LIKE 'md5%' THEN 'md5' ELSE 'other' END";

/// Objects with access control lists: class, catalog, oid, column, owner, list, default list, name, column.
pub(super) const OBJECTS: &str = "
 SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, 1259::oid, c.oid, 0, c.relowner, c.relacl,
   acldefault(CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END, c.relowner),
   CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(n.nspname) || '.' || quote_ident(c.relname), ''
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') AND c.relpersistence <> 't'
 UNION ALL SELECT 'table', 1259, c.oid, t.attnum, c.relowner, t.attacl, '{}',
   'TABLE ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(t.attname)
 FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.attacl IS NOT NULL AND NOT t.attisdropped AND c.relpersistence <> 't'
 UNION ALL SELECT 'schema', 2615, n.oid, 0, n.nspowner, n.nspacl, acldefault('n', n.nspowner),
   'SCHEMA ' || quote_ident(n.nspname), ''
 FROM pg_namespace n WHERE n.nspname !~ '^pg_(toast_)?temp_'
 UNION ALL SELECT 'routine', 1255, p.oid, 0, p.proowner, p.proacl, acldefault('f', p.proowner),
   'ROUTINE ' || quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')', ''
 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 UNION ALL SELECT 'type', 1247, t.oid, 0, t.typowner, t.typacl, acldefault('T', t.typowner),
   'TYPE ' || quote_ident(n.nspname) || '.' || quote_ident(t.typname), ''
 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE t.typtype IN ('b', 'd', 'e', 'r', 'c') AND (t.typrelid = 0 OR c.relkind = 'c')
   AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid)
 UNION ALL SELECT 'language', 2612, l.oid, 0, l.lanowner, l.lanacl, acldefault('l', l.lanowner),
   'LANGUAGE ' || quote_ident(l.lanname), '' FROM pg_language l
 UNION ALL SELECT 'wrapper', 2328, f.oid, 0, f.fdwowner, f.fdwacl, acldefault('F', f.fdwowner),
   'FOREIGN DATA WRAPPER ' || quote_ident(f.fdwname), '' FROM pg_foreign_data_wrapper f
 UNION ALL SELECT 'server', 1417, s.oid, 0, s.srvowner, s.srvacl, acldefault('S', s.srvowner),
   'FOREIGN SERVER ' || quote_ident(s.srvname), '' FROM pg_foreign_server s
 UNION ALL SELECT 'large-object', 2613, g.oid, 0, g.lomowner, g.lomacl, acldefault('L', g.lomowner),
   'LARGE OBJECT ' || g.oid, '' FROM pg_largeobject_metadata g";

/// User objects, the schema `public` (which is created with the server and used for user objects), and objects of the
/// server with a changed list.
const CHANGED: &str = "o.object >= 16384 OR o.object = 2200 OR o.acl IS DISTINCT FROM i.initprivs";

/// Whether an entry on an object of the server is part of the installation.
const INITIAL: &str = "((o.object < 16384 AND o.object <> 2200 AND EXISTS (
     SELECT 1 FROM aclexplode(CASE WHEN array_ndims(coalesce(i.initprivs, o.plain)) = 1
       THEN coalesce(i.initprivs, o.plain) END) b
     WHERE b.grantee = a.grantee AND b.grantor = a.grantor AND b.privilege_type = a.privilege_type))
   OR {INFORMATION_SCHEMA})";

/// The privileges of PUBLIC on `information_schema`, which is created after the initial lists are recorded.
pub(super) const INFORMATION_SCHEMA: &str = "(o.object < 16384 AND i.initprivs IS NULL AND a.grantee = 0
     AND a.privilege_type IN ('SELECT', 'USAGE') AND o.name ~ '^[A-Z]+ information_schema(\\.|$)')";

/// Owned objects: by `pg_shdepend` for user roles; by the catalogs for the roles of the server, which `pg_shdepend`
/// omits.
const OWNED: &str = "
 SELECT d.classid, d.objid, d.refobjid FROM pg_shdepend d
 WHERE d.dbid = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()) AND d.deptype = 'o'
   AND d.refclassid = 1260 AND d.classid <> 826
   AND NOT EXISTS (SELECT 1 FROM pg_class t WHERE d.classid = 1259 AND t.oid = d.objid AND t.relpersistence = 't')
 UNION ALL SELECT 1259::oid, c.oid, c.relowner FROM pg_class c
 WHERE c.relowner < 16384 AND c.oid >= 16384 AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S') AND c.relpersistence <> 't'
 UNION ALL SELECT 2615, n.oid, n.nspowner FROM pg_namespace n
 WHERE n.nspowner < 16384 AND (n.oid >= 16384 OR n.oid = 2200) AND n.nspname !~ '^pg_(toast_)?temp_'
 UNION ALL SELECT 1255, p.oid, p.proowner FROM pg_proc p WHERE p.proowner < 16384 AND p.oid >= 16384
 UNION ALL SELECT 1247, t.oid, t.typowner FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE t.typowner < 16384 AND t.oid >= 16384 AND t.typtype IN ('b', 'd', 'e', 'r', 'c')
   AND (t.typrelid = 0 OR c.relkind = 'c') AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid)
 UNION ALL SELECT 1417, s.oid, s.srvowner FROM pg_foreign_server s WHERE s.srvowner < 16384 AND s.oid >= 16384
 UNION ALL SELECT 2328, f.oid, f.fdwowner FROM pg_foreign_data_wrapper f WHERE f.fdwowner < 16384 AND f.oid >= 16384
 UNION ALL SELECT 2613, g.oid, g.lomowner FROM pg_largeobject_metadata g WHERE g.lomowner < 16384";
