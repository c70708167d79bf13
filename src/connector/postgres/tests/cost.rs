//! Tests that the cost of an action does not depend on the size of the server.

use super::*;
use std::time::Instant;

/// Fills a database with roles and tables, so that each role has a privilege on each table.
fn filled(cluster: &'static Cluster, roles: u32, tables: u32) -> Story {
    let story = Story::on(cluster, "SELECT 1");
    story.sql(&format!(
        "DO $$ BEGIN FOR r IN 1..{roles} LOOP EXECUTE format('CREATE ROLE load_N_%s', r); END LOOP;
         FOR t IN 1..{tables} LOOP EXECUTE format('CREATE TABLE t%s (a int)', t);
           EXECUTE (SELECT format('GRANT SELECT ON t%s TO %s', t, string_agg(format('load_N_%s', r), ', '))
             FROM generate_series(1, {roles}) r); END LOOP; END $$;
         CREATE ROLE team_N; CREATE ROLE svc_N LOGIN; GRANT team_N TO svc_N; GRANT SELECT ON t1 TO svc_N, team_N;
         GRANT INSERT ON t1 TO svc_N; ANALYZE"
    ));
    story
}

/// Returns the number of calls and the milliseconds of one complete action: before, change, after.
fn cost(story: &Story, rounds: u32) -> (u64, f64) {
    let inventory = story.inventory();
    let name = story.text("svc_N");
    let is_it = |grant: &&Grant| grant.principal.name == name && grant.entitlement.name.starts_with("SELECT ON TABLE");
    let grant = inventory.grants().find(is_it).unwrap();
    let plan = planned(
        AccessChange::Revoke {},
        grant,
        story.postgres.plan_change(&AccessChange::Revoke {}, grant, &inventory).unwrap(),
    );
    let (calls, mut best) = (story.postgres.calls(), f64::MAX);
    for _ in 0..rounds {
        let start = Instant::now();
        let permitted = story.permitted(&plan);
        story.apply(&plan).unwrap();
        story.left(&plan, &permitted);
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
        story.sql("GRANT SELECT ON t1 TO svc_N");
    }
    ((story.postgres.calls() - calls) / u64::from(rounds), best)
}

#[test]
fn calls_of_an_action_do_not_grow_with_the_server() {
    let (small, large) = (filled(&CLUSTER, 20, 10), filled(&CLUSTER, 60, 30));
    let (few, many) = (cost(&small, 2), cost(&large, 2));
    assert_eq!(few.0, many.0, "calls");
    assert!(few.0 <= 13, "{few:?}");
}

#[test]
#[ignore = "fills four servers with 86,000 grants each; writes figures to tests/nightly/results"]
fn action_on_86000_grants_costs_at_most_twice_that_on_860() {
    let mut figures = String::new();
    for cluster in CLUSTERS.iter() {
        let (few, many) = (filled(cluster, 43, 20), filled(cluster, 430, 200));
        let (small, large) = (cost(&few, 20), cost(&many, 20));
        let (quick, long) = (collect(&few), collect(&many));
        let version = cluster.version();
        figures += &format!(
            "version {version}: an action takes {} calls and {:.0} ms on 860 grants, {} calls and {:.0} ms on 86,000; \
             a collection {quick:.0} ms and {long:.0} ms\n",
            small.0, small.1, large.0, large.1
        );
        println!("{figures}");
        assert!(large.0 == small.0 && large.1 <= 2.0 * small.1, "{small:?} {large:?}");
        assert!(long <= 100.0 * quick, "a hundred times the grants: {quick} {long}");
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nightly/results");
    std::fs::write(folder.join("postgres_cost.txt"), figures).unwrap();
}

/// Returns the milliseconds of a complete collection.
fn collect(story: &Story) -> f64 {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        story.inventory();
        start.elapsed().as_secs_f64() * 1000.0
    });
    times.fold(f64::MAX, f64::min)
}
