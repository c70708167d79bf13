//! Tests of access that remains after a successful change: the remaining path is reported.

use super::*;
use crate::model::ExpectedState;

const TABLE: &str = "CREATE TABLE t (a int, b int); CREATE ROLE svc_N LOGIN;";

#[test]
fn row_1_access_through_a_role_is_reported() {
    let story =
        Story::new(&format!("{TABLE} CREATE ROLE team_N; GRANT SELECT ON t TO team_N, svc_N; GRANT team_N TO svc_N"));
    let grant = story.grant("svc_N", "SELECT ON TABLE public.t");
    let plan = story.plan(AccessChange::Revoke {}, &grant);
    assert_eq!(
        texts(&plan.survives),
        [story.text("member of team_N, granted by super")],
        "the plan lists the remaining path"
    );
    assert!(plan.loses.is_empty(), "no principal loses access");
    story.apply(&plan).unwrap();
    assert!(story.reads("svc_N", "t"));
    assert_eq!(story.paths(&grant), [story.text("member of team_N, granted by super")]);
    assert_eq!(story.observe(&grant).grant, None, "the grant itself is removed");

    let member = story.revoke("svc_N", "role team_N");
    assert!(story.paths(&member).is_empty() && story.paths(&grant).is_empty());
    assert!(!story.reads("svc_N", "t"));
}

#[test]
fn row_2_access_through_public_is_reported() {
    let story = Story::new(&format!("{TABLE} GRANT SELECT ON t TO PUBLIC, svc_N"));
    let grant = story.revoke("svc_N", "SELECT ON TABLE public.t");
    assert_eq!(story.paths(&grant), ["granted to PUBLIC by super"]);
    story.revoke("PUBLIC", "SELECT ON TABLE public.t");
    assert!(story.paths(&grant).is_empty() && !story.reads("svc_N", "t"));
}

#[test]
fn row_5_column_privilege_is_a_separate_grant() {
    let story = Story::new(&format!("{TABLE} GRANT SELECT (a) ON t TO svc_N; GRANT SELECT (b) ON t TO svc_N"));
    let column = story.revoke("svc_N", "SELECT (a) ON TABLE public.t");
    assert!(story.paths(&column).is_empty());
    assert_eq!(story.ask("SELECT has_column_privilege('svc_N', 't', 'b', 'SELECT')"), "t", "the other one remains");

    story.sql("GRANT SELECT ON t TO svc_N");
    let column = story.grant("svc_N", "SELECT (b) ON TABLE public.t");
    let plan = story.plan(AccessChange::Revoke {}, &column);
    assert_eq!(texts(&plan.survives), ["granted by super, on TABLE public.t"], "a column is covered by its table");
    let table = story.grant("svc_N", "SELECT ON TABLE public.t");
    let plan = story.plan(AccessChange::Revoke {}, &table);
    assert_eq!(plan.survives.len(), 1, "the column was not decided: {:?}", plan.survives);
    story.apply(&plan).unwrap();
    assert_eq!(story.paths(&table), ["granted by super, on column b, for column b"]);
    assert_eq!(story.paths(&column), ["granted by super"]);
}

#[test]
fn row_8_superuser_keeps_all_access() {
    let story = Story::new(
        "CREATE ROLE svc_N LOGIN SUPERUSER; CREATE ROLE team_N; GRANT team_N TO svc_N; CREATE TABLE t ();
         GRANT SELECT ON t TO svc_N",
    );
    let member = story.revoke("svc_N", "role team_N");
    assert_eq!(story.paths(&member), ["a superuser"]);
    let table = story.revoke("svc_N", "SELECT ON TABLE public.t");
    assert_eq!(story.paths(&table), ["a superuser"]);
    let attribute = story.revoke("svc_N", "SUPERUSER");
    for gone in [&member, &table, &attribute] {
        assert!(story.paths(gone).is_empty(), "{}", gone.key);
    }
}

#[test]
fn row_12_member_without_inherit_can_set_role() {
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN NOINHERIT; CREATE ROLE team_N; GRANT team_N TO svc_N;
         GRANT SELECT ON t TO team_N, svc_N",
    );
    let grant = story.revoke("svc_N", "SELECT ON TABLE public.t");
    assert!(!story.reads("svc_N", "t"), "has_table_privilege returns false");
    story.sql("SET ROLE svc_N; SET ROLE team_N; SELECT * FROM t");
    assert_eq!(story.paths(&grant), [story.text("member of team_N, by SET ROLE, granted by super")]);
}

#[test]
fn row_16_open_session_is_ended_by_disable() {
    let story = Story::new("CREATE ROLE svc_N LOGIN PASSWORD 'test only'");
    let mut session = CLUSTER.log_in(&story.database, &story.text("svc_N"), "test only").unwrap();
    let account = story.grant("svc_N", "account");
    let plan = story.plan(AccessChange::Disable {}, &account);
    assert!(plan.irreversible.as_deref().is_some_and(|text| text.contains("sessions")));

    story.sql("ALTER ROLE svc_N NOLOGIN VALID UNTIL '-infinity'");
    assert!(session.simple_query("SELECT 1").is_ok());
    assert!(!story.observe(&account).access.unwrap().lingering.is_empty());

    let receipt = story.apply(&plan).unwrap();
    assert!(receipt.already && receipt.text.contains("1 sessions ended"), "{receipt:?}");
    assert!(session.simple_query("SELECT 1").is_err());
    let ExpectedState::Shows(wanted) = &plan.expects else { panic!("{:?}", plan.expects) };
    let now = story.observe(&account);
    assert!(!now.access.as_ref().unwrap().paths.is_empty(), "the record is kept: {:?}", now.access);
    assert!(wanted.iter().all(|(name, value)| now.grant.as_ref().unwrap().attribute(name) == Some(value)));
}

#[test]
fn privilege_from_two_grantors_is_two_grants() {
    let story = Story::new(&format!(
        "{TABLE} CREATE ROLE lead_N; GRANT SELECT ON t TO lead_N WITH GRANT OPTION; GRANT SELECT ON t TO svc_N;
         SET ROLE lead_N; GRANT SELECT ON t TO svc_N; RESET ROLE"
    ));
    let inventory = story.inventory();
    let svc = story.text("svc_N");
    let both: Vec<Grant> = inventory
        .grants()
        .filter(|grant| grant.principal.name == svc && grant.entitlement.name.starts_with("SELECT ON TABLE"))
        .cloned()
        .collect();
    assert_eq!(both.len(), 2);
    let by = |who: &str| both.iter().find(|grant| grant.paths[0].text.ends_with(&story.text(who))).unwrap();
    story.apply(&story.plan(AccessChange::Revoke {}, by("super"))).unwrap();
    assert_eq!(story.paths(by("super")), [story.text("granted by lead_N")]);

    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    let lead = story.text("SET LOCAL ROLE \"lead_N\"");
    let revoke = story.text("REVOKE SELECT ON TABLE public.t FROM \"svc_N\"");
    assert_eq!(sql_of(&plan), [lead.as_str(), revoke.as_str(), "RESET ROLE"]);
    story.apply(&plan).unwrap();
    assert!(story.paths(by("lead_N")).is_empty() && !story.reads("svc_N", "t"));
}

#[test]
fn ownership_and_predefined_roles_are_paths() {
    let story = Story::new(&format!(
        "{TABLE} CREATE ROLE owners_N; ALTER TABLE t OWNER TO owners_N; GRANT SELECT ON t TO svc_N;
         GRANT owners_N, pg_read_all_data TO svc_N"
    ));
    let grant = story.revoke("svc_N", "SELECT ON TABLE public.t");
    let paths = story.paths(&grant);
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths.contains(&story.text("member of owners_N, which owns it")));
    assert!(paths.contains(&"member of pg_read_all_data, which has it everywhere".to_owned()));
}

#[test]
fn default_privileges_are_grants() {
    let story = Story::new(
        "CREATE ROLE app_N; CREATE ROLE svc_N LOGIN; CREATE SCHEMA \"Odd BY name\";
         ALTER DEFAULT PRIVILEGES FOR ROLE app_N IN SCHEMA \"Odd BY name\" GRANT SELECT ON TABLES TO svc_N",
    );
    let grant = story.grant("svc_N", "SELECT ON TABLES TO COME");
    let plan = story.plan(AccessChange::Revoke {}, &grant);
    let sql = story.text(
        "ALTER DEFAULT PRIVILEGES FOR ROLE \"app_N\" IN SCHEMA \"Odd BY name\" REVOKE SELECT ON TABLES FROM \"svc_N\"",
    );
    assert_eq!(sql_of(&plan), [sql.as_str()]);
    story.apply(&plan).unwrap();
    assert!(story.paths(&grant).is_empty());
    story.sql(
        "GRANT CREATE, USAGE ON SCHEMA \"Odd BY name\" TO app_N; SET ROLE app_N; CREATE TABLE \"Odd BY name\".t ()",
    );
    assert!(!story.reads("svc_N", "\"Odd BY name\".t"));
}
