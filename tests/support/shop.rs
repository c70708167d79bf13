//! Sample access of a small shop: a PostgreSQL cluster, a Debian host with 60 accounts, and its principals.

use super::fixtures::TestRepository;
use super::postgres::Cluster;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// Opens a campaign over the access of the shop, without decisions.
pub fn opened(cluster: &Cluster) -> TestRepository {
    cluster.sql("postgres", "CREATE DATABASE orders");
    cluster.sql("orders", ORDERS);
    let mut world = TestRepository::founded();
    world.variable("PG_ORDERS_PASSWORD", cluster.password());
    lay_host(&world);
    world.system(
        "web-1",
        "connector = \"hosts\"\n\n[settings]\nroot = \"../web-1\"\n[settings.readback]\nroot = \"../web-1\"",
    );
    world.system("pg-orders", &postgres(cluster.port()));
    world.write("repo/principals/shop.toml", &principals(cluster));
    world.tenure(&["fmt", "principals/shop.toml"]).exits(0);
    world.tenure(&["policy", "init"]).exits(0);
    world.collected(&["pg-orders", "web-1"]);
    world.campaign(&[("pg-orders", &["attribute", "membership"]), ("web-1", &["credential", "rule"])]);
    world
}

fn postgres(port: u16) -> String {
    format!(
        "connector = \"postgres\"\n\n[settings]\nhost = \"127.0.0.1\"\nport = {port}\ndatabase = \"postgres\"\nuser = \"super\"\n\
         password_env = \"PG_ORDERS_PASSWORD\"\ndatabases = [\"orders\"]\ntls = \"disable\"\n"
    )
}

/// Creates a host with 60 accounts: system accounts, people, services, leavers, and forgotten keys.
fn lay_host(world: &TestRepository) {
    let (mut passwd, mut shadow, mut group) = (String::new(), String::new(), String::new());
    for (id, name, shell) in accounts() {
        let home = if id < 1000 { format!("/var/lib/{name}") } else { format!("/home/{name}") };
        writeln!(passwd, "{name}:x:{id}:{id}:{name}:{home}:{shell}").unwrap();
        writeln!(shadow, "{name}:!:20000:0:99999:7:::").unwrap();
        writeln!(group, "{name}:x:{id}:").unwrap();
    }
    group.push_str("adm:x:4:svc_etl,svc_legacy\nsudo:x:27:ben,svc_backup\ndocker:x:998:li,svc_etl\n");
    let files: [(&str, u32, &str); 14] = [
        ("etc/passwd", 0o644, &passwd),
        ("etc/shadow", 0o640, &shadow),
        ("etc/group", 0o644, &group),
        ("etc/gshadow", 0o640, ""),
        ("etc/sudoers", 0o440, "Defaults\tenv_reset\n%sudo\tALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"),
        ("etc/sudoers.d/backup", 0o440, "svc_backup ALL=(ALL:ALL) NOPASSWD: ALL\n"),
        ("etc/sudoers.d/deploy", 0o440, "svc_deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop\n"),
        ("etc/sudoers.d/etl", 0o440, "svc_etl ALL=(postgres) NOPASSWD: ALL\n"),
        ("etc/sudoers.d/legacy", 0o440, "svc_legacy ALL=(root) NOPASSWD: /opt/legacy/run.sh\n"),
        ("etc/sudoers.d/li", 0o440, "li ALL=(ALL:ALL) ALL\n"),
        ("home/svc_deploy/.ssh/authorized_keys", 0o644, KEYS),
        ("home/svc_etl/.ssh/authorized_keys", 0o644, ETL_KEY),
        ("home/svc_export/.ssh/authorized_keys", 0o644, OLD_KEY),
        ("home/svc_legacy/.ssh/authorized_keys", 0o644, LEGACY_KEY),
    ];
    for (path, mode, text) in files {
        world.write(&format!("web-1/{path}"), text);
        fs::set_permissions(world.join(&format!("web-1/{path}")), fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Returns the accounts of the host: id, name, shell.
fn accounts() -> Vec<(u32, String, &'static str)> {
    let system = SYSTEM.iter().enumerate().map(|(at, name)| (u32::try_from(at).unwrap(), *name, "/usr/sbin/nologin"));
    let people = PEOPLE.iter().enumerate().map(|(at, name)| (1001 + u32::try_from(at).unwrap(), *name, "/bin/bash"));
    let services =
        SERVICES.iter().enumerate().map(|(at, (name, ..))| (1101 + u32::try_from(at).unwrap(), *name, "/bin/bash"));
    system.chain(people).chain(services).map(|(id, name, shell)| (id, name.to_owned(), shell)).collect()
}

/// Writes the principals: people of three teams, and services with and without an owner.
fn principals(cluster: &Cluster) -> String {
    let oid = |role: &str| cluster.ask("orders", &format!("SELECT oid FROM pg_roles WHERE rolname = '{role}'"));
    let mut text = "schema = \"tenure/principals/v1\"\n".to_owned();
    for (at, name) in PEOPLE.iter().enumerate().filter(|(_, name)| !["ana", "ben", "mia"].contains(name)) {
        let mut accounts = vec![format!("web-1:uid:{}", 1001 + at)];
        accounts.extend(Some(oid(name)).filter(|oid| !oid.is_empty()).map(|oid| format!("pg-orders:{oid}")));
        accounts.sort();
        let (status, ends) =
            if *name == "li" { ("left", "end_date = \"2026-09-30T00:00:00Z\"\n") } else { ("active", "") };
        let team = TEAMS[at % TEAMS.len()];
        writeln!(text, "\n[[principal]]\nid = \"{name}\"\nkind = \"person\"\nstatus = \"{status}\"\naccounts = {accounts:?}\nowner = \"ana\"\nteam = \"{team}\"\n{ends}").unwrap();
    }
    let oid_of_super = oid("super");
    writeln!(text, "\n[[principal]]\nid = \"dba-in-need\"\nkind = \"break-glass\"\nstatus = \"active\"\naccounts = [\"pg-orders:{oid_of_super}\"]\nowner = \"ana\"\nteam = \"platform\"\npurpose = \"the superuser of the cluster, sealed\"\n").unwrap();
    for (at, (name, owner, team, purpose)) in SERVICES.iter().enumerate() {
        let mut accounts = vec![format!("web-1:uid:{}", 1101 + at)];
        accounts.extend(Some(oid(name)).filter(|oid| !oid.is_empty()).map(|oid| format!("pg-orders:{oid}")));
        accounts.sort();
        let owner = if owner.is_empty() { String::new() } else { format!("owner = \"{owner}\"\n") };
        let id = name.replace('_', "-");
        writeln!(text, "\n[[principal]]\nid = \"{id}\"\nkind = \"service\"\nstatus = \"active\"\naccounts = {accounts:?}\n{owner}team = \"{team}\"\npurpose = \"{purpose}\"\n").unwrap();
    }
    text
}

/// The system accounts of a Debian host and of additional packages.
const SYSTEM: [&str; 24] = [
    "root",
    "daemon",
    "bin",
    "sys",
    "sync",
    "games",
    "man",
    "lp",
    "mail",
    "news",
    "uucp",
    "proxy",
    "www-data",
    "backup",
    "list",
    "irc",
    "apt",
    "nobody",
    "messagebus",
    "sshd",
    "postfix",
    "chrony",
    "polkitd",
    "redis",
];
const PEOPLE: [&str; 24] = [
    "ana", "ben", "mia", "li", "noor", "omar", "petra", "quinn", "rosa", "sven", "tara", "uri", "vera", "wim", "xenia",
    "yusuf", "zoe", "adam", "bela", "carla", "dario", "elif", "finn", "greta",
];
const TEAMS: [&str; 3] = ["orders", "payments", "platform"];
/// Name, owner, team, purpose.
const SERVICES: [(&str, &str, &str, &str); 12] = [
    ("svc_export", "li", "orders", "the nightly export of orders"),
    ("svc_backup", "ana", "platform", "backups of all hosts"),
    ("svc_deploy", "ana", "platform", "restarts the shop after a release"),
    ("svc_metrics", "ana", "platform", "reads counters for the dashboards"),
    ("svc_reports", "ana", "orders", "the monthly report of the board"),
    ("svc_mailer", "noor", "orders", "mails about orders"),
    ("svc_search", "noor", "orders", "the index of the catalogue"),
    ("svc_billing", "omar", "payments", "invoices"),
    ("svc_fraud", "omar", "payments", "scores of payments"),
    ("svc_etl", "", "payments", "loads the warehouse"),
    ("svc_legacy", "", "orders", "old reports"),
    ("svc_ci", "ana", "platform", "builds and tests"),
];
const KEYS: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f build@ci\n\
                    ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/ li@laptop\n";
const OLD_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEBBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5f export@old-warehouse\n";
const ETL_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/ warehouse@etl-3\n";
const LEGACY_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6f root@decommissioned\n";
/// Nested roles, a superuser that was meant to be temporary, and a job that was never stopped.
const ORDERS: &str = "
CREATE ROLE order_read; CREATE ROLE order_write; CREATE ROLE reporting; CREATE ROLE dba;
GRANT order_read TO order_write; GRANT order_write TO reporting; GRANT pg_read_all_data TO reporting;
GRANT pg_signal_backend, pg_monitor TO dba;
CREATE ROLE ben LOGIN; CREATE ROLE mia LOGIN; CREATE ROLE li LOGIN; CREATE ROLE noor LOGIN; CREATE ROLE omar LOGIN;
CREATE ROLE petra LOGIN; CREATE ROLE rosa LOGIN; CREATE ROLE tara LOGIN; CREATE ROLE zoe LOGIN;
CREATE ROLE svc_export LOGIN; CREATE ROLE svc_reports LOGIN; CREATE ROLE svc_metrics LOGIN; CREATE ROLE svc_etl LOGIN;
CREATE ROLE svc_mailer LOGIN; CREATE ROLE svc_legacy LOGIN SUPERUSER;
GRANT order_read TO noor, omar, petra, rosa, tara, svc_mailer, svc_metrics;
GRANT order_write TO noor, li; GRANT reporting TO svc_export, svc_reports, zoe; GRANT dba TO ben;
GRANT pg_write_server_files TO svc_etl;
CREATE SCHEMA shop; CREATE TABLE shop.orders (id int, amount int); CREATE TABLE shop.customers (id int, name text);
GRANT USAGE ON SCHEMA shop TO order_read; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO order_read;
GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA shop TO order_write;
";
