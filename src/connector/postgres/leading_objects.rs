//! Query for the objects through which a principal can reach another one: views, functions, triggers, rules, partitions,
//! references and foreign tables.

use super::catalog;
use std::collections::BTreeSet;

/// Returns the query for the objects that lead to one of `targets` (catalog, oid, privilege), and that one of `roles` can
/// use.
///
/// The search begins at the target and follows everything that reads or writes it. Views and bodies in standard SQL are
/// found by `pg_depend`, other functions by their text. Each step carries the owner whose rights are used on the target:
/// none means those of the caller, for whom the path adds nothing; `free` means that no right on the target is used.
pub(super) fn query(roles: &[u32], targets: &BTreeSet<(u32, u32, &str)>) -> String {
    let rows: Vec<String> = targets
        .iter()
        .map(|(catalog, oid, privilege)| format!("({catalog}::oid, {oid}::oid, {})", catalog::literal(privilege)))
        .collect();
    let roles = catalog::array(roles);
    let next = STEPS.join("\n   UNION ALL ");
    format!(
        "WITH RECURSIVE target(catalog, oid, privilege) AS (VALUES {rows}),
 role(oid) AS (SELECT unnest({roles})),
 lead(kind, catalog, oid, owner, free, needs, tcatalog, toid, privilege, depth) AS (
   SELECT 'target', t.catalog, t.oid, NULL::oid, false, t.privilege, t.catalog, t.oid, t.privilege, 0 FROM target t
   UNION SELECT n.kind, n.catalog, n.oid, n.owner, n.free, n.needs, l.tcatalog, l.toid, l.privilege, l.depth + 1
   FROM lead l, LATERAL ({next}) n
   WHERE l.depth < {DEEPEST} AND NOT (n.catalog = l.tcatalog AND n.oid = l.toid)),
 found(kind, object, name, owner, target, privilege, acl, plain) AS (
   SELECT DISTINCT ON (l.catalog, l.oid, l.toid, l.privilege) l.kind, l.oid, CASE WHEN l.catalog = 1259 THEN l.oid::regclass::text
       ELSE l.oid::regprocedure::text END, coalesce(l.owner, c.relowner, p.proowner), CASE WHEN l.tcatalog = 1259
       THEN l.toid::regclass::text ELSE l.toid::regprocedure::text END,
     CASE l.needs WHEN 'DML' THEN 'INSERT' ELSE l.needs END, coalesce(c.relacl, p.proacl),
     CASE WHEN l.catalog = 1259 THEN acldefault('r', c.relowner) ELSE acldefault('f', p.proowner) END
   FROM lead l LEFT JOIN pg_class c ON l.catalog = 1259 AND c.oid = l.oid LEFT JOIN pg_proc p ON l.catalog = 1255 AND p.oid = l.oid
   WHERE l.depth > 0 AND (l.free OR (l.owner IS NOT NULL AND CASE WHEN l.tcatalog = 1255
         THEN has_function_privilege(l.owner, l.toid, 'EXECUTE')
       WHEN (SELECT relkind FROM pg_class WHERE oid = l.toid) = 'S' THEN has_sequence_privilege(l.owner, l.toid, l.privilege)
       ELSE has_table_privilege(l.owner, l.toid, l.privilege) OR (l.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
         AND has_any_column_privilege(l.owner, l.toid, l.privilege)) END))
     AND l.needs <> 'NONE' AND EXISTS (SELECT 1 FROM role r WHERE CASE WHEN l.catalog = 1255
         THEN p.prorettype NOT IN (2279, 3838) AND has_function_privilege(r.oid, l.oid, 'EXECUTE')
       WHEN l.needs = 'DML' THEN has_table_privilege(r.oid, l.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
         OR has_any_column_privilege(r.oid, l.oid, 'INSERT, UPDATE')
       ELSE has_table_privilege(r.oid, l.oid, l.needs) OR (l.needs IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
         AND has_any_column_privilege(r.oid, l.oid, l.needs)) END)
   ORDER BY l.catalog, l.oid, l.toid, l.privilege, l.depth),
 {LATER}
 SELECT coalesce(json_agg(j), '[]') FROM (SELECT DISTINCT jsonb_build_object('kind', 'default',
   'object', l.defaclrole::bigint, 'name', l.defaclobjtype, 'owner', (SELECT rolname FROM pg_roles WHERE oid = l.defaclrole),
   'to', l.shown, 'privilege', l.privilege, 'grantee', l.grantee::bigint, 'grantor', l.defaclnamespace::bigint) AS j
 FROM later l UNION ALL SELECT DISTINCT jsonb_build_object('kind', f.kind, 'object', f.object::bigint, 'name', f.name,
   'owner', (SELECT rolname FROM pg_roles WHERE oid = f.owner), 'to', f.target, 'privilege', f.privilege,
   'grantee', a.grantee::bigint, 'grantor', a.grantor::bigint)
 FROM found f LEFT JOIN LATERAL (SELECT a.grantee, a.grantor FROM {found_list} a
   WHERE a.privilege_type = f.privilege AND a.grantee = ANY (array_append({roles}, 0))
   ORDER BY a.grantee DESC LIMIT 1) a ON true
 UNION ALL SELECT DISTINCT jsonb_build_object('kind', 'server', 'object', s.oid::bigint, 'name', quote_ident(s.srvname),
   'owner', (SELECT rolname FROM pg_roles WHERE oid = s.srvowner), 'to', t.oid::regclass::text, 'privilege', 'USAGE',
   'grantee', a.grantee::bigint, 'grantor', a.grantor::bigint)
 FROM target t JOIN pg_foreign_table f ON t.catalog = 1259 AND f.ftrelid = t.oid JOIN pg_foreign_server s ON s.oid = f.ftserver
   LEFT JOIN LATERAL (SELECT a.grantee, a.grantor FROM {server_list} a WHERE a.grantee = ANY (array_append({roles}, 0))
     ORDER BY a.grantee DESC LIMIT 1) a ON true
 WHERE EXISTS (SELECT 1 FROM role r WHERE has_server_privilege(r.oid, s.oid, 'USAGE'))) rows",
        rows = rows.join(", "),
        LATER = later(&roles),
        found_list = catalog::exploded("coalesce(f.acl, f.plain)"),
        server_list = catalog::exploded("coalesce(s.srvacl, acldefault('S', s.srvowner))"),
    )
}

/// Defaults that give the right on objects created later.
fn later(roles: &str) -> String {
    format!(
        "later AS (SELECT d.defaclrole, d.defaclnamespace, d.defaclobjtype, n.privilege,
     CASE WHEN n.catalog = 1259 THEN n.oid::regclass::text ELSE n.oid::regprocedure::text END AS shown, a.grantee
   FROM target n LEFT JOIN pg_class c ON n.catalog = 1259 AND c.oid = n.oid
     LEFT JOIN pg_proc p ON n.catalog = 1255 AND p.oid = n.oid
     JOIN pg_default_acl d ON d.defaclrole = coalesce(c.relowner, p.proowner)
       AND d.defaclnamespace IN (0, coalesce(c.relnamespace, p.pronamespace))
       AND d.defaclobjtype = CASE WHEN n.catalog = 1255 THEN 'f' WHEN c.relkind = 'S' THEN 'S' ELSE 'r' END::\"char\",
     {} a WHERE a.privilege_type = n.privilege AND a.grantee <> d.defaclrole
       AND (a.grantee = 0 OR a.grantee = ANY ({roles})))",
        catalog::exploded("d.defaclacl")
    )
}

/// The steps from an object `l` to those that use it.
const STEPS: [&str; 8] = [
    // Views, and rules of tables: they run as the owner of the relation, except views of the caller.
    "SELECT CASE WHEN w.ev_type = '1' THEN 'view' ELSE 'table' END AS kind, 1259::oid AS catalog, v.oid AS oid,
     CASE WHEN l.catalog = 1255 AND l.depth > 0 THEN l.owner
       WHEN w.ev_type = '1' AND 'true' = ANY (SELECT lower(split_part(o, '=', 2)) FROM unnest(v.reloptions) o
         WHERE o ~ '^security_invoker=') THEN l.owner
       WHEN w.ev_type = '1' AND 'on' = ANY (SELECT lower(split_part(o, '=', 2)) FROM unnest(v.reloptions) o
         WHERE o ~ '^security_invoker=') THEN l.owner
       ELSE coalesce(l.owner, v.relowner) END AS owner, l.free OR v.relkind = 'm' AS free,
     CASE WHEN w.ev_type = '2' THEN 'UPDATE' WHEN w.ev_type = '3' THEN 'INSERT' WHEN w.ev_type = '4' THEN 'DELETE'
       WHEN l.needs IN ('EXECUTE', 'USAGE') THEN 'SELECT' ELSE l.needs END AS needs
   FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
   WHERE d.classid = 2618 AND d.refclassid = l.catalog AND d.refobjid = l.oid AND v.oid <> l.oid AND v.oid >= 16384
     AND (w.ev_type <> '1' OR l.needs IN ('SELECT', 'EXECUTE', 'USAGE', 'DML') OR (l.needs IN ('INSERT', 'UPDATE', 'DELETE')
       AND v.relkind = 'v'))",
    // Functions whose body in standard SQL uses it; aggregates use their functions as their owner.
    "SELECT 'function', 1255, p.oid, CASE WHEN p.prosecdef OR p.prokind = 'a' THEN coalesce(l.owner, p.proowner) ELSE l.owner END,
     l.free, 'EXECUTE'
   FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
   WHERE d.classid = 1255 AND d.refclassid = l.catalog AND d.refobjid = l.oid AND p.oid <> l.oid AND p.oid >= 16384",
    // Functions that name it.
    "SELECT 'function', 1255, p.oid, CASE WHEN p.prosecdef THEN coalesce(l.owner, p.proowner) ELSE l.owner END, l.free, 'EXECUTE'
   FROM (SELECT coalesce((SELECT relname FROM pg_class WHERE l.catalog = 1259 AND oid = l.oid),
       (SELECT proname FROM pg_proc WHERE l.catalog = 1255 AND oid = l.oid AND prorettype NOT IN (2279, 3838)))::text) it(name),
     pg_proc p
   WHERE p.oid >= 16384 AND p.oid <> l.oid AND p.prosqlbody IS NULL AND l.kind <> 'cascade'
     AND strpos(lower(p.prosrc), replace(lower(it.name), '\"', '\"\"')) > 0
     AND (it.name !~ '^\\w+$' OR lower(p.prosrc) ~ ('\\m' || lower(it.name) || '\\M'))",
    // Tables with a trigger that calls it.
    "SELECT 'trigger', 1259, g.tgrelid, l.owner, l.free, 'DML' FROM pg_trigger g
   WHERE l.catalog = 1255 AND l.depth > 0 AND g.tgfoid = l.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'",
    // Parent tables contain its rows.
    "SELECT 'parent', 1259, h.inhparent, l.owner, true, l.needs FROM pg_inherits h
   WHERE l.catalog = 1259 AND h.inhrelid = l.oid AND l.kind <> 'child' AND EXISTS (SELECT 1 FROM pg_class c
     WHERE c.oid = l.oid AND c.relkind IN ('r', 'p', 'f'))",
    // Partitions contain rows of it.
    "SELECT 'child', 1259, h.inhrelid, l.owner, true, l.needs FROM pg_inherits h
   WHERE l.catalog = 1259 AND h.inhparent = l.oid AND l.kind IN ('target', 'child') AND EXISTS (SELECT 1 FROM pg_class c
     WHERE c.oid = l.oid AND c.relkind IN ('r', 'p', 'f'))",
    // The server changes rows that refer to a changed row, as the owner of the table.
    "SELECT 'cascade', 1259, k.confrelid, l.owner, true, k.needs FROM (SELECT k.confrelid, CASE
       WHEN l.needs = 'DELETE' AND k.confdeltype = 'c' THEN 'DELETE'
       WHEN l.needs = 'UPDATE' AND k.confdeltype IN ('n', 'd') THEN 'DELETE'
       WHEN l.needs = 'UPDATE' AND k.confupdtype IN ('c', 'n', 'd') THEN 'UPDATE' END AS needs
     FROM pg_constraint k WHERE k.contype = 'f' AND l.catalog = 1259 AND k.conrelid = l.oid AND k.confrelid <> l.oid
       AND l.kind IN ('target', 'cascade')) k WHERE k.needs IS NOT NULL",
    // Other foreign tables of its server may lead to the same data.
    "SELECT 'foreign', 1259, o.ftrelid, l.owner, true, l.needs FROM pg_foreign_table f
     JOIN pg_foreign_table o ON o.ftserver = f.ftserver AND o.ftrelid <> f.ftrelid
   WHERE l.catalog = 1259 AND l.kind = 'target' AND f.ftrelid = l.oid",
];

/// The maximum number of steps.
const DEEPEST: u32 = 8;
