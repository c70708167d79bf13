//! Tests of rejected changes: by the connector, by the server, or because the target differs from the plan.

use super::*;

#[test]
fn row_4_dependent_grants_prevent_the_change() {
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE lead_N LOGIN; CREATE ROLE svc_N LOGIN;
         GRANT SELECT ON t TO lead_N WITH GRANT OPTION",
    );
    let lead = story.grant("lead_N", "SELECT ON TABLE public.t");
    let plan = story.plan(AccessChange::Revoke {}, &lead);
    story.sql("SET ROLE lead_N; GRANT SELECT ON t TO svc_N; RESET ROLE");

    let error = story.apply(&plan).unwrap_err();
    assert_eq!(error.class(), "permanent");
    assert!(error.to_string().contains("SQLSTATE 2BP01"), "{error}");
    assert!(story.reads("lead_N", "t") && story.reads("svc_N", "t"), "no change was made");
    assert!(!story.paths(&lead).is_empty());

    let Err(UnsupportedChangeError::Harm { why, .. }) = story.plan_change(&AccessChange::Revoke {}, &lead) else {
        panic!("expected a rejection")
    };
    assert!(why.contains(&story.text("svc_N")), "{why}");
}

#[test]
fn row_6_absent_grant_is_reported_as_such() {
    let story = Story::new("CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; GRANT INSERT ON t TO svc_N");
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "INSERT"));
    story.sql("REVOKE INSERT ON t FROM svc_N");
    assert!(story.apply(&plan).unwrap().already);
    story.sql("DROP TABLE t");
    assert!(story.apply(&plan).unwrap().already);
    assert!(story.paths(&plan.grant).is_empty());
}

#[test]
fn row_14_reused_role_name_is_not_changed() {
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE team_N; CREATE ROLE svc_N LOGIN; GRANT team_N TO svc_N; GRANT SELECT ON t TO svc_N",
    );
    let privilege = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    let member = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "role team_N"));
    let account = story.plan(AccessChange::Disable {}, &story.grant("svc_N", "account"));
    story.sql(
        "ALTER ROLE svc_N RENAME TO old_N; CREATE ROLE svc_N LOGIN; GRANT team_N TO svc_N; GRANT SELECT ON t TO svc_N",
    );
    for plan in [&privilege, &member, &account] {
        let error = story.apply(plan).unwrap_err();
        assert_eq!(error.class(), "precondition-failed", "{error}");
        assert!(error.to_string().contains(&story.text("old_N")), "{error}");
    }
    assert!(story.reads("svc_N", "t"));
    assert_eq!(
        story.ask(
            "SELECT pg_has_role('svc_N', 'team_N', 'MEMBER') AND rolcanlogin FROM pg_roles WHERE rolname = 'svc_N'"
        ),
        "t"
    );
    assert!(!story.paths(&privilege.grant).is_empty(), "the reviewed role is still found by its oid");

    // Planned again, the same grant is revoked from the same role under its new name.
    story.revoke("old_N", "SELECT ON TABLE");
    assert!(!story.reads("old_N", "t") && story.reads("svc_N", "t"));
}

#[test]
fn reused_table_name_is_not_changed() {
    let story = Story::new("CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO svc_N");
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    story.sql("ALTER TABLE t RENAME TO old; CREATE TABLE t (a int); GRANT SELECT ON t TO svc_N");
    assert_eq!(story.apply(&plan).unwrap_err().class(), "precondition-failed");
    assert!(story.reads("svc_N", "t") && story.reads("svc_N", "old"));
}

#[test]
fn grant_that_gained_access_since_review_is_not_changed() {
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; GRANT team_N TO svc_N;
         GRANT SELECT ON t TO svc_N, team_N",
    );
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    story.sql("GRANT SELECT ON t TO PUBLIC");
    let error = story.apply(&plan).unwrap_err();
    assert!(error.to_string().contains("changed since its review: its paths"), "{error}");
    story.sql("REVOKE SELECT ON t FROM PUBLIC, team_N");
    assert!(!story.apply(&plan).unwrap().already, "another path was removed in between, which is harmless");
    assert!(story.paths(&plan.grant).is_empty());
}

#[test]
fn missing_right_of_the_engine_is_forbidden() {
    let story = Story::new(
        "CREATE ROLE engine_N LOGIN PASSWORD 'test only'; GRANT SELECT ON pg_authid TO engine_N;
         CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN SUPERUSER; GRANT SELECT ON t TO svc_N",
    );
    let engine = connector(&[&story.database], &story.text("engine_N"), "test only");
    let account = story.plan(AccessChange::Disable {}, &story.grant("svc_N", "account"));
    let error = apply_by(&engine, &account, &story.vault).unwrap_err();
    assert_eq!(error.class(), "forbidden", "{error}");
    assert!(error.to_string().contains("42501"), "{error}");
    assert_eq!(story.ask("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'svc_N'"), "t");

    let privilege = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    assert_eq!(apply_by(&engine, &privilege, &story.vault).unwrap_err().class(), "forbidden");
    assert!(story.observe(&privilege.grant).grant.is_some());
    let (own, all) =
        (engine.observe(&TargetQuery::removal(&privilege.grant)).unwrap(), story.observe(&privilege.grant));
    let paths = |seen: &GrantObservation| seen.access.as_ref().unwrap().paths.clone();
    assert_eq!((&own.grant, paths(&own)), (&all.grant, paths(&all)), "reading needs no further rights");
}

#[test]
fn unreadable_passwords_are_unknown_not_absent() {
    let story =
        Story::new("CREATE ROLE reader_N LOGIN PASSWORD 'test only'; CREATE ROLE svc_N LOGIN PASSWORD 'another'");
    let password = story.grant("svc_N", "password");
    let reader = connector(&[&story.database], &story.text("reader_N"), "test only");
    assert!(reader.observe(&TargetQuery::removal(&password)).unwrap().access.is_err());
    assert_eq!(reader.list(GrantKind::Credential, None).unwrap_err().class(), "forbidden");
    let spots = reader.validate().unwrap().blind_spots;
    assert!(spots.iter().any(|spot| spot.contains("pg_authid")), "{spots:?}");
    assert!(spots.iter().any(|spot| spot.contains("database postgres")), "{spots:?}");
    let wrong = connector(&[&story.database], &story.text("reader_N"), "not it");
    assert_eq!(wrong.observe(&TargetQuery::removal(&password)).unwrap_err().class(), "unauthenticated");
}

#[test]
fn role_that_owns_objects_is_not_dropped() {
    let story = Story::new("CREATE ROLE svc_N LOGIN");
    CLUSTER.sql("postgres", &story.text("CREATE DATABASE other_N"));
    CLUSTER.sql(&story.text("other_N"), &story.text("CREATE TABLE kept (a int); ALTER TABLE kept OWNER TO svc_N"));
    let account = story.grant("svc_N", "account");
    // The other database is not read: its owned objects are known nevertheless.
    let Err(UnsupportedChangeError::Harm { why, .. }) = story.plan_change(&AccessChange::Revoke {}, &account) else {
        panic!("it owns a table")
    };
    assert!(why.contains(&story.text("other_N")), "{why}");

    let both = connector(&[&story.database, &story.text("other_N")], "super", CLUSTER.password());
    let refusal = both.plan_change(&AccessChange::Revoke {}, &account, &inventory_of(&both)).unwrap_err();
    assert!(refusal.to_string().contains("TABLE public.kept"), "{refusal}");
}

#[test]
fn role_with_members_or_grants_is_not_dropped() {
    let story = Story::new(
        "CREATE ROLE team_N; CREATE ROLE svc_N LOGIN; GRANT team_N TO svc_N; CREATE TABLE t (a int);
         CREATE ROLE lead_N; GRANT SELECT ON t TO lead_N WITH GRANT OPTION; SET ROLE lead_N; GRANT SELECT ON t TO svc_N",
    );
    for (role, named) in [("team_N", "svc_N"), ("lead_N", "svc_N")] {
        let account = story.grant(role, "account");
        let Err(UnsupportedChangeError::Harm { why, .. }) = story.plan_change(&AccessChange::Revoke {}, &account)
        else {
            panic!("{role}")
        };
        assert!(why.contains(&story.text(named)), "{why}");
    }
}

#[test]
fn object_created_after_planning_prevents_the_drop() {
    let story = Story::new("CREATE ROLE svc_N LOGIN; CREATE TABLE t (a int); GRANT SELECT ON t TO svc_N");
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "account"));
    story.sql("CREATE TABLE mine (a int); ALTER TABLE mine OWNER TO svc_N");
    let error = story.apply(&plan).unwrap_err();
    assert_eq!(error.class(), "precondition-failed", "{error}");
    assert!(story.reads("svc_N", "t"));
    assert_eq!(story.ask("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'svc_N'"), "t");
}

#[test]
fn engine_does_not_lock_itself_out() {
    let story = Story::new("CREATE ROLE svc_N LOGIN");
    let own = story.grant("super", "account");
    for change in [AccessChange::Disable {}, AccessChange::Revoke {}] {
        assert!(matches!(story.plan_change(&change, &own), Err(UnsupportedChangeError::Harm { .. })), "{change}");
    }
    assert!(matches!(story.plan_change(&AccessChange::Rotate {}, &own), Err(UnsupportedChangeError::Harm { .. })));
}
