//! Random servers: roles, memberships, privileges by every path, objects that lead to others, policies and sessions; and
//! the decision on one grant.

use crate::support::{fixtures::TestRepository, postgres::Cluster};
use tenure::model::Verdict;

/// A random server. The statements are run one by one; those that the server refuses are left out.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) statements: Vec<String>,
    open_session: bool,
}

/// The decision on one grant.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) key: String,
    pub(crate) principal: u32,
    /// The name of the principal.
    pub(crate) name: String,
    pub(crate) words: String,
    pub(crate) verdict: Verdict,
    /// The reduced form; empty for other verdicts.
    pub(crate) to: String,
}

/// The password of every role that can log in.
pub(crate) const PASSWORD: &str = "test only";

/// A small generator of random numbers (splitmix64), so that a seed gives the same world everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[usize::try_from(self.roll(list.len() as u64)).unwrap()]
    }
}

pub(crate) const ROLES: [&str; 6] = ["r0", "r1", "r2", "r3", "r4", "r5"];
pub(crate) const TABLES: [&str; 3] = ["public.t0", "s.t1", "s.t2"];

impl World {
    /// Returns the world of a seed.
    pub(crate) fn random(seed: u64) -> Self {
        let dice = &mut Dice(seed.wrapping_mul(7919) + 1);
        let mut statements = Vec::new();
        let mut add = |text: String| statements.push(text);
        for role in ROLES {
            let login = if dice.chance(60) { " LOGIN PASSWORD 'test only'" } else { "" };
            let inherit = if dice.chance(25) { " NOINHERIT" } else { "" };
            let power = match dice.roll(40) {
                0 => " SUPERUSER",
                1 => " CREATEROLE",
                2 => " BYPASSRLS",
                _ => "",
            };
            add(format!("CREATE ROLE {role}{login}{inherit}{power}"));
        }
        add("CREATE SCHEMA s".to_owned());
        add("GRANT USAGE ON SCHEMA s TO PUBLIC".to_owned());
        for table in TABLES {
            add(format!("CREATE TABLE {table} (a int, b int)"));
            add(format!("INSERT INTO {table} VALUES (1), (2), (3)"));
            if dice.chance(40) {
                add(format!("ALTER TABLE {table} OWNER TO {}", dice.of(&ROLES)));
            }
        }
        add("CREATE SEQUENCE s.q".to_owned());
        add("CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'".to_owned());
        if dice.chance(30) {
            add("REVOKE EXECUTE ON FUNCTION s.f FROM PUBLIC".to_owned());
        }
        if dice.chance(15) {
            add(format!("ALTER DATABASE current OWNER TO {}", dice.of(&ROLES)));
        }
        if dice.chance(10) {
            add("CREATE VIEW public.v AS SELECT a FROM public.t0".to_owned());
            add(format!("GRANT SELECT ON public.v TO {}", dice.of(&ROLES)));
        }
        if dice.chance(12) {
            add(dice.of(&LEADING).to_owned());
        }
        if dice.chance(15) {
            policies(dice, &mut add);
        }
        for _ in 0..4 + dice.roll(4) {
            memberships(dice, &mut add);
        }
        for _ in 0..8 + dice.roll(8) {
            privileges(dice, &mut add);
        }
        let open_session = dice.chance(10);
        Self { seed, statements, open_session }
    }

    /// Builds the world in a new database, without the roles of the world before; returns the database.
    pub(crate) fn build(&self, cluster: &Cluster) -> String {
        let database = format!("world_{}", self.seed);
        cluster.sql("postgres", CLEAR);
        for name in cluster.ask("postgres", OLD).split(' ').filter(|name| !name.is_empty()) {
            cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        for role in ROLES {
            let _ = cluster.client("postgres").batch_execute(&format!("DROP OWNED BY {role}"));
        }
        for role in ROLES.iter().chain(&ROLES) {
            let _ = cluster.client("postgres").batch_execute(&format!("DROP ROLE IF EXISTS {role}"));
        }
        cluster.sql("postgres", &format!("CREATE DATABASE {database}"));
        let mut client = cluster.client(&database);
        for statement in &self.statements {
            // A refused statement, such as a grant by a role without the option, is no part of the world.
            let _ = client.batch_execute(&statement.replace("DATABASE current", &format!("DATABASE {database}")));
            let _ = client.batch_execute("RESET ROLE");
        }
        database
    }

    /// Chooses a grant of the inventory, and a decision on it.
    pub(crate) fn choose(&self, repository: &TestRepository, system: &str) -> Option<Choice> {
        let mut found = Vec::new();
        for kind in ["account", "attribute", "credential", "membership", "privilege"] {
            let path = repository.repo().join(format!("inventory/{system}/grants/{kind}.jsonl"));
            let text = std::fs::read_to_string(path).unwrap_or_default();
            for line in text.lines() {
                let grant: serde_json::Value = serde_json::from_str(line).unwrap();
                let name = grant["principal"]["name"].as_str().unwrap_or_default().to_owned();
                let is_ours = ROLES.contains(&name.as_str()) || (name == "PUBLIC" && kind == "privilege");
                let key = grant["key"].as_str().unwrap_or_default().to_owned();
                let kind = if key.starts_with("default:") { "default" } else { kind };
                if is_ours && !key.starts_with("privilege:0/") {
                    found.push((kind, name, grant));
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        let dice = &mut Dice(self.seed ^ 0x5EED);
        let wanted = match dice.roll(100) {
            0..40 => "membership",
            40..75 => "privilege",
            75..85 => "default",
            85..91 => "account",
            91..97 => "credential",
            _ => "attribute",
        };
        let preferred: Vec<_> = found.iter().filter(|(kind, name, _)| *kind == wanted && name != "PUBLIC").collect();
        let all: Vec<_> = found.iter().filter(|(kind, ..)| !matches!(*kind, "account" | "credential")).collect();
        let from = if preferred.is_empty() { all } else { preferred };
        let (kind, name, grant) = from.get(usize::try_from(dice.roll(from.len().max(1) as u64)).unwrap())?;
        let (verdict, to) = decision(dice, kind, grant);
        Some(Choice {
            key: grant["key"].as_str()?.to_owned(),
            principal: grant["principal"]["id"].as_str()?.parse().ok()?,
            name: name.clone(),
            words: format!("{verdict:?} {to} {name}: {}", grant["entitlement"]["name"].as_str().unwrap_or_default()),
            verdict,
            to: to.to_owned(),
        })
    }

    /// Opens a session of the principal, which assumes the role of a chosen membership.
    pub(crate) fn session(&self, cluster: &Cluster, database: &str, choice: &Choice) -> Option<postgres::Client> {
        if !self.open_session {
            return None;
        }
        let others = ROLES.iter().copied();
        let mut names = std::iter::once(choice.name.as_str()).chain(others);
        let mut session = names.find_map(|role| cluster.log_in(database, role, PASSWORD).ok())?;
        if let Some((role, _)) = choice.key.strip_prefix("membership:").and_then(|ids| ids.split_once('/')) {
            let role = cluster.ask(database, &format!("SELECT quote_ident(rolname) FROM pg_roles WHERE oid = {role}"));
            let _ = session.batch_execute(&format!("SET ROLE {role}"));
        }
        Some(session)
    }

    /// Returns whether the world has objects that lead to others, policies, or a role that can grant itself every other
    /// one: the server denies a request that they permit.
    pub(crate) fn is_untold(&self, version: u32) -> bool {
        let has = |word: &str| self.statements.iter().any(|text| text.contains(word));
        has("VIEW")
            || has("DEFINER")
            || has("POLICY")
            || has("REFERENCES public")
            || (version < 16 && has("CREATEROLE"))
    }
}

/// Returns a decision on a grant of this kind.
fn decision(dice: &mut Dice, kind: &str, grant: &serde_json::Value) -> (Verdict, &'static str) {
    let has = |name: &str| grant["attributes"][name] == "yes";
    // Since version 16, the grantor is a part of the key.
    let several = grant["key"].as_str().unwrap_or_default().matches('/').count() == 2;
    let reduced = match (kind, dice.roll(6)) {
        ("membership", 0 | 1) if has("admin") => Some("without admin"),
        ("membership", 2) if has("inherit") && several => Some("without inherit"),
        ("membership", 3) if has("set") && several => Some("without set"),
        ("privilege" | "default", 0..=2) if has("grantable") => Some("without grant option"),
        _ => None,
    };
    match (kind, reduced) {
        (_, Some(to)) => (Verdict::Reduce, to),
        ("account", _) => (Verdict::Disable, ""),
        ("credential", _) if dice.chance(50) => (Verdict::Rotate, ""),
        ("credential", _) => (Verdict::Disable, ""),
        _ => (Verdict::Revoke, ""),
    }
}

/// Objects that lead to a table.
const LEADING: [&str; 4] = [
    "CREATE FUNCTION s.g() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM S.T1'",
    "CREATE VIEW public.w AS SELECT a FROM s.t1; CREATE VIEW public.v AS SELECT a FROM public.w; GRANT SELECT ON public.v TO PUBLIC",
    "CREATE MATERIALIZED VIEW public.v AS SELECT a FROM s.t2; GRANT SELECT ON public.v TO r0, r1, r2",
    "ALTER TABLE public.t0 ADD PRIMARY KEY (a); ALTER TABLE s.t1 ADD FOREIGN KEY (a) REFERENCES public.t0 ON DELETE CASCADE",
];

fn policies(dice: &mut Dice, add: &mut impl FnMut(String)) {
    let table = dice.of(&TABLES);
    add(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
    for number in 0..1 + dice.roll(3) {
        let kind = if dice.chance(30) { " AS RESTRICTIVE" } else { "" };
        let to = if dice.chance(20) { "PUBLIC" } else { dice.of(&ROLES) };
        add(format!("CREATE POLICY p{number} ON {table}{kind} TO {to} USING (a > {})", dice.roll(3)));
    }
}

fn memberships(dice: &mut Dice, add: &mut impl FnMut(String)) {
    let role = if dice.chance(12) {
        dice.of(&["pg_read_all_data", "pg_write_all_data", "pg_monitor", "pg_database_owner"])
    } else {
        dice.of(&ROLES)
    };
    let member = dice.of(&ROLES);
    let options = match dice.roll(5) {
        0 => " WITH ADMIN OPTION".to_owned(),
        1 => format!(" WITH INHERIT {}, SET {}", dice.of(&["TRUE", "FALSE"]), dice.of(&["TRUE", "FALSE"])),
        _ => String::new(),
    };
    add(format!("GRANT {role} TO {member}{options}"));
    if dice.chance(15) {
        add(format!("GRANT {role} TO {member}{options} GRANTED BY {}", dice.of(&ROLES)));
    }
}

fn privileges(dice: &mut Dice, add: &mut impl FnMut(String)) {
    let grantee = if dice.chance(10) { "PUBLIC" } else { dice.of(&ROLES) };
    let option = if grantee != "PUBLIC" && dice.chance(20) { " WITH GRANT OPTION" } else { "" };
    let by = if dice.chance(25) { format!("SET ROLE {}; ", dice.of(&ROLES)) } else { String::new() };
    let what = match dice.roll(12) {
        0..=4 => format!("{} ON {}", dice.of(&["SELECT", "INSERT", "UPDATE", "DELETE", "ALL"]), dice.of(&TABLES)),
        5 | 6 => format!("{} ({}) ON {}", dice.of(&["SELECT", "UPDATE"]), dice.of(&["a", "b"]), dice.of(&TABLES)),
        7 => format!("{} ON SCHEMA {}", dice.of(&["USAGE", "CREATE"]), dice.of(&["s", "public"])),
        8 => "EXECUTE ON FUNCTION s.f".to_owned(),
        9 => format!("{} ON SEQUENCE s.q", dice.of(&["SELECT", "USAGE", "UPDATE"])),
        10 => format!("SELECT ON pg_catalog.{}", dice.of(&["pg_stat_database", "pg_authid", "pg_settings"])),
        _ => {
            let class = dice.of(&["SELECT ON TABLES", "EXECUTE ON FUNCTIONS", "USAGE ON SEQUENCES"]);
            let place = dice.of(&["", "", " IN SCHEMA s"]);
            add(format!("ALTER DEFAULT PRIVILEGES FOR ROLE {}{place} GRANT {class} TO {grantee}", dice.of(&ROLES)));
            return;
        }
    };
    add(format!("{by}GRANT {what} TO {grantee}{option}"));
}

/// Ends the sessions of the world before.
const CLEAR: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename ~ '^r[0-9]$'";
const OLD: &str = "SELECT coalesce(string_agg(datname, ' '), '') FROM pg_database WHERE datname ~ '^world_'";
