//! Objects through which a table, sequence or function is still reached: views, functions, triggers, rules, partitions and
//! references.

use super::{
    cases::{after, one},
    *,
};

const BASE: &str = "CREATE ROLE svc_N LOGIN; CREATE ROLE one_N; CREATE ROLE two_N; GRANT CREATE, USAGE ON SCHEMA public TO one_N, two_N;
     CREATE TABLE orders (a int, b int); ALTER TABLE orders OWNER TO one_N; GRANT SELECT, INSERT, DELETE ON orders TO svc_N;";

/// Revokes a privilege on `orders` and asserts that only these paths are left.
#[track_caller]
fn left(statements: &str, privilege: &str, wanted: &[&str]) {
    for story in Story::on_all(&format!("{BASE} {statements}")) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", &format!("{privilege} ON TABLE public.orders"));
        for path in wanted {
            one(&left, path);
        }
        assert_eq!(left.len(), wanted.len(), "version {}: {left:#?}", story.cluster.version());
    }
}

#[test]
fn chain_of_views_of_two_owners_is_found() {
    left(
        "CREATE VIEW v1 AS SELECT a FROM orders; ALTER VIEW v1 OWNER TO one_N; GRANT SELECT ON v1 TO two_N;
         CREATE VIEW v2 AS SELECT a FROM v1; ALTER VIEW v2 OWNER TO two_N; GRANT SELECT ON v2 TO svc_N",
        "SELECT",
        &["unknown: view public.v2"],
    );
}

#[test]
fn view_by_a_column_right_of_its_owner_is_found() {
    left(
        "GRANT SELECT (a) ON orders TO two_N; CREATE VIEW v1 AS SELECT a FROM orders; ALTER VIEW v1 OWNER TO two_N;
         GRANT SELECT ON v1 TO svc_N",
        "SELECT",
        &["unknown: view public.v1"],
    );
}

#[test]
fn function_with_the_name_in_capitals_is_found() {
    left(
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT max(a) FROM ORDERS); END'",
        "SELECT",
        &["unknown: function public.f()"],
    );
}

#[test]
fn name_inside_another_word_is_no_path() {
    left(
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT max(a) FROM old_orders_2); END'",
        "SELECT",
        &[],
    );
}

#[test]
fn function_that_calls_another_one_is_found() {
    left(
        "CREATE FUNCTION inner_one() RETURNS int LANGUAGE sql AS 'SELECT max(a) FROM orders';
         CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN inner_one(); END'",
        "SELECT",
        &["unknown: function public.f()"],
    );
}

#[test]
fn standard_body_over_a_view_is_found() {
    left(
        "CREATE VIEW v1 AS SELECT a FROM orders; ALTER VIEW v1 OWNER TO one_N; GRANT SELECT ON v1 TO two_N;
         CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT max(a) FROM v1; END;
         ALTER FUNCTION g OWNER TO two_N",
        "SELECT",
        &["unknown: function public.g()"],
    );
}

#[test]
fn trigger_of_another_table_is_found() {
    left(
        "CREATE TABLE journal (a int); GRANT INSERT ON journal TO svc_N;
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO orders VALUES (1); RETURN NEW; END';
         REVOKE EXECUTE ON FUNCTION f FROM PUBLIC; CREATE TRIGGER g BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION f()",
        "INSERT",
        &["unknown: table public.journal"],
    );
}

#[test]
fn trigger_function_alone_is_no_path() {
    left(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO orders VALUES (1); RETURN NEW; END'",
        "INSERT",
        &[],
    );
}

#[test]
fn rule_of_another_table_is_found() {
    left(
        "CREATE TABLE journal (a int); ALTER TABLE journal OWNER TO one_N; GRANT INSERT ON journal TO svc_N;
         CREATE RULE r AS ON INSERT TO journal DO ALSO DELETE FROM orders",
        "DELETE",
        &["unknown: table public.journal"],
    );
}

#[test]
fn cascading_reference_is_found() {
    left(
        "CREATE TABLE customers (c int PRIMARY KEY); ALTER TABLE orders ADD FOREIGN KEY (a) REFERENCES customers ON DELETE CASCADE;
         GRANT DELETE ON customers TO svc_N",
        "DELETE",
        &["unknown: table public.customers"],
    );
}

#[test]
fn partition_contains_the_rows_of_its_parent() {
    for story in Story::on_all(
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9);
         CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (19);
         CREATE ROLE svc_N LOGIN; GRANT SELECT ON t, t1 TO svc_N; GRANT INSERT ON t, t2 TO svc_N",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.t IN");
        one(&left, "unknown: table public.t1, which contains rows of public.t");
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn view_contains_what_a_view_below_it_shows() {
    left(
        "CREATE MATERIALIZED VIEW m AS SELECT a FROM orders; CREATE VIEW v2 AS SELECT a FROM m; GRANT SELECT ON v2 TO svc_N",
        "SELECT",
        &["unknown: view public.v2"],
    );
}

#[test]
fn view_of_the_caller_is_no_path() {
    for story in Story::on_all(&format!(
        "{BASE} CREATE VIEW v1 WITH (security_invoker) AS SELECT a FROM orders; ALTER VIEW v1 OWNER TO one_N;
         GRANT SELECT ON v1 TO svc_N"
    )) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.orders");
        assert_eq!(left, [""; 0], "{}", story.cluster.version());
    }
}

#[test]
fn foreign_table_of_the_same_server_is_found() {
    for story in Story::on_all(
        "CREATE ROLE svc_N LOGIN; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;
         CREATE FOREIGN TABLE x (a int) SERVER far; CREATE FOREIGN TABLE y (a int) SERVER far;
         CREATE USER MAPPING FOR svc_N SERVER far;
         GRANT SELECT ON x, y TO svc_N; GRANT USAGE ON FOREIGN SERVER far TO svc_N",
    ) {
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "SELECT ON TABLE public.x");
        one(&left, "unknown: foreign table public.y");
        one(&left, "unknown: USAGE on the foreign server far");
        let left = after(&story, AccessChange::Revoke {}, "svc_N", "USAGE ON FOREIGN SERVER far");
        one(&left, "unknown: foreign table public.y");
    }
}
