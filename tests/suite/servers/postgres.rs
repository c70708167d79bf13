//! The PostgreSQL connector on a real server through its public interface: conformance, TLS, and coverage gaps. Changes
//! are tested in `src/connector/postgres/tests`.

use crate::support::{conformance, postgres::Cluster};
use secrecy::SecretString;
use tenure::connector::TargetQuery;
use tenure::{
    connector::{
        Collector,
        postgres::{PasswordVisibility, Postgres, PostgresConfig, TlsMode, open},
    },
    model::{GrantKind, SystemId, Usage},
};

fn system() -> SystemId {
    SystemId::parse("pg-orders").unwrap()
}

fn config(cluster: &Cluster) -> PostgresConfig {
    PostgresConfig {
        host: "127.0.0.1".to_owned(),
        port: cluster.port(),
        database: "postgres".to_owned(),
        user: "super".to_owned(),
        password_env: "PG_PASSWORD".to_owned(),
        databases: None,
        tls: TlsMode::Disable,
        ca: None,
        passwords: PasswordVisibility::Fingerprint,
    }
}

fn connect(cluster: &Cluster, config: &PostgresConfig) -> Postgres {
    open(&system(), config, SecretString::from(cluster.password().to_owned())).unwrap()
}

const WORLD: &str = r#"
CREATE ROLE ana LOGIN PASSWORD 'test only' VALID UNTIL '2027-01-01 00:00:00+00';
CREATE ROLE li LOGIN CREATEDB NOINHERIT;
CREATE ROLE old LOGIN;
CREATE ROLE readers;
CREATE ROLE "Odd, name=x/y" CREATEROLE;
GRANT readers TO ana WITH ADMIN OPTION;
GRANT readers TO "Odd, name=x/y";
GRANT pg_read_all_data TO readers;
SET password_encryption = 'md5';
ALTER ROLE old PASSWORD 'test only';
CREATE SCHEMA sales AUTHORIZATION ana;
CREATE TABLE sales.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount int, note text);
ALTER TABLE sales.orders OWNER TO ana;
CREATE VIEW sales.totals AS SELECT sum(amount) FROM sales.orders;
CREATE TABLE plain (a int) PARTITION BY RANGE (a);
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE spread AS RANGE (subtype = float8);
CREATE FUNCTION double(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
CREATE PROCEDURE nothing() LANGUAGE sql AS '';
CREATE AGGREGATE longest(text) (SFUNC = textcat, STYPE = text);
CREATE SEQUENCE numbers;
SELECT lo_create(4711);
ALTER LARGE OBJECT 4711 OWNER TO ana;
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER far FOREIGN DATA WRAPPER w;
CREATE USER MAPPING FOR ana SERVER far;
CREATE COLLATION mine FROM "C";
ALTER COLLATION mine OWNER TO ana;
CREATE PUBLICATION news;
ALTER PUBLICATION news OWNER TO super;
GRANT SELECT ON sales.orders TO readers WITH GRANT OPTION;
GRANT UPDATE (amount), REFERENCES (id, note) ON sales.orders TO "Odd, name=x/y";
SET ROLE readers;
GRANT SELECT ON sales.orders TO "Odd, name=x/y";
RESET ROLE;
GRANT SELECT ON plain TO PUBLIC;
GRANT USAGE ON SCHEMA sales TO readers;
REVOKE EXECUTE ON FUNCTION double FROM PUBLIC;
GRANT EXECUTE ON FUNCTION double TO li;
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO li;
GRANT SELECT ON pg_authid TO li;
GRANT SELECT, UPDATE ON LARGE OBJECT 4711 TO li;
GRANT SET, ALTER SYSTEM ON PARAMETER work_mem TO li;
GRANT USAGE ON FOREIGN SERVER far TO li;
GRANT CREATE ON TABLESPACE pg_default TO li;
ALTER DEFAULT PRIVILEGES FOR ROLE ana IN SCHEMA sales GRANT SELECT, INSERT ON TABLES TO readers;
ALTER DEFAULT PRIVILEGES FOR ROLE ana REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE li GRANT USAGE ON SCHEMAS TO readers WITH GRANT OPTION;
CREATE TEMPORARY TABLE passing (a int);
"#;

#[test]
fn it_conforms() {
    let cluster = Cluster::start(&[]);
    cluster.sql("postgres", WORLD);
    let only = PostgresConfig { databases: Some(vec!["postgres".to_owned()]), ..config(&cluster) };
    let postgres = connect(&cluster, &only);
    // The contents of a role are read in each database.
    conformance::conforms_within(&postgres, &system(), 7);
    let spots = postgres.validate().unwrap().blind_spots;
    assert_eq!(spots, ["objects in database template1: not listed in `databases`"]);

    let all = connect(&cluster, &config(&cluster));
    let listed = conformance::list_all(&all);
    for total in all.control_totals().unwrap() {
        assert_eq!(listed[&total.kind].len() as u64, total.count, "{} by {}", total.kind, total.source);
    }
    let names = |kind: GrantKind| -> Vec<String> {
        listed[&kind].iter().map(|grant| format!("{}: {}", grant.principal.name, grant.entitlement.name)).collect()
    };
    for wanted in [
        "Odd, name=x/y: UPDATE (amount) ON TABLE sales.orders IN DATABASE postgres",
        "li: EXECUTE ON ROUTINE pg_catalog.pg_read_file(text) IN DATABASE postgres",
        "li: ALTER SYSTEM ON PARAMETER work_mem",
        "PUBLIC: SELECT ON TABLE public.plain IN DATABASE postgres",
        "PUBLIC: EXECUTE ON ROUTINE public.nothing() IN DATABASE postgres",
        "readers: INSERT ON TABLES TO COME IN SCHEMA sales BY ana IN DATABASE postgres",
    ] {
        assert!(
            names(GrantKind::Privilege).contains(&wanted.to_owned()),
            "{wanted}\n{:#?}",
            names(GrantKind::Privilege)
        );
    }
    assert!(names(GrantKind::Ownership).iter().any(|name| name.starts_with("ana: OWNER OF TABLE sales.orders")));
    let weak = listed[&GrantKind::Credential].iter().find(|grant| grant.principal.name == "old").unwrap();
    assert_eq!((weak.key.as_str().ends_with("/md5"), weak.attribute("stored-as")), (true, Some("md5")));

    let ana = cluster.log_in("postgres", "ana", "test only").unwrap();
    let page = all.list(GrantKind::Account, None).unwrap();
    let used: Vec<_> = page.usage.iter().filter(|(_, usage)| matches!(usage, Usage::At(_))).collect();
    assert_eq!(used.len(), 1 + 1, "ana and ourselves have sessions: {used:?}");
    drop(ana);
}

#[test]
fn tls_is_verified_or_refused() {
    let cluster = Cluster::start(&[]);
    let data = cluster.data();
    let made = std::process::Command::new(crate::support::servers::program("openssl"))
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=CA:FALSE",
        ])
        .arg("-keyout")
        .arg(data.join("server.key"))
        .arg("-out")
        .arg(data.join("server.crt"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    cluster.give_to_server(&data.join("server.key"));
    cluster.give_to_server(&data.join("server.crt"));
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while cluster.ask("postgres", "SHOW ssl") != "on" {
        assert!(std::time::Instant::now() < deadline, "TLS is not on");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }

    let trusted = PostgresConfig {
        host: "localhost".to_owned(),
        tls: TlsMode::VerifyFull,
        ca: Some(data.join("server.crt")),
        ..config(&cluster)
    };
    connect(&cluster, &trusted).validate().unwrap();
    let other_name = PostgresConfig { host: "127.0.0.1".to_owned(), ..trusted.clone() };
    assert_eq!(connect(&cluster, &other_name).validate().unwrap_err().class(), "transient");
    let unknown_issuer = PostgresConfig { ca: None, ..trusted.clone() };
    assert!(connect(&cluster, &unknown_issuer).validate().is_err());

    let plain = PostgresConfig { host: "db.example".to_owned(), tls: TlsMode::Disable, ca: None, ..trusted };
    let refused = open(&system(), &plain, SecretString::from("x".to_owned())).err().unwrap();
    assert!(refused.to_string().contains("verify-full"), "{refused}");
}

#[test]
fn a_server_that_is_gone_is_an_error_and_not_an_empty_inventory() {
    let cluster = Cluster::start(&[]);
    cluster.sql("postgres", "CREATE ROLE ana LOGIN");
    let postgres = connect(&cluster, &config(&cluster));
    let page = postgres.list(GrantKind::Account, None).unwrap();
    let ana = page.grants.iter().find(|grant| grant.principal.name == "ana").unwrap().clone();
    drop(cluster);
    assert!(postgres.observe(&TargetQuery::removal(&ana)).unwrap_err().may_retry_read());
    assert!(postgres.list(GrantKind::Account, None).is_err());
    assert!(postgres.validate().is_err());
}
