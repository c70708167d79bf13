//! Tests of each verdict: execution and verification.

use super::*;
use crate::{connector::UnconfiguredSink, model::ExpectedState};

#[test]
fn role_is_dropped_with_its_privileges_in_every_database() {
    let story = Story::new(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; GRANT team_N TO svc_N; CREATE TABLE t (a int);
         GRANT SELECT, INSERT ON t TO svc_N; GRANT CONNECT ON DATABASE case_N TO svc_N;
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO svc_N;
         ALTER DEFAULT PRIVILEGES FOR ROLE svc_N GRANT SELECT ON TABLES TO team_N;
         CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION f TO svc_N;
         CREATE SEQUENCE s; GRANT USAGE ON SEQUENCE s TO svc_N; CREATE TYPE mood AS ENUM ('ok');
         GRANT USAGE ON TYPE mood TO svc_N; GRANT USAGE ON SCHEMA public TO svc_N; SELECT lo_create(4711);
         GRANT SELECT ON LARGE OBJECT 4711 TO svc_N; GRANT USAGE ON LANGUAGE plpgsql TO svc_N;
         GRANT SET ON PARAMETER log_statement TO svc_N; CREATE FOREIGN DATA WRAPPER w;
         CREATE SERVER far FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN SERVER far TO svc_N;
         GRANT USAGE ON FOREIGN DATA WRAPPER w TO svc_N; GRANT CREATE ON TABLESPACE pg_default TO svc_N",
    );
    let other = story.text("other_N");
    CLUSTER.sql("postgres", &format!("CREATE DATABASE {other}"));
    CLUSTER.sql(&other, &story.text("CREATE TABLE u (a int); GRANT SELECT (a) ON u TO svc_N"));
    let both = connector(&[&story.database, &other], "super", CLUSTER.password());
    let inventory = inventory_of(&both);
    let name = story.text("svc_N");
    let account = inventory.grants().find(|it| it.kind == GrantKind::Account && it.principal.name == name).unwrap();
    let draft = both.plan_change(&AccessChange::Revoke {}, account, &inventory).unwrap();
    assert_eq!(draft.operations.len(), 2 + 16 + 2 + 1, "{:#?}", draft.operations);
    assert_eq!(draft.operations.last().unwrap().text, format!("DROP ROLE \"{name}\""));
    let plan = planned(AccessChange::Revoke {}, account, draft);
    assert!(plan.loses.iter().any(|loss| loss.entitlement == story.text("role team_N")), "{:?}", plan.loses);
    apply_by(&both, &plan, &story.vault).unwrap();
    assert!(both.observe(&TargetQuery::removal(account)).unwrap().is_absent());
    assert_eq!(story.ask("SELECT count(*) FROM pg_roles WHERE rolname = 'svc_N'"), "0");
    assert!(apply_by(&both, &plan, &story.vault).unwrap().already, "the second run makes no change");
}

#[test]
fn disabled_account_can_be_restored() {
    let story = Story::new("CREATE ROLE svc_N LOGIN PASSWORD 'test only'");
    let account = story.grant("svc_N", "account");
    let plan = story.plan(AccessChange::Disable {}, &account);
    let mut session = CLUSTER.log_in("postgres", &story.text("svc_N"), "test only").unwrap();
    let receipt = story.apply(&plan).unwrap();
    assert!(receipt.text.contains("1 sessions ended"), "{receipt:?}");
    assert!(session.simple_query("SELECT 1").is_err());
    let refused = CLUSTER.log_in("postgres", &story.text("svc_N"), "test only").err().unwrap();
    assert_eq!(refused.code().map(|code| code.code()), Some("28P01"), "it has expired as well: {refused:?}");
    let undo = story.postgres.compensate(&Action::new(plan)).unwrap();
    story.sql(&undo[0].text);
    assert!(CLUSTER.log_in("postgres", &story.text("svc_N"), "test only").is_ok());
}

#[test]
fn rotated_password_is_stored_verified_and_never_printed() {
    let story = Story::new("CREATE ROLE svc_N LOGIN PASSWORD 'the old one'");
    let password = story.grant("svc_N", "password");
    let plan = story.plan(AccessChange::Rotate {}, &password);
    assert_eq!(plan.expects, ExpectedState::Replaced);
    assert!(sql_of(&plan)[0].contains("SCRAM-SHA-256 verifier of"), "{:?}", sql_of(&plan));

    let nowhere = apply_by(&story.postgres, &plan, &UnconfiguredSink).unwrap_err();
    assert_eq!(nowhere.class(), "precondition-failed");
    assert!(CLUSTER.log_in("postgres", &story.text("svc_N"), "the old one").is_ok(), "no sink, no change");

    let receipt = story.apply(&plan).unwrap();
    let (label, secret) = story.vault.0.lock().unwrap()[0].clone();
    assert!(label.contains(&story.text("svc_N")));
    assert!(CLUSTER.log_in("postgres", &story.text("svc_N"), &secret).is_ok());
    let old = CLUSTER.log_in("postgres", &story.text("svc_N"), "the old one").err().unwrap();
    assert_eq!(old.code().map(|code| code.code()), Some("28P01"));
    assert!(receipt.text.contains("one with a wrong password was refused"), "{receipt:?}");
    assert!(!format!("{receipt:?}").contains(&secret));

    assert!(story.observe(&password).is_absent(), "the old password is gone");
    let new = story.grant("svc_N", "password");
    assert_eq!(receipt.successor.as_ref(), Some(&new.key));
    assert!(story.apply(&plan).unwrap().already, "the second run makes no change");
    let stored = story.ask("SELECT rolpassword FROM pg_authid WHERE rolname = 'svc_N'");
    assert!(!format!("{new:?}").contains(&stored[..40]), "the verifier is not in the inventory");
}

#[test]
fn password_is_removed() {
    let story = Story::new("CREATE ROLE svc_N LOGIN PASSWORD 'the old one'");
    let password = story.revoke("svc_N", "password");
    assert!(story.paths(&password).is_empty());
    assert!(CLUSTER.log_in("postgres", &story.text("svc_N"), "the old one").is_err());
}

#[test]
fn grant_options_and_limits_are_reduced() {
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; GRANT team_N TO svc_N WITH ADMIN OPTION;
         GRANT SELECT ON t TO svc_N WITH GRANT OPTION",
    );
    for (entitlement, to, name, left) in [
        ("role team_N", "without admin", "admin", "no"),
        ("SELECT ON TABLE", "without grant option", "grantable", "no"),
        ("account", "connection limit 3", "connection-limit", "3"),
        ("account", "valid until 2027-01-31T00:00:00Z", "valid-until", "2027-01-31T00:00:00Z"),
    ] {
        let grant = story.grant("svc_N", entitlement);
        let plan = story.plan(reduce(to), &grant);
        story.apply(&plan).unwrap();
        let now = story.observe(&grant).grant.unwrap();
        assert_eq!(now.attribute(name), Some(left), "{to}");
        assert!(story.apply(&plan).unwrap().already, "{to}");
        let undo = story.postgres.compensate(&Action::new(plan)).unwrap();
        story.sql(&undo.iter().map(|operation| operation.text.as_str()).collect::<Vec<_>>().join(";"));
        assert_eq!(story.observe(&grant).grant.unwrap().attributes, grant.attributes, "{to}: {undo:?}");
    }
    assert!(story.reads("svc_N", "t"));
    let nonsense = story.plan_change(&reduce("less"), &story.grant("svc_N", "SELECT ON TABLE"));
    assert!(matches!(nonsense, Err(UnsupportedChangeError::Unsupported { .. })));
}

#[test]
fn hostile_names_are_quoted() {
    let hostile = "x\"\"; DROP ROLE super; -- IN DATABASE y";
    let story = Story::new(&format!(
        "CREATE ROLE \"{hostile} N\" LOGIN; CREATE SCHEMA \"{hostile}\"; CREATE TABLE \"{hostile}\".\"{hostile}\" (\"a,b\" int);
         GRANT SELECT (\"a,b\"), INSERT ON \"{hostile}\".\"{hostile}\" TO \"{hostile} N\""
    ));
    let role = format!("{} N", hostile.replace("\"\"", "\""));
    for entitlement in ["SELECT (", "INSERT ON"] {
        let inventory = story.inventory();
        let grant = inventory
            .grants()
            .find(|grant| grant.principal.name == role && grant.entitlement.name.starts_with(entitlement))
            .unwrap();
        story.apply(&story.plan(AccessChange::Revoke {}, grant)).unwrap();
        assert!(story.paths(grant).is_empty());
    }
    let account = story.grant(&role, "account");
    story.apply(&story.plan(AccessChange::Revoke {}, &account)).unwrap();
    assert_eq!(story.ask("SELECT count(*) FROM pg_roles WHERE rolname = 'super'"), "1");
}

#[test]
fn role_membership_lists_its_contents() {
    let story = Story::new(
        "CREATE TABLE t (a int); CREATE ROLE deep_N; CREATE ROLE team_N; CREATE ROLE svc_N LOGIN; GRANT deep_N TO team_N;
         GRANT team_N TO svc_N; GRANT SELECT ON t TO deep_N",
    );
    let member = story.grant("svc_N", "role team_N");
    let hidden: Vec<&str> = member.expands_to.iter().map(|given| given.name.as_str()).collect();
    assert!(hidden.contains(&story.text("SELECT ON TABLE public.t IN DATABASE case_N").as_str()), "{hidden:?}");
    assert!(hidden.contains(&story.text("role deep_N").as_str()), "{hidden:?}");
    assert_eq!(story.observe(&member).grant.as_ref(), Some(&member), "listing and observation agree");
    story.sql("GRANT INSERT ON t TO team_N");
    assert_ne!(story.observe(&member).grant.unwrap().digest(), member.digest(), "more contents: to be reviewed again");
}

#[test]
fn action_needs_few_calls() {
    let story = Story::new("CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO svc_N");
    let plan = story.plan(AccessChange::Revoke {}, &story.grant("svc_N", "SELECT ON TABLE"));
    let before = story.postgres.calls();
    story.apply(&plan).unwrap();
    assert!(story.postgres.calls() - before <= 4, "{}", story.postgres.calls() - before);
    let before = story.postgres.calls();
    assert!(story.paths(&plan.grant).is_empty());
    assert_eq!(story.postgres.calls() - before, 2, "the lists, and the objects that lead to the table");
}
