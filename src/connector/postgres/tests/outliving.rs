//! Sessions that outlive a change, and the rights that they keep.

use super::{
    cases::{after, one},
    *,
};

fn session(story: &Story) -> ::postgres::Client {
    story.cluster.log_in(&story.database, &story.text("svc_N"), "test only").unwrap()
}

#[test]
fn session_outlives_the_right_to_connect() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN PASSWORD 'test only'; REVOKE CONNECT, TEMPORARY ON DATABASE case_N FROM PUBLIC;
         GRANT CONNECT, TEMPORARY ON DATABASE case_N TO svc_N",
    ) {
        let mut client = session(&story);
        client.batch_execute("CREATE TEMPORARY TABLE x (a int)").unwrap();
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "TEMPORARY ON DATABASE"), [""; 0]);
        assert!(client.batch_execute("CREATE TEMPORARY TABLE y (a int)").is_err(), "it is checked again");
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "CONNECT ON DATABASE"), "lingering: 1 open sessions");
        client.batch_execute("SELECT 1").unwrap();
    }
}

#[test]
fn statement_does_not_outlive_the_use_of_its_schema() {
    for story in Story::on_all(
        "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE ROLE svc_N LOGIN PASSWORD 'test only'; GRANT USAGE ON SCHEMA s TO svc_N;
         GRANT SELECT ON s.t TO svc_N",
    ) {
        let mut client = session(&story);
        client.batch_execute("PREPARE q AS SELECT * FROM s.t; EXECUTE q").unwrap();
        assert_eq!(after(&story, AccessChange::Revoke {}, "svc_N", "USAGE ON SCHEMA"), [""; 0]);
        assert!(client.batch_execute("EXECUTE q").is_err(), "it is checked again");
    }
}

#[test]
fn setting_outlives_the_right_to_set_it() {
    for story in
        Story::on_all("CREATE ROLE svc_N LOGIN PASSWORD 'test only'; GRANT SET ON PARAMETER log_statement TO svc_N")
    {
        let mut client = session(&story);
        client.batch_execute("SET log_statement = 'none'").unwrap();
        one(&after(&story, AccessChange::Revoke {}, "svc_N", "SET ON PARAMETER"), "lingering: 1 open sessions");
    }
}

#[test]
fn session_outlives_the_end_of_an_account() {
    for story in Story::on_all("CREATE ROLE svc_N LOGIN PASSWORD 'test only'") {
        let _client = session(&story);
        one(
            &after(&story, reduce("valid until 2020-01-01T00:00:00Z"), "svc_N", "account"),
            "lingering: 1 open sessions",
        );
    }
}

#[test]
fn prepared_statement_keeps_passing_the_policies() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN BYPASSRLS PASSWORD 'test only'; CREATE TABLE t (a int); INSERT INTO t VALUES (1);
         ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO svc_N",
    ) {
        let mut client = session(&story);
        client
            .batch_execute(
                "PREPARE q AS SELECT * FROM t; EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q; EXECUTE q",
            )
            .unwrap();
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "BYPASSRLS");
        let rows = |sql: &str, client: &mut ::postgres::Client| {
            let replies = client.simple_query(sql).unwrap();
            replies.iter().filter(|it| matches!(it, ::postgres::SimpleQueryMessage::Row(_))).count()
        };
        assert_eq!(rows("SELECT * FROM t", &mut client), 0);
        assert_eq!(rows("EXECUTE q", &mut client), 1, "the plan was made without the policies");
        one(&left, "lingering: 1 open sessions");
    }
}
