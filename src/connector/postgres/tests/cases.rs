//! Small cases in which access remains, more is taken than decided, or one object stops a server; on each version.

use super::*;
use crate::model::{Overlap, SurvivalKind, survival};

/// Makes a change, and returns what is left with the verdict on each path, sessions and permitted requests.
pub(super) fn after(story: &Story, change: AccessChange, principal: &str, entitlement: &str) -> Vec<String> {
    let grant = story.grant(principal, entitlement);
    let plan = story.plan(change, &grant);
    let permitted = story.permitted(&plan);
    story.apply(&plan).unwrap();
    verdicts(story, &plan, &permitted)
}

pub(super) fn verdicts(story: &Story, plan: &ActionSpec, permitted: &[Witness]) -> Vec<String> {
    let left = story.left(plan, permitted);
    let mut words: Vec<String> = left
        .paths
        .iter()
        .map(|path| match survival(path, plan.grant.tier, false) {
            SurvivalKind::Left => format!("left: {path}"),
            SurvivalKind::StillPresent => format!("present: {path}"),
            SurvivalKind::Kept | SurvivalKind::Unknown => format!("unknown: {path}"),
        })
        .collect();
    words.extend(left.lingering.iter().map(|text| format!("lingering: {text}")));
    let allowed = left.answers.into_iter().filter(|it| matches!(it.answer, Answer::Allowed(_)));
    let explained = |witness: &Witness| left.paths.iter().any(|path| path.allows.contains(witness));
    words.extend(allowed.map(|it| it.witness).filter(|it| !explained(it)).map(|it| format!("unexplained: {it}")));
    words
}

#[track_caller]
pub(super) fn one(words: &[String], wanted: &str) {
    assert!(words.iter().any(|word| word.contains(wanted)), "{wanted} in {words:#?}");
}

#[test]
fn h1_catalog_object_is_still_granted_to_public() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN; GRANT SELECT ON pg_catalog.pg_stat_database TO svc_N") {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE pg_catalog.pg_stat_database");
        one(&left, "present: granted to PUBLIC by super");
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn h2_database_owner_owns_the_schema_public() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; ALTER DATABASE case_N OWNER TO svc_N; GRANT CREATE ON SCHEMA public TO svc_N;
         CREATE ROLE team_N; GRANT CREATE ON SCHEMA public TO team_N; GRANT team_N TO svc_N",
    ) {
        let team = after(&story, AccessChange::Revoke {}, "svc_N", "role team_N");
        one(&team, "present");
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "CREATE ON SCHEMA public");
        one(&left, "present: owner of the database, thus pg_database_owner, which owns it");
    }
}

#[test]
fn h3_objects_to_come_are_reached_by_other_ways() {
    for story in Story::on_all(
        "CREATE ROLE app_N; CREATE ROLE svc_N LOGIN; GRANT CREATE ON SCHEMA public TO app_N;
         ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT EXECUTE ON FUNCTIONS TO svc_N;
         ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT SELECT ON TABLES TO svc_N;
         ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT USAGE ON SEQUENCES TO svc_N",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "EXECUTE ON ROUTINES TO COME");
        one(&left, "present: PUBLIC, by the built-in default");
        story.sql("GRANT pg_read_all_data TO svc_N");
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLES TO COME");
        one(&left, "present: member of pg_read_all_data");
        story.sql("REVOKE pg_read_all_data FROM svc_N; GRANT app_N TO svc_N");
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "USAGE ON SEQUENCES TO COME");
        one(&left, &story.text("present: member of app_N, on future objects that it owns"));
        story.sql("ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT USAGE ON SEQUENCES TO svc_N; REVOKE app_N FROM svc_N");
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "USAGE ON SEQUENCES TO COME"), [""; 0]);
        story.sql(
            "ALTER DEFAULT PRIVILEGES FOR ROLE app_N REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
                   ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT EXECUTE ON FUNCTIONS TO svc_N",
        );
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "EXECUTE ON ROUTINES TO COME"), [""; 0]);
    }
}

#[test]
fn h3_probe_asks_about_objects_to_come() {
    for story in Story::on_all(
        "CREATE ROLE app_N; CREATE ROLE svc_N LOGIN; CREATE ROLE engine_N LOGIN PASSWORD 'test only';
         GRANT CREATE ON SCHEMA public TO app_N; ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT SELECT ON TABLES TO svc_N",
    ) {
        let grant = story.grant("svc_N", "SELECT ON TABLES TO COME");
        let plan = story.plan(AccessChange::Revoke {}, &grant);
        let permitted = story.permitted(&plan);
        assert_eq!(permitted.len(), 1);
        let engine = connector_to(story.cluster, &[&story.database], &story.text("engine_N"), "test only");
        let asked = TargetQuery::about(&plan).asking(WitnessQuery::Ask(&permitted));
        let answers = engine.observe(&asked).unwrap().access.unwrap().answers;
        assert!(matches!(answers[0].answer, Answer::CannotAsk(_)), "it may not become app: {answers:?}");
        story.apply(&plan).unwrap();
        assert_eq!(story.left(&plan, &permitted).answers[0].answer, Answer::Denied);
        assert_eq!(story.ask("SELECT count(*) FROM pg_class WHERE relname = 'tenure_probe'"), "0");
    }
}

#[test]
fn h4_second_grantor_keeps_the_option() {
    for story in Story::on_all(
        "CREATE TABLE t (a int); CREATE ROLE lead_N; CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO lead_N WITH GRANT OPTION;
         GRANT SELECT ON t TO svc_N WITH GRANT OPTION; SET ROLE lead_N; GRANT SELECT ON t TO svc_N WITH GRANT OPTION",
    ) {
        let inventory = story.inventory();
        let own = |grant: &&Grant| {
            grant.principal.name == story.text("svc_N") && grant.attribute("granted-by") == Some("owner")
                && grant.entitlement.name.starts_with("SELECT ON TABLE")
        };
        let grant = inventory.grants().find(own).unwrap();
        let plan = story.plan(reduce("without grant option"), grant);
        assert_eq!(plan.survives.len(), 1, "{:?}", plan.survives);
        story.apply(&plan).unwrap();
        one(&verdicts(&story, &plan, &[]), &story.text("present: granted by lead_N"));
    }
    for story in Story::on_all(
        "CREATE ROLE team_N; CREATE ROLE lead_N; CREATE ROLE svc_N LOGIN; GRANT team_N TO lead_N WITH ADMIN OPTION;
         GRANT team_N TO svc_N WITH ADMIN OPTION",
    ) {
        if story.cluster.version() < 16 {
            continue;
        }
        story.sql("GRANT team_N TO svc_N WITH ADMIN OPTION, INHERIT TRUE, SET TRUE GRANTED BY lead_N");
        for (to, name) in [("without inherit", "inherit"), ("without set", "set"), ("without admin", "admin")] {
            let inventory = story.inventory();
            let own = |grant: &&Grant| {
                grant.principal.name == story.text("svc_N")
                    && grant.key.as_str().ends_with("/10")
                    && grant.entitlement.name == story.text("role team_N")
            };
            let grant = inventory.grants().find(own).unwrap();
            let plan = story.plan(reduce(to), grant);
            let others = plan.survives.iter().filter(|path| path.grant.is_some()).count();
            assert_eq!(others, 1, "{name}: {:?}", plan.survives);
            let permitted = story.permitted(&plan);
            assert!(!permitted.is_empty(), "{name}");
            story.apply(&plan).unwrap();
            let left = verdicts(&story, &plan, &permitted);
            assert!(left.iter().any(|word| word.starts_with("present")), "{name}: {left:?}");
        }
    }
}

#[test]
fn h5_session_may_still_act_as_the_role() {
    for story in Story::on_all(
        "CREATE ROLE boss_N LOGIN SUPERUSER PASSWORD 'test only'; CREATE ROLE team_N; CREATE TABLE t (a int);
         CREATE ROLE svc_N LOGIN PASSWORD 'test only'; GRANT team_N TO svc_N; GRANT SELECT ON t TO team_N",
    ) {
        let _boss = story.cluster.log_in(&story.database, &story.text("boss_N"), "test only").unwrap();
        let left = after(&story, AccessChange::Revoke {}, "boss_N", "SUPERUSER");
        one(&left, &story.text("lingering: 1 open sessions of boss_N"));
        let mut session = story.cluster.log_in(&story.database, &story.text("svc_N"), "test only").unwrap();
        session.batch_execute(&story.text("SET ROLE team_N")).unwrap();
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "role team_N");
        assert_eq!(left, [story.text("lingering: 1 open sessions, which may have assumed role team_N")]);
        session.simple_query("SELECT * FROM t").unwrap();
        drop(session);
        story.sql("GRANT team_N TO svc_N");
        wait_for(|| story.ask("SELECT count(*) FROM pg_stat_activity WHERE usename = 'svc_N'") == "0");
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "role team_N"), [""; 0]);
    }
}

pub(super) fn wait_for(mut done: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !done() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn membership_is_compared_by_what_it_gives() {
    for story in Story::on_all(
        "CREATE TABLE t (a int, b int); CREATE TABLE u (a int); CREATE ROLE deep_N; CREATE ROLE team_N; CREATE ROLE other_N;
         CREATE ROLE svc_N LOGIN; GRANT deep_N TO team_N; GRANT SELECT ON t TO deep_N; GRANT SELECT ON u TO team_N;
         GRANT team_N, other_N TO svc_N; GRANT SELECT (a) ON t TO other_N; GRANT SELECT ON u TO svc_N",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "role team_N");
        assert_eq!(left.len(), 2, "{left:?}");
        one(&left, &story.text("present: member of other_N"));
        one(&left, "present: granted by super, for SELECT ON TABLE public.u");
        story.sql("GRANT team_N TO svc_N; REVOKE ALL ON u FROM svc_N; REVOKE other_N FROM svc_N");
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "role team_N"), [""; 0]);
        story.sql("GRANT team_N, deep_N TO svc_N");
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "role team_N"), "present: granted by super, for role deep");
    }
}

#[test]
fn row_9_default_privileges_are_named() {
    for story in Story::on_all(
        "CREATE ROLE app_N; CREATE ROLE svc_N LOGIN; CREATE TABLE t (a int); ALTER TABLE t OWNER TO app_N;
         GRANT SELECT ON t TO svc_N; ALTER DEFAULT PRIVILEGES FOR ROLE app_N GRANT SELECT ON TABLES TO svc_N",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.t");
        assert_eq!(left.len(), 1, "{left:?}");
        one(&left, &story.text("left: default privileges on tables that app_N creates later"));
    }
}

#[test]
fn row_13_views_and_functions_of_owners_are_found() {
    for story in Story::on_all(
        "CREATE ROLE app_N; CREATE ROLE svc_N LOGIN; CREATE ROLE free_N LOGIN; CREATE TABLE t (a int);
         CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a + 1 AS a FROM v;
         CREATE VIEW own WITH (security_invoker = true) AS SELECT a FROM t;
         CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT max(a) FROM t); END';
         CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT max(a) FROM t; END;
         REVOKE EXECUTE ON FUNCTION f, g FROM PUBLIC; GRANT EXECUTE ON FUNCTION f, g TO svc_N;
         GRANT SELECT ON t, own TO svc_N, free_N; GRANT SELECT ON w TO svc_N",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.t");
        assert_eq!(left.len(), 3, "{left:?}");
        for name in ["unknown: view public.w", "unknown: function public.f()", "unknown: function public.g()"] {
            one(&left, name);
        }
        assert_eq!(after(&story, AccessChange::Revoke {}, "free_N", "SELECT ON TABLE public.t"), [""; 0]);
    }
}

#[test]
fn partition_is_reached_by_its_parent() {
    for story in Story::on_all(
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9);
         CREATE ROLE svc_N LOGIN; GRANT SELECT ON t, t1 TO svc_N",
    ) {
        one(
            &after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.t1"),
            "unknown: the parent table public.t",
        );
    }
}

#[test]
fn row_17_old_session_outlives_the_password() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN PASSWORD 'the old one'") {
        let _session = story.cluster.log_in(&story.database, &story.text("svc_N"), "the old one").unwrap();
        let left = after(&story, AccessChange::Rotate {}, "svc_N", "password");
        assert_eq!(left, ["lingering: 1 sessions opened before, or without a password"]);
    }
}

#[test]
fn row_18_logins_without_a_password_are_found() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[])));
    let story = Story::on(cluster, "CREATE ROLE svc_N LOGIN PASSWORD 'x'; CREATE ROLE far_N LOGIN PASSWORD 'x'");
    let hba = cluster.data().join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).unwrap();
    let user = story.text("svc_N");
    std::fs::write(&hba, format!("host all {user} 127.0.0.1/32 trust\nhostssl all far all cert\nhost all {user} 10.0.0.0/8 ldap ldapserver=x ldapprefix=y\n{rules}")).unwrap();
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    wait_for(|| cluster.log_in("postgres", &user, "not it").is_ok());
    let left = after(&story, AccessChange::Disable {}, "svc_N", "password");
    assert!(cluster.log_in("postgres", &user, "not it").is_ok(), "a password that is not valid is not asked for");
    one(&left, "present: pg_hba.conf line 1: trust from host 127.0.0.1/255.255.255.255");
    one(&left, "unknown: pg_hba.conf line 3: ldap from host 10.0.0.0/255.0.0.0");
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(after(&story, AccessChange::Disable {}, "far_N", "password"), [""; 0]);
    assert_eq!(after(&story, AccessChange::Disable {}, "svc_N", "account"), [""; 0], "no method logs in without LOGIN");
}

#[test]
fn h7_column_list_on_a_catalog_is_read() {
    for story in Story::on_all(
        "CREATE ROLE pool_N LOGIN; GRANT SELECT (usename, passwd) ON pg_shadow TO pool_N; CREATE TABLE t (a int);
         REVOKE ALL ON t FROM super; CREATE ROLE svc_N; GRANT SELECT ON t TO svc_N",
    ) {
        assert_eq!(after(&story, AccessChange::Revoke {}, "pool_N", "SELECT (passwd)"), [""; 0]);
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.t"), [""; 0]);
        assert!(!story.postgres.control_totals().unwrap().is_empty());
    }
}

#[test]
fn h8_h9_one_database_does_not_stop_the_server() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[])));
    cluster.sql("postgres", "CREATE DATABASE rdsadmin");
    cluster.sql("postgres", "CREATE DATABASE half");
    let story = Story::on(
        cluster,
        "CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; GRANT team_N TO svc_N; CREATE TABLE t (a int);
        GRANT SELECT ON t TO team_N",
    );
    cluster.sql("rdsadmin", &story.text("CREATE TABLE t (a int); GRANT SELECT ON t TO team_N"));
    cluster.sql("postgres", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'");
    let hba = cluster.data().join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).unwrap();
    std::fs::write(&hba, format!("host rdsadmin all all reject\n{rules}")).unwrap();
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    wait_for(|| cluster.log_in("rdsadmin", "super", cluster.password()).is_err());
    let config = PostgresConfig { port: cluster.port(), databases: None, ..config(&[], "super") };
    let all = open(&system(), &config, SecretString::from(cluster.password().to_owned())).unwrap();
    let spots = all.validate().unwrap().blind_spots;
    one(&spots, "objects in database rdsadmin: the connection was refused, leave it out with `databases");
    one(&spots, "objects in database half: left by an interrupted DROP DATABASE");
    let inventory = inventory_of(&all);
    let listed = inventory.grants().filter(|grant| grant.entitlement.name.ends_with(&story.database)).count();
    assert!(listed > 0, "the other databases are listed");
    let svc = story.text("svc_N");
    let member = inventory.grants().find(|it| it.principal.name == svc && it.kind == GrantKind::Membership).unwrap();
    let plan = planned(
        AccessChange::Revoke {},
        member,
        all.plan_change(&AccessChange::Revoke {}, member, &inventory).unwrap(),
    );
    apply_by(&all, &plan, &story.vault).unwrap();
    let left = all.observe(&TargetQuery::about(&plan)).unwrap().access.unwrap();
    assert!(matches!(left.paths[..], [RemainingPath { overlap: Overlap::CannotTell(_), .. }]), "{left:?}");
    let account =
        inventory.grants().find(|it| it.principal.name == story.text("team_N") && it.kind == GrantKind::Account);
    let refusal = all.plan_change(&AccessChange::Revoke {}, account.unwrap(), &inventory).unwrap_err();
    assert!(refusal.to_string().contains("unread-privileges"), "{refusal}");
}

#[test]
fn h12_default_without_public_does_not_prevent_the_drop() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE ROLE team_N; CREATE TABLE t (a int); GRANT SELECT ON t TO svc_N;
         ALTER DEFAULT PRIVILEGES FOR ROLE svc_N REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
         ALTER DEFAULT PRIVILEGES FOR ROLE svc_N REVOKE USAGE ON TYPES FROM PUBLIC;
         ALTER DEFAULT PRIVILEGES FOR ROLE svc_N GRANT SELECT ON TABLES TO team_N",
    ) {
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "account"), [""; 0]);
        assert_eq!(story.ask("SELECT count(*) FROM pg_roles WHERE rolname = 'svc_N'"), "0");
    }
}

#[test]
fn h12_obstacle_is_in_the_plan_and_nothing_is_committed() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE TABLE t (a int); CREATE TABLE u (a int); GRANT SELECT ON t TO svc_N",
    ) {
        let account = story.grant("svc_N", "account");
        let plan = story.plan(AccessChange::Revoke {}, &account);
        story.sql("CREATE POLICY p ON u TO svc_N");
        let error = story.apply(&plan).unwrap_err();
        assert_eq!(error.class(), "precondition-failed", "{error}");
        assert!(story.reads("svc_N", "t"), "no statement was committed");
        assert_eq!(story.ask("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'svc_N'"), "t");
        let refusal = story.plan_change(&AccessChange::Revoke {}, &story.grant("svc_N", "account")).unwrap_err();
        assert!(refusal.to_string().contains("DROP ROLE would fail"), "{refusal}");
        assert!(refusal.to_string().contains("policies"), "{refusal}");
    }
}

#[test]
fn h13_creator_of_a_role_does_not_prevent_its_drop() {
    for story in
        Story::on_all("CREATE ROLE maker_N LOGIN CREATEROLE; SET ROLE maker_N; CREATE ROLE svc_N LOGIN; RESET ROLE")
    {
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "account"), [""; 0]);
    }
}

#[test]
fn h14_names_that_look_alike_are_distinct() {
    for story in Story::on_all("SELECT 1") {
        let client = &mut story.cluster.client(&story.database);
        let names = [format!("x\ny{}", story.number), format!("x\\u{{a}}y{}", story.number)];
        for name in &names {
            let sql = format!(
                "CREATE ROLE \"{name}\" LOGIN; CREATE TABLE \"t {name}\" (); GRANT SELECT ON \"t {name}\" TO \"{name}\""
            );
            client.batch_execute(&sql).unwrap();
        }
        let inventory = story.inventory();
        let shown = names.clone().map(|name| super::super::identifiers::visible(&name));
        assert_ne!(shown[0], shown[1]);
        for name in &shown {
            let of =
                |kind: GrantKind| inventory.grants().find(|it| it.principal.name == *name && it.kind == kind).unwrap();
            let privilege = of(GrantKind::Privilege);
            assert!(!privilege.entitlement.name.contains('\n'), "{}", privilege.entitlement.name);
            let plan = story.plan(AccessChange::Revoke {}, privilege);
            story.apply(&plan).unwrap();
            assert!(story.paths(privilege).is_empty());
            let plan = story.plan(AccessChange::Revoke {}, of(GrantKind::Account));
            story.apply(&plan).unwrap();
        }
        let rest = story.ask("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'x%y_N'");
        assert_eq!(rest, "0");
    }
}

#[test]
fn h18_engine_keeps_the_role_it_acts_as() {
    for story in Story::on_all(
        "CREATE ROLE adm_N SUPERUSER; CREATE ROLE engine_N LOGIN PASSWORD 'test only'; CREATE ROLE mid_N;
         GRANT adm_N TO mid_N; GRANT mid_N TO engine_N",
    ) {
        let engine = connector_to(story.cluster, &[&story.database], &story.text("engine_N"), "test only");
        for (principal, entitlement) in [("engine_N", "role mid_N"), ("mid_N", "role adm_N"), ("adm_N", "SUPERUSER")] {
            let grant = story.grant(principal, entitlement);
            let refused = engine.plan_change(&AccessChange::Revoke {}, &grant, &story.inventory());
            assert!(matches!(refused, Err(UnsupportedChangeError::Harm { .. })), "{entitlement}: {refused:?}");
        }
    }
}

#[test]
fn h19_column_grant_outlives_the_table_grant() {
    for story in Story::on_all(
        "CREATE TABLE t (a int, b int); CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO svc_N;
         GRANT SELECT (a) ON t TO svc_N WITH GRANT OPTION",
    ) {
        let column = story.grant("svc_N", "SELECT (a)");
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.t");
        assert_eq!(left, ["present: granted by super, on column a, for column a"], "another decision keeps it, or not");
        assert_eq!(story.ask("SELECT has_column_privilege('svc_N', 't', 'a', 'SELECT WITH GRANT OPTION')"), "t");
        assert_eq!(story.ask("SELECT has_column_privilege('svc_N', 't', 'b', 'SELECT')"), "f");
        let now = story.grant("svc_N", "SELECT (a)");
        assert!(now.only_lost_paths(&column), "the same grant, without the path by the table");
    }
}

#[test]
fn unnamed_loss_is_rolled_back() {
    for story in Story::on_all(
        "CREATE TABLE t (a int); CREATE ROLE team_N; CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO team_N",
    ) {
        let plan = story.plan(AccessChange::Revoke {}, &story.grant("team_N", "SELECT ON TABLE"));
        story.sql("GRANT team_N TO svc_N");
        let error = story.apply(&plan).unwrap_err();
        assert_eq!(error.class(), "precondition-failed", "{error}");
        assert!(error.to_string().contains(&story.text("svc_N would lose the access as well")), "{error}");
        assert!(story.reads("svc_N", "t"));
    }
}

#[test]
fn h20_own_effects_are_predicted() {
    for story in Story::on_all(
        "CREATE TABLE t (a int); CREATE ROLE team_N; CREATE ROLE svc_N LOGIN PASSWORD 'x'; GRANT team_N TO svc_N;
         GRANT SELECT ON t TO team_N, svc_N, PUBLIC",
    ) {
        for (change, principal, entitlement) in [
            (AccessChange::Revoke {}, "team_N", "SELECT ON TABLE public.t"),
            (AccessChange::Revoke {}, "PUBLIC", "SELECT ON TABLE public.t"),
            (AccessChange::Disable {}, "svc_N", "account"),
        ] {
            let before = story.inventory();
            let grant = story.grant(principal, entitlement);
            let plan = story.plan(change, &grant);
            story.apply(&plan).unwrap();
            let after = story.inventory();
            let mut changed = 0;
            let end = story.text("_N");
            // Other tests use the same server.
            let is_own =
                |it: &&Grant| it.principal.name.ends_with(&end) || it.entitlement.name.ends_with(&story.database);
            for was in before.grants().filter(is_own).filter(|was| was.key != grant.key) {
                let now = after.grant(&was.key);
                if now.is_some_and(|now| now.digest() == was.digest()) {
                    continue;
                }
                changed += 1;
                let effect = plan.effects.iter().find(|effect| effect.grant == was.key);
                let effect = effect.unwrap_or_else(|| panic!("{principal}: {} changed", was.entitlement.name));
                match effect.after {
                    Some(digest) => assert_eq!(now.map(Grant::digest), Some(digest), "{}", was.entitlement.name),
                    None => assert!(now.is_none_or(|now| now.only_lost_paths(was)), "{}", was.entitlement.name),
                }
            }
            assert!(changed > 0, "{principal}");
        }
    }
}

#[test]
fn h21_information_schema_is_part_of_the_server() {
    for story in Story::on_all("SELECT 1") {
        let names: Vec<String> = story.inventory().grants().map(|it| it.entitlement.name.clone()).collect();
        assert!(!names.iter().any(|name| name.contains("information_schema")), "{names:?}");
    }
}

#[test]
fn createrole_before_version_16_can_grant_itself_any_role() {
    for story in Story::on_all("CREATE TABLE t (a int); CREATE ROLE svc_N LOGIN CREATEROLE; GRANT SELECT ON t TO svc_N")
    {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE");
        if story.cluster.version() < 16 {
            one(&left, "present: by CREATEROLE, which can grant itself any role");
        } else {
            assert_eq!(left, [""; 0]);
        }
    }
}

#[test]
fn admin_and_set_options_count_as_reach() {
    for story in Story::on_all(
        "CREATE TABLE t (a int); CREATE ROLE team_N; CREATE ROLE svc_N LOGIN; GRANT SELECT ON t TO team_N, svc_N;
         GRANT team_N TO svc_N WITH ADMIN OPTION",
    ) {
        if story.cluster.version() >= 16 {
            story.sql("GRANT team_N TO svc_N WITH INHERIT FALSE, SET FALSE");
        }
        one(
            &after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE"),
            &story.text("present: member of team_N"),
        );
    }
}
