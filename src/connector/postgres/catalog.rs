//! Catalog queries. Each reads all data of one level in one statement, as JSON, so that a reply is one consistent
//! state.
//!
//! They run with `search_path = pg_catalog`, so that objects of the target cannot shadow a catalog.

/// The objects of a database to read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ObjectScope {
    /// All objects.
    All,
    /// No objects, only the cluster.
    Nothing,
    /// One object with its columns.
    Object(u32),
    /// Objects that these roles hold, own or granted, and their default privileges.
    Roles(Vec<u32>),
}

/// Returns the query for data that databases share. `passwords` is whether `pg_authid` can be read; `looked_into` names
/// the databases whose objects are read, all databases when absent.
pub(super) fn cluster(passwords: bool, looked_into: Option<&[String]>) -> String {
    let (roles, password) = if passwords { ("pg_authid", PASSWORD) } else { ("pg_roles", "'unseen'") };
    let outside = match looked_into {
        None => "NOT b.datallowconn".to_owned(),
        Some(names) => {
            let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
            format!("NOT b.datallowconn OR NOT (b.datname = ANY (ARRAY[{}]::text[]))", names.join(","))
        }
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
   'limit', r.rolconnlimit, 'valid_until', {VALID_UNTIL}, 'password', {password}) ORDER BY r.oid), '[]') FROM {roles} r),
 'memberships', (SELECT coalesce(json_agg(json_build_object('role', m.roleid::bigint, 'member', m.member::bigint,
   'grantor', m.grantor::bigint, 'admin', m.admin_option,
   'inherit', coalesce((to_jsonb(m) ->> 'inherit_option')::bool, r.rolinherit),
   'set', coalesce((to_jsonb(m) ->> 'set_option')::bool, true)) ORDER BY m.roleid, m.member, m.grantor), '[]')
   FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member),
 'databases', (SELECT coalesce(json_agg(json_build_object('oid', b.oid::bigint, 'name', b.datname,
   'owner', b.datdba::bigint, 'connectable', b.datallowconn) ORDER BY b.oid), '[]') FROM pg_database b),
 'reaches', (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('database', d.dbid::bigint,
   'role', d.refobjid::bigint)), '[]') FROM pg_shdepend d WHERE d.refclassid = 1260 AND d.dbid <> 0),
 'sessions', (SELECT coalesce(json_agg(json_build_object('role', s.usesysid::bigint, 'count', s.sessions)
   ORDER BY s.usesysid), '[]') FROM (SELECT usesysid, count(*) AS sessions FROM pg_stat_activity
   WHERE usesysid IS NOT NULL AND pid <> pg_backend_pid() GROUP BY usesysid) s),
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
   FROM thing t, aclexplode(coalesce(t.acl, t.plain)) a WHERE a.grantee <> t.owner),
 'owned', (SELECT coalesce(json_agg(json_build_object('catalog', o.catalog, 'object', o.object::bigint,
     'owner', o.owner::bigint, 'kind', o.kind, 'name', o.name)), '[]') FROM (
     SELECT 1262 AS catalog, oid AS object, datdba AS owner, 'database' AS kind, quote_ident(datname) AS name
     FROM pg_database WHERE datname NOT IN ('template0', 'template1')
     UNION ALL SELECT 1213, oid, spcowner, 'tablespace', quote_ident(spcname) FROM pg_tablespace WHERE oid >= 16384
     UNION ALL SELECT d.classid::int, d.objid, d.refobjid, coalesce(i.type, 'object'), coalesce(i.identity, d.objid::text)
     FROM pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) i
     WHERE d.dbid = 0 AND d.deptype = 'o' AND d.refclassid = 1260 AND d.classid NOT IN (1262, 1213)) o),
 'owned_elsewhere', (SELECT coalesce(json_agg(json_build_object('database', d.dbid::bigint, 'catalog', d.classid::bigint,
     'object', d.objid::bigint, 'owner', d.refobjid::bigint)), '[]')
   FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
   WHERE d.deptype = 'o' AND d.refclassid = 1260 AND d.classid <> 826 AND ({outside})))"
    )
}

/// Returns the query for the objects of the current database.
pub(super) fn objects(scope: &ObjectScope) -> String {
    let (entries, owned, defaults) = match scope {
        ObjectScope::All => ("true".to_owned(), "true".to_owned(), "true".to_owned()),
        ObjectScope::Nothing => ("false".to_owned(), "false".to_owned(), "false".to_owned()),
        ObjectScope::Object(oid) => (format!("o.object = {oid}"), format!("w.object = {oid}"), "true".to_owned()),
        ObjectScope::Roles(oids) => {
            let set: Vec<String> = oids.iter().map(u32::to_string).collect();
            let set = format!("(ARRAY[{}]::oid[])", set.join(","));
            (
                format!("(a.grantee = ANY {set} OR a.grantor = ANY {set})"),
                format!("w.owner = ANY {set}"),
                format!("(a.grantee = ANY {set} OR d.defaclrole = ANY {set})"),
            )
        }
    };
    format!(
        "SELECT json_build_object(
 'entries', (WITH o(class, catalog, object, sub, owner, acl, plain, name, col) AS ({OBJECTS})
   SELECT coalesce(json_agg(json_build_object('class', o.class, 'object', o.object::bigint, 'column', o.sub,
     'owner', o.owner::bigint, 'name', o.name, 'column_name', o.col, 'privilege', a.privilege_type,
     'grantee', a.grantee::bigint, 'grantor', a.grantor::bigint, 'grantable', a.is_grantable,
     'initial', {INITIAL}, 'builtin', o.acl IS NULL)), '[]')
   FROM o LEFT JOIN pg_init_privs i ON i.objoid = o.object AND i.classoid = o.catalog AND i.objsubid = o.sub,
     aclexplode(coalesce(o.acl, o.plain)) a
   WHERE a.grantee <> o.owner AND ({CHANGED}) AND {entries}),
 'owned', (SELECT coalesce(json_agg(json_build_object('catalog', w.catalog::bigint, 'object', w.object::bigint,
     'owner', w.owner::bigint, 'kind', coalesce(i.type, 'object'), 'name', coalesce(i.identity, w.object::text))), '[]')
   FROM ({OWNED}) w(catalog, object, owner), pg_identify_object(w.catalog, w.object, 0) i WHERE {owned}),
 'defaults', (SELECT coalesce(json_agg(json_build_object('definer', d.defaclrole::bigint,
     'schema', d.defaclnamespace::bigint, 'schema_name', coalesce(quote_ident(n.nspname), ''),
     'class', CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
       WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE-OBJECTS' END,
     'privilege', a.privilege_type, 'grantee', a.grantee::bigint, 'grantable', a.is_grantable)), '[]')
   FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
   WHERE a.grantee <> d.defaclrole AND {defaults}))"
    )
}

/// Quotes a string constant. Standard-conforming strings are the default since version 9.1, and set by the connector.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const VALID_UNTIL: &str = "CASE WHEN r.rolvaliduntil IS NULL OR r.rolvaliduntil = 'infinity' THEN 'infinity'
   WHEN r.rolvaliduntil = '-infinity' THEN '-infinity'
   ELSE to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END";

/// The digest of the stored password, computed by the server, so that the verifier never leaves it. An `md5` password
/// could be guessed from its digest (its salt is the name), so it has none.
const PASSWORD: &str = "CASE WHEN r.rolpassword IS NULL THEN 'none'
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
const INITIAL: &str = "o.object < 16384 AND o.object <> 2200 AND EXISTS (
     SELECT 1 FROM aclexplode(coalesce(i.initprivs, o.plain)) b
     WHERE b.grantee = a.grantee AND b.grantor = a.grantor AND b.privilege_type = a.privilege_type)";

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
