//! Answers of the server to requests of the test's own: every privilege on every object of the world, for every role
//! that a principal can become.

use super::world::{Choice, PASSWORD, TABLES};
use crate::support::postgres::Cluster;
use std::collections::{BTreeMap, BTreeSet};
use tenure::model::Verdict;

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
    /// The rows that each role sees of a table, by itself or a role that it can become; and what it reaches by other
    /// objects.
    rows: BTreeMap<(String, String), i64>,
    /// Whether the principal can grant itself some role, which the server's answers do not cover.
    pub(crate) administers: bool,
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
        let (lost, permitted) = match choice.key.split_once(':').map(|(kind, _)| kind) {
            Some("account" | "password") => by_login(cluster, database, choice),
            Some("default") => by_probe(cluster, database, choice, &reach),
            _ => Self::chosen(choice, &rows, &reach, how),
        };
        let seen = rows(&format!(
            "{}; SELECT concat_ws('|', name, place, max(number)) FROM seen GROUP BY name, place",
            seen(&reach)
        ));
        let rows = seen.iter().filter_map(|line| {
            let parts: Vec<&str> = line.split('|').collect();
            let [name, place, number] = parts.as_slice() else { return None };
            Some((((*name).to_owned(), (*place).to_owned()), number.parse().ok()?))
        });
        let administers = cluster.ask(
            database,
            &format!(
                "SELECT bool_or(pg_has_role({own}::oid, r.oid, 'MEMBER WITH ADMIN OPTION')) FROM pg_roles r
                 WHERE r.oid <> {own} AND EXISTS (SELECT 1 FROM pg_roles p WHERE p.oid = {own})",
                own = choice.principal
            ),
        );
        Self { everybody, lost, permitted, principal, rows: rows.collect(), administers: administers == "t" }
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
                // USAGE and UPDATE of a sequence both permit nextval.
                let same = match (ids[1], privilege.as_str()) {
                    ("sequence", "USAGE") => "a.privilege = 'USAGE, UPDATE'".to_owned(),
                    ("sequence", "UPDATE") if choice.verdict != Verdict::Reduce => {
                        "a.privilege IN ('UPDATE', 'USAGE, UPDATE')".to_owned()
                    }
                    _ => format!("a.privilege = '{privilege}'"),
                };
                let lost = format!("a.oid = {oid} AND a.class = '{}' AND {same} AND {columns}", ids[1]);
                (lost.clone(), lost)
            }
            "membership" if choice.verdict == Verdict::Reduce => {
                let who =
                    if choice.to == "without inherit" { choice.principal.to_string() } else { "x.role".to_owned() };
                let what = match choice.to.as_str() {
                    "without inherit" => "USAGE",
                    "without set" => "SET",
                    _ => "MEMBER WITH ADMIN OPTION",
                };
                let is = format!(
                    "SELECT 'attribute'::text FROM ({own}) x WHERE pg_has_role({who}::oid, {}::oid, '{what}')",
                    ids[0]
                );
                let found = rows(&is);
                return (found.clone(), found);
            }
            "membership" => {
                // The rights of the roles behind the membership that PUBLIC does not have, or that they were granted as well.
                let role = ids[0];
                // A role behind is one that the role can become, or whose rights it inherits without becoming it.
                let behind = format!(
                    "(SELECT r.oid FROM pg_roles r WHERE r.oid = {role} OR pg_has_role({role}::oid, r.oid, '{how}')
                       OR pg_has_role({role}::oid, r.oid, 'USAGE'))"
                );
                let lost = format!(
                    "EXISTS (SELECT 1 FROM {behind} b WHERE {} AND (NOT {} OR EXISTS (SELECT 1 FROM pg_class c,
                       LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) e
                       WHERE a.class IN ('table', 'sequence') AND c.oid = a.oid AND e.grantee = b.oid
                         AND e.privilege_type = ANY (string_to_array(a.privilege, ', ')))
                       OR EXISTS (SELECT 1 FROM pg_namespace n, LATERAL aclexplode(n.nspacl) e WHERE a.class = 'schema'
                         AND n.oid = a.oid AND e.grantee = b.oid AND e.privilege_type = a.privilege)
                       OR EXISTS (SELECT 1 FROM pg_proc f, LATERAL aclexplode(f.proacl) e WHERE a.class = 'routine'
                         AND f.oid = a.oid AND e.grantee = b.oid)))
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
        let option = if choice.verdict == Verdict::Reduce { " WITH GRANT OPTION" } else { "" };
        let test = |role: &str| match option {
            "" => test(role),
            _ => test(role).replace("a.privilege)", &format!("replace(a.privilege, ', UPDATE', '') || '{option}')")),
        };
        let lost = rows(&format!("WITH a AS ({ATOMS}) SELECT a.request FROM a WHERE {lost}"));
        let tested = if choice.principal == 0 {
            test("'public'::name")
        } else {
            format!("EXISTS (SELECT 1 FROM ({own}) o(role) WHERE {})", test("o.role"))
        };
        let mut permitted = rows(&format!("WITH a AS ({ATOMS}) SELECT a.request FROM a WHERE {held} AND {tested}"));
        if kind == "membership" {
            // The roles themselves are a part of what a membership gives.
            let member = format!(
                "SELECT 'role ' || x.role FROM ({reach}) x WHERE principal = {} AND role <> principal
                   AND (role = {role} OR pg_has_role({role}::oid, role, '{how}'))",
                choice.principal,
                role = ids[0]
            );
            permitted.extend(rows(&member));
        }
        (lost, permitted)
    }

    /// Returns the requests that were permitted by the lost access before, and are permitted after.
    pub(crate) fn still(&self, after: &Self) -> Vec<String> {
        let wanted =
            |request: &&String| self.lost.contains(*request) || request.starts_with("role ") || *request == "attribute";
        self.permitted.iter().filter(wanted).filter(|request| after.permitted.contains(*request)).cloned().collect()
    }

    /// Returns an access that a role has only after the change.
    pub(crate) fn gained(&self, after: &Self) -> Option<String> {
        let more = |(place, number): (&(String, String), &i64)| {
            let before = self.rows.get(place).copied().unwrap_or_default();
            (*number > before).then(|| format!("{place:?}: {number} rows instead of {before}"))
        };
        let gained = after.everybody.difference(&self.everybody).next().cloned();
        gained.or_else(|| after.rows.iter().find_map(more))
    }

    /// Returns an object through which the principal still reads a table whose reading was lost.
    pub(crate) fn by_other_object(&self, after: &Self) -> Option<String> {
        let is_lost = |table: &str| self.lost.iter().any(|it| it.starts_with(&format!("table SELECT {table}")));
        let leads = after.rows.keys().filter(|(name, place)| {
            *name == self.principal && place.contains(" of ") && after.rows[&(name.clone(), place.clone())] > 0
        });
        let mut lost = leads.filter(|(_, place)| place.split_once(" of ").is_some_and(|(_, table)| is_lost(table)));
        lost.next().map(|(name, place)| format!("{name} still reads {place}"))
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
                let mut read = format!("SET ROLE {role}; SELECT count(*) FROM {table}");
                match cluster.log_in(database, &self.principal, PASSWORD) {
                    Ok(own) => client = own,
                    Err(_) => read = format!("SET SESSION AUTHORIZATION {}; {read}", self.principal),
                }
                if client.batch_execute(&read).is_ok() {
                    return Some(format!("{} as {role} reads {table}", self.principal));
                }
            }
        }
        None
    }
}

/// Tries to log in.
fn by_login(cluster: &Cluster, database: &str, choice: &Choice) -> (BTreeSet<String>, BTreeSet<String>) {
    let works = cluster.log_in(database, &choice.name, PASSWORD).is_ok();
    let found: BTreeSet<String> = works.then(|| "attribute".to_owned()).into_iter().collect();
    (found.clone(), found)
}

/// Creates an object as its creator would, asks about it, and rolls back.
fn by_probe(cluster: &Cluster, database: &str, choice: &Choice, reach: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let ids: Vec<&str> = choice.key.split([':', '/']).collect();
    let [_, _, definer, schema, class, privilege, ..] = ids.as_slice() else { return Default::default() };
    let option = if choice.verdict == Verdict::Reduce { " WITH GRANT OPTION" } else { "" };
    let mut permitted = BTreeSet::new();
    let definer = cluster.ask(database, &format!("SELECT rolname FROM pg_roles WHERE oid = {definer}"));
    let schema = cluster.ask(database, &format!("SELECT nspname FROM pg_namespace WHERE oid = {schema}"));
    for place in ["public", "s"].into_iter().filter(|place| schema.is_empty() || schema == *place) {
        let (create, function) = match *class {
            "TABLES" => ("CREATE TABLE {}.probe (a int)", "has_table_privilege({role}, '{}.probe'::regclass, "),
            "SEQUENCES" => ("CREATE SEQUENCE {}.probe", "has_sequence_privilege({role}, '{}.probe'::regclass, "),
            _ => (
                "CREATE FUNCTION {}.probe() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "has_function_privilege({role}, '{}.probe()'::regprocedure, ",
            ),
        };
        let test = format!("{}'{privilege}{option}')", function.replace("{}", place));
        let asked = match choice.principal {
            0 => format!("SELECT {}", test.replace("{role}", "'public'::name")),
            own => format!(
                "SELECT bool_or({}) FROM ({reach}) x WHERE x.principal = {own}",
                test.replace("{role}", "x.role")
            ),
        };
        let batch = format!(
            "BEGIN; GRANT CREATE, USAGE ON SCHEMA {place} TO {definer}; SET LOCAL ROLE {definer}; {}; RESET ROLE; {asked}",
            create.replace("{}", place)
        );
        if cluster.ask(database, &batch) == "t" {
            permitted.insert("attribute".to_owned());
        }
    }
    (permitted.clone(), permitted)
}

/// Counts the rows that each role sees, and tries the objects that lead to others, in one block.
fn seen(reach: &str) -> String {
    let rows = TABLES.iter().map(|table| format!("['{table}', 'SELECT count(*) FROM {table}']"));
    let leads = LEADS.iter().map(|(place, query)| format!("['{place}', $q${query}$q$]"));
    let places: Vec<String> = rows.chain(leads).collect();
    format!(
        "CREATE TEMPORARY TABLE IF NOT EXISTS seen (name text, place text, number bigint);
 DO $$ DECLARE who record; p text[]; n bigint; BEGIN
 FOR who IN SELECT x.name, quote_ident(r.rolname) AS role FROM ({reach}) x JOIN pg_roles r ON r.oid = x.role LOOP
   FOREACH p SLICE 1 IN ARRAY ARRAY[{}] LOOP
     BEGIN EXECUTE 'SET LOCAL ROLE ' || who.role; EXECUTE p[2] INTO n; RESET ROLE; INSERT INTO seen VALUES (who.name, p[1], n);
     EXCEPTION WHEN OTHERS THEN NULL; END; RESET ROLE;
   END LOOP; END LOOP; END $$",
        places.join(", ")
    )
}

/// Requests to objects that lead to a table.
const LEADS: [(&str, &str); 4] = [
    ("function of s.t1", "SELECT s.g()"),
    ("view of s.t1", "SELECT count(*) FROM public.v, pg_class c WHERE c.relname = 'w'"),
    ("view of s.t2", "SELECT count(*) FROM public.v, pg_class c WHERE c.relname = 'v' AND c.relkind = 'm'"),
    (
        "view of public.t0",
        "SELECT count(*) FROM public.v, pg_class c WHERE c.relname = 'v' AND c.relkind = 'v'
       AND NOT EXISTS (SELECT 1 FROM pg_class w WHERE w.relname = 'w')",
    ),
];

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
   unnest(ARRAY['SELECT', 'USAGE, UPDATE', 'UPDATE']) p WHERE c.relkind = 'S'
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
