//! Answers of the server to requests of the test's own: every privilege on every object of the world, for every role
//! that a principal can become.

use super::world::Choice;
use crate::support::postgres::Cluster;
use std::collections::BTreeSet;

/// The answers of the server at one time.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// The requests that each role is permitted by itself and all roles that it can become: `role request`.
    everybody: BTreeSet<String>,
    /// The requests that the chosen grant permits.
    lost: BTreeSet<String>,
    /// Those of them that its principal is permitted.
    permitted: BTreeSet<String>,
    principal: String,
}

impl Truth {
    /// Asks the server.
    pub(crate) fn of(cluster: &Cluster, database: &str, choice: &Choice) -> Self {
        let rows = |sql: &str| -> BTreeSet<String> {
            let replies = cluster.client(database).simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            let text = |message: &postgres::SimpleQueryMessage| match message {
                postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            };
            replies.iter().filter_map(text).collect()
        };
        let how = if cluster.version() >= 16 { "SET" } else { "MEMBER" };
        let reach = format!(
            "SELECT m.oid AS principal, m.rolname AS name, r.oid AS role FROM pg_roles m, pg_roles r
             WHERE m.rolname ~ '^r[0-9]$' AND (m.oid = r.oid OR pg_has_role(m.oid, r.oid, '{how}'))"
        );
        let everybody = rows(&format!(
            "WITH reach AS ({reach}), a AS ({ATOMS}) SELECT DISTINCT x.name || ' ' || a.request FROM reach x, a
             WHERE {}",
            test("x.role")
        ));
        let principal =
            cluster.ask(database, &format!("SELECT rolname FROM pg_roles WHERE oid = {}", choice.principal));
        let (lost, permitted) = Self::chosen(choice, &rows, &reach, how);
        Self { everybody, lost, permitted, principal }
    }

    fn chosen(
        choice: &Choice,
        rows: &dyn Fn(&str) -> BTreeSet<String>,
        reach: &str,
        how: &str,
    ) -> (BTreeSet<String>, BTreeSet<String>) {
        let (kind, ids) = choice.key.split_once(':').unwrap();
        let ids: Vec<&str> = ids.split('/').collect();
        let own = format!("SELECT role FROM ({reach}) x WHERE principal = {}", choice.principal);
        let (lost, held) = match kind {
            "privilege" => {
                let (oid, column) = ids[2].split_once('.').unwrap_or((ids[2], "0"));
                let privilege = ids[3].replace('-', " ");
                let columns = if column == "0" { "true".to_owned() } else { format!("a.col = {column}") };
                let lost =
                    format!("a.oid = {oid} AND a.class = '{}' AND a.privilege = '{privilege}' AND {columns}", ids[1]);
                (lost.clone(), lost)
            }
            "membership" => {
                // The rights of the roles behind the membership that PUBLIC does not have, or that they were granted as well.
                let role = ids[0];
                let behind = format!(
                    "(SELECT r.oid FROM pg_roles r WHERE r.oid = {role} OR pg_has_role({role}::oid, r.oid, '{how}'))"
                );
                let lost = format!(
                    "EXISTS (SELECT 1 FROM {behind} b WHERE {} AND (NOT {} OR EXISTS (SELECT 1 FROM pg_class c,
                       LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) e
                       WHERE a.class IN ('table', 'sequence') AND c.oid = a.oid AND e.grantee = b.oid
                         AND e.privilege_type = a.privilege)))
                     AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = {role})",
                    test("b.oid"),
                    test("'public'::name")
                );
                (lost.clone(), lost)
            }
            "attribute" => {
                let column = match ids[0] {
                    "superuser" => "rolsuper",
                    "createrole" => "rolcreaterole",
                    _ => "rolbypassrls",
                };
                let is = format!("SELECT 'attribute'::text FROM pg_roles WHERE {column} AND oid IN ({own})");
                let found = rows(&is);
                return (found.clone(), found);
            }
            _ => return Default::default(),
        };
        let lost = rows(&format!("WITH a AS ({ATOMS}) SELECT a.request FROM a WHERE {lost}"));
        let tested = if choice.principal == 0 {
            test("'public'::name")
        } else {
            format!("EXISTS (SELECT 1 FROM ({own}) o(role) WHERE {})", test("o.role"))
        };
        let mut permitted = rows(&format!("WITH a AS ({ATOMS}) SELECT a.request FROM a WHERE {held} AND {tested}"));
        if kind == "membership" {
            let member = format!(
                "SELECT 'role'::text FROM ({reach}) x WHERE principal = {} AND role = {}",
                choice.principal, ids[0]
            );
            permitted.extend(rows(&member));
        }
        (lost, permitted)
    }

    /// Returns the requests that were permitted by the lost access before, and are permitted after.
    pub(crate) fn still(&self, after: &Self) -> Vec<String> {
        let wanted = |request: &&String| self.lost.contains(*request) || *request == "role" || *request == "attribute";
        self.permitted.iter().filter(wanted).filter(|request| after.permitted.contains(*request)).cloned().collect()
    }

    /// Returns an access that a role has only after the change.
    pub(crate) fn gained(&self, after: &Self) -> Option<String> {
        after.everybody.difference(&self.everybody).next().cloned()
    }

    /// Tries to read each table of which reading was lost, as each role that the principal can become.
    pub(crate) fn by_use(&self, cluster: &Cluster, database: &str) -> Option<String> {
        if self.principal.is_empty() {
            return None;
        }
        let how = if cluster.version() >= 16 { "SET" } else { "MEMBER" };
        let roles = cluster.ask(
            database,
            &format!(
                "SELECT string_agg(r.rolname, ' ') FROM pg_roles r WHERE r.rolname = '{p}'
                 OR pg_has_role('{p}', r.oid, '{how}')",
                p = self.principal
            ),
        );
        let tables = self.lost.iter().filter_map(|request| request.strip_prefix("table SELECT "));
        for table in tables.filter(|table| !table.contains(" (")) {
            for role in roles.split(' ') {
                let mut client = cluster.client(database);
                let read = format!(
                    "SET SESSION AUTHORIZATION {}; SET ROLE {role}; SELECT count(*) FROM {table}",
                    self.principal
                );
                if client.batch_execute(&read).is_ok() {
                    return Some(format!("{} as {role} reads {table}", self.principal));
                }
            }
        }
        None
    }
}

/// Every request on the objects of a world: on tables also by column.
const ATOMS: &str = "
 SELECT 'table' AS class, c.oid, t.attnum::int AS col, p AS privilege,
   'table ' || p || ' ' || c.oid::regclass || ' (' || t.attname || ')' AS request
 FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0,
   unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
 WHERE (c.oid >= 16384 OR c.relname IN ('pg_stat_database', 'pg_authid', 'pg_settings')) AND c.relkind IN ('r', 'v')
   AND (c.oid < 16384 OR c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 's')))
 UNION ALL SELECT 'table', c.oid, 0, p, 'table ' || p || ' ' || c.oid::regclass
 FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
 WHERE (c.oid >= 16384 OR c.relname IN ('pg_stat_database', 'pg_authid', 'pg_settings')) AND c.relkind IN ('r', 'v')
   AND (c.oid < 16384 OR c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 's')))
 UNION ALL SELECT 'sequence', c.oid, 0, p, 'sequence ' || p || ' ' || c.oid::regclass FROM pg_class c,
   unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) p WHERE c.relkind = 'S'
 UNION ALL SELECT 'schema', n.oid, 0, p, 'schema ' || p || ' ' || n.nspname FROM pg_namespace n,
   unnest(ARRAY['USAGE', 'CREATE']) p WHERE n.nspname IN ('public', 's')
 UNION ALL SELECT 'routine', f.oid, 0, 'EXECUTE', 'routine EXECUTE ' || f.oid::regprocedure FROM pg_proc f
 WHERE f.oid >= 16384";

/// Returns the test whether a role has a right of `a`.
fn test(role: &str) -> String {
    format!(
        "CASE a.class WHEN 'sequence' THEN has_sequence_privilege({role}, a.oid, a.privilege)
           WHEN 'schema' THEN has_schema_privilege({role}, a.oid, a.privilege)
           WHEN 'routine' THEN has_function_privilege({role}, a.oid, a.privilege)
           ELSE CASE WHEN a.col = 0 THEN has_table_privilege({role}, a.oid, a.privilege)
             ELSE has_column_privilege({role}, a.oid, a.col::int2, a.privilege) END END"
    )
}
