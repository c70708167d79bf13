//! Paths that no access list of the object shows.

use super::{
    cases::{after, one},
    *,
};

#[test]
fn parameter_of_every_session_is_no_loss() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN; GRANT SET ON PARAMETER work_mem, log_statement TO svc_N") {
        one(
            &after(&story, AccessChange::Revoke {}, "svc_N", "SET ON PARAMETER work_mem"),
            "unknown: every session may set work_mem",
        );
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "SET ON PARAMETER log_statement"), [""; 0]);
    }
}

#[test]
fn default_tablespace_needs_no_privilege() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN; GRANT CREATE ON TABLESPACE pg_default TO svc_N") {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "CREATE ON TABLESPACE pg_default");
        one(&left, "unknown: the default tablespace of database");
    }
}

#[test]
fn privileges_on_a_sequence_overlap() {
    for story in Story::on_all(
        "CREATE SEQUENCE q; CREATE ROLE svc_N LOGIN; GRANT USAGE, UPDATE ON SEQUENCE q TO svc_N; CREATE ROLE far_N LOGIN;
         GRANT USAGE, SELECT ON SEQUENCE q TO far_N; CREATE ROLE only_N LOGIN; GRANT SELECT, UPDATE ON SEQUENCE q TO only_N",
    ) {
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "USAGE ON SEQUENCE"), "present: granted by super, by UPDATE, for nextval");
        assert_eq!(after(&story, AccessChange::Revoke {}, "far_N", "USAGE ON SEQUENCE"), [""; 0]);
        assert_eq!(after(&story, AccessChange::Revoke {}, "only_N", "UPDATE ON SEQUENCE"), [""; 0]);
    }
}

#[test]
fn broken_chain_of_options_is_no_path() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE mid_N; CREATE ROLE end_N; CREATE TABLE t (a int); GRANT SELECT ON t TO svc_N, end_N;
         GRANT mid_N TO svc_N; GRANT end_N TO mid_N",
    ) {
        if story.cluster.version() < 16 {
            continue;
        }
        story.sql("GRANT mid_N TO svc_N WITH SET FALSE; GRANT end_N TO mid_N WITH INHERIT FALSE");
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE"), [""; 0]);
        story.sql("GRANT SELECT ON t TO svc_N; GRANT mid_N TO svc_N WITH SET TRUE");
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE"), "present: member of mid");
        // The inherited ADMIN option is enough to grant oneself the role.
        story.sql("GRANT SELECT ON t TO svc_N; GRANT mid_N TO svc_N WITH SET FALSE; GRANT end_N TO mid_N WITH ADMIN TRUE, SET FALSE");
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE"), "present: member of mid");
        story.sql("SET SESSION AUTHORIZATION svc_N; GRANT end_N TO svc_N WITH INHERIT TRUE, SET TRUE; SELECT * FROM t");
    }
}

#[test]
fn replication_of_a_role_is_used_by_set_role() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE team_N REPLICATION; GRANT team_N TO svc_N; CREATE TABLE t (a int);
         GRANT SELECT ON t TO svc_N",
    ) {
        one(
            &after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE"),
            &story.text("unknown: member of team_N, by SET ROLE, REPLICATION"),
        );
    }
}

#[test]
fn server_programs_lead_to_every_attribute() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN BYPASSRLS; GRANT pg_execute_server_program TO svc_N") {
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "BYPASSRLS"), "member of pg_execute_server_program");
    }
}

#[test]
fn restrictive_policy_denies_until_the_member_leaves() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; CREATE TABLE t (a int); INSERT INTO t VALUES (1); GRANT SELECT ON t TO svc_N;
         ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON t USING (true);
         CREATE POLICY b ON t AS RESTRICTIVE TO team_N USING (false); GRANT team_N TO svc_N",
    ) {
        let rows = || {
            let mut client = story.cluster.client(&story.database);
            client.batch_execute(&story.text("SET ROLE svc_N")).unwrap();
            client.query("SELECT * FROM t", &[]).unwrap().len()
        };
        assert_eq!(rows(), 0);
        let grant = story.grant("svc_N", "role team_N");
        let plan = story.plan(AccessChange::Revoke {}, &grant);
        let error = story.apply(&plan).unwrap_err();
        assert_eq!(error.class(), "precondition-failed", "{error}");
        assert!(error.to_string().contains("restrictive policy b on public.t"), "{error}");
        assert_eq!(rows(), 0);
    }
}

#[test]
fn policy_for_another_role_shows_the_same_rows() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; CREATE TABLE t (a int); GRANT SELECT ON t TO svc_N;
         ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON t TO team_N USING (a > 1);
         CREATE POLICY b ON t TO svc_N USING (a > 0); GRANT team_N TO svc_N",
    ) {
        one(
            &after(&story, AccessChange::Revoke {}, "svc_N", "role team_N"),
            "unknown: row-level security policy b on public.t",
        );
    }
}

#[test]
fn column_right_given_on_by_the_table_right_is_foretold() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE bob_N; CREATE TABLE t (a int, b int); GRANT SELECT ON t TO svc_N WITH GRANT OPTION;
         SET ROLE svc_N; GRANT SELECT (a) ON t TO bob_N; RESET ROLE",
    ) {
        let grant = story.grant("svc_N", "SELECT ON TABLE");
        let refused = story.plan_change(&AccessChange::Revoke {}, &grant);
        let Err(UnsupportedChangeError::Harm { why, .. }) = refused else { panic!("{refused:?}") };
        assert!(why.contains(&story.text("bob_N")), "{why}");
    }
}

#[test]
fn kept_column_right_given_on_is_foretold() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE bob_N; CREATE TABLE t (a int, b int); GRANT SELECT ON t TO svc_N;
         GRANT SELECT (a) ON t TO svc_N WITH GRANT OPTION; SET ROLE svc_N; GRANT SELECT (a) ON t TO bob_N; RESET ROLE",
    ) {
        let grant = story.grant("svc_N", "SELECT ON TABLE");
        let refused = story.plan_change(&AccessChange::Revoke {}, &grant);
        assert!(matches!(refused, Err(UnsupportedChangeError::Harm { .. })), "{refused:?}");
    }
}

#[test]
fn engine_keeps_its_login_by_public() {
    for story in Story::on_all("CREATE ROLE engine_N LOGIN CREATEROLE PASSWORD 'test only'") {
        let engine = connector_to(story.cluster, &[&story.database], &story.text("engine_N"), "test only");
        let inventory = story.inventory();
        let wanted = format!("CONNECT ON DATABASE {}", story.database);
        let grant = inventory.grants().find(|it| it.entitlement.name == wanted && it.principal.id == "0").unwrap();
        let refused = engine.plan_change(&AccessChange::Revoke {}, grant, &inventory);
        assert!(matches!(refused, Err(UnsupportedChangeError::Harm { .. })), "{refused:?}");
    }
}

#[test]
fn right_in_a_database_that_is_not_read_is_unknown() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; GRANT team_N TO svc_N") {
        let other = story.text("other_N");
        story.cluster.sql("postgres", &format!("CREATE DATABASE {other}"));
        story.cluster.sql(&other, &story.text("CREATE TABLE u (a int); GRANT SELECT ON u TO team_N"));
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "role team_N"), [""; 0]);
        story.cluster.sql(&other, &story.text("GRANT SELECT ON u TO svc_N; GRANT team_N TO svc_N"));
        one(
            &after(&story, AccessChange::Revoke {}, "svc_N", "role team_N"),
            &format!("unknown: rights in database {other}"),
        );
    }
}

#[test]
fn role_with_the_name_of_public_is_distinct() {
    for cluster in CLUSTERS.iter() {
        let story = Story::on(cluster, "CREATE TABLE t (a int)");
        let mut client = cluster.client(&story.database);
        client.batch_execute("CREATE ROLE \"PUBLIC\" LOGIN; GRANT SELECT ON t TO \"PUBLIC\"").unwrap();
        let inventory = story.inventory();
        let grant = inventory.grants().find(|it| it.entitlement.name.starts_with("SELECT ON TABLE public.t ")).unwrap();
        let name = grant.principal.name.clone();
        let plan = story.plan(AccessChange::Revoke {}, grant);
        let applied = story.apply(&plan);
        client.batch_execute("DROP OWNED BY \"PUBLIC\"; DROP ROLE \"PUBLIC\"").unwrap();
        applied.unwrap();
        assert_ne!(name, "PUBLIC");
    }
}

#[test]
fn owner_of_the_template_is_a_path() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[])));
    let story = Story::on(
        cluster,
        "CREATE ROLE svc_N LOGIN NOINHERIT; CREATE ROLE dba_N; GRANT dba_N TO svc_N; ALTER DATABASE template1 OWNER TO dba_N;
         GRANT CREATE ON DATABASE template1 TO svc_N",
    );
    one(
        &after(&story, AccessChange::Revoke {}, "svc_N", "CREATE ON DATABASE template1"),
        &story.text("present: member of dba_N"),
    );
}

#[test]
fn system_column_and_odd_routines_are_revoked() {
    for story in Story::on_all(
        "CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; GRANT SELECT (ctid) ON t TO svc_N; CREATE SCHEMA \"Ünï \"\"q\";
         CREATE TYPE \"Ünï \"\"q\".\"T y\" AS ENUM ('x');
         CREATE PROCEDURE p(INOUT a int, OUT b text) LANGUAGE sql AS 'SELECT 1, ''1''';
         CREATE FUNCTION f(\"Ünï \"\"q\".\"T y\"[], VARIADIC \"char\"[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE AGGREGATE c(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
         REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA public FROM PUBLIC; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO svc_N",
    ) {
        for name in ["SELECT (ctid)", "EXECUTE ON ROUTINE public.p(", "EXECUTE ON ROUTINE public.f(", "EXECUTE ON ROUTINE public.c("] {
            assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", name), [""; 0], "{name}");
        }
    }
}

#[test]
fn column_right_without_a_grantor_is_revoked() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE bob_N; CREATE TABLE t (a int, b int); GRANT SELECT ON t TO svc_N WITH GRANT OPTION;
         SET ROLE svc_N; GRANT SELECT (a) ON t TO bob_N; RESET ROLE; REVOKE SELECT ON t FROM svc_N",
    ) {
        assert_eq!(after(&story, AccessChange::Revoke {}, "bob_N", "SELECT (a)"), [""; 0]);
        assert_eq!(story.ask("SELECT has_column_privilege('bob_N', 't', 'a', 'SELECT')"), "f");
        assert_eq!(story.ask("SELECT has_column_privilege('svc_N', 't', 'a', 'SELECT')"), "f");
    }
}

#[test]
fn limits_of_an_account_are_confirmed() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN PASSWORD 'test only'") {
        for (to, what) in [
            ("valid until 2099-01-01T00:00:00Z", "account"),
            ("connection limit 3", "account"),
            ("valid until 2098-01-01T00:00:00Z", "password"),
        ] {
            let plan = story.plan(reduce(to), &story.grant("svc_N", what));
            assert_eq!(story.permitted(&plan).len(), 1, "{to}");
            assert_eq!(after(&story, reduce(to), "svc_N", what), [""; 0], "{to}");
        }
    }
}

#[test]
fn replication_without_a_password_is_found() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[])));
    let story =
        Story::on(cluster, "CREATE ROLE svc_N LOGIN REPLICATION PASSWORD 'x'; CREATE ROLE far_N LOGIN PASSWORD 'x'");
    let hba = cluster.data().join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("host replication all 127.0.0.1/32 trust\n{rules}")).unwrap();
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    super::cases::wait_for(|| cluster.ask("postgres", "SELECT auth_method FROM pg_hba_file_rules LIMIT 1") == "trust");
    one(&after(&story, AccessChange::Disable {}, "svc_N", "password"), "present: pg_hba.conf line 1: trust");
    assert_eq!(after(&story, AccessChange::Disable {}, "far_N", "password"), [""; 0]);
}

#[test]
fn rejected_member_keeps_its_role() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[])));
    let story = Story::on(cluster, "CREATE ROLE svc_N LOGIN PASSWORD 'x'; CREATE ROLE team_N; GRANT team_N TO svc_N");
    let hba = cluster.data().join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, story.text(&format!("host all +team_N all reject\n{rules}"))).unwrap();
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    super::cases::wait_for(|| cluster.log_in("postgres", &story.text("svc_N"), "x").is_err());
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "role team_N"));
    let error = story.apply(&plan).unwrap_err();
    assert!(error.to_string().contains("rejects the logins of the role's members"), "{error}");
    assert!(cluster.log_in("postgres", &story.text("svc_N"), "x").is_err());
}

#[test]
fn database_owner_is_named_among_those_who_lose() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; ALTER DATABASE case_N OWNER TO svc_N; CREATE TABLE t (a int); GRANT SELECT ON t TO pg_database_owner",
    ) {
        let grant = story.grant("pg_database_owner", "SELECT ON TABLE");
        let plan = story.plan(AccessChange::Revoke {}, &grant);
        let svc = story.text("svc_N");
        assert!(plan.loses.iter().any(|loss| loss.principal == svc), "{:?}", plan.loses);
        let mut unnamed = plan.clone();
        unnamed.loses.retain(|loss| loss.principal != svc);
        let error = story.apply(&unnamed).unwrap_err();
        assert!(error.to_string().contains(&format!("{svc} would lose the access as well")), "{error}");
        story.apply(&plan).unwrap();
        assert!(!story.reads("svc_N", "t"));
    }
}

#[test]
fn event_trigger_that_grants_is_named() {
    for story in Story::on_all(
        "CREATE ROLE app_N; CREATE ROLE svc_N LOGIN; ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT SELECT ON TABLES TO svc_N;
         CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''Grant SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC''; END';
         CREATE EVENT TRIGGER share ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f()",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLES TO COME");
        one(&left, "unknown: event trigger share");
    }
}

#[test]
fn unchecked_large_objects_are_named() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&["lo_compat_privileges = on"])));
    let story = Story::on(
        cluster,
        "CREATE ROLE svc_N LOGIN; SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO svc_N",
    );
    one(&after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON LARGE OBJECT"), "unknown: lo_compat_privileges");
}
