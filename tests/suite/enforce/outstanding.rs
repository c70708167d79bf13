//! Decisions that the evidence does not settle: not yet carried out, or contradicted by a later inventory.

use crate::support::{fixtures::TestRepository, host};

fn decided() -> TestRepository {
    let world = TestRepository::founded();
    host::decide(&world, &["web-1"]);
    world
}

#[test]
fn case_b1_access_in_a_later_inventory_is_enforced_again() {
    let world = decided();
    world.enforce(&[]).exits(0);
    let collect = |minutes, message: &str| {
        world.tenure_later(minutes, &["collect", "web-1"]).exits(0);
        world.merge(message);
    };
    collect(60, "collect what is left");
    world.tenure_later(61, &["plan"]).exits(0).hides("access-reappeared");
    world.audit(61).hides("access-reappeared");
    for file in ["group", "gshadow"] {
        let path = format!("web-1/etc/{file}");
        world.write(&path, &world.read(&path).replace("ben,svc_backup", "ben,svc_export,svc_backup"));
    }
    collect(120, "collect the returned access");
    world
        .tenure_later(121, &["plan"])
        .exits(0)
        .says("access-reappeared")
        .says("group sudo of svc_export on web-1 was confirmed as removed")
        .says("revoke");
    world.audit(121).exits(3).says("access-reappeared");
    world
        .enforce_later(122, &[])
        .exits(0)
        .says("access-reappeared")
        .says("confirmed      revoke group sudo from svc_export");
    host::is_as_decided(&world.join("web-1"));
    world.tenure_later(123, &["plan"]).exits(0).hides("access-reappeared");
    world.audit(123).hides("access-reappeared");
}

#[test]
fn case_b2_verify_names_decisions_that_no_run_carried_out() {
    let world = decided();
    let told = world
        .verify_later(0)
        .exits(0)
        .says("not enforced")
        .says("revoke membership group sudo of svc_export on web-1, due ");
    assert_eq!(told.out.matches("not enforced").count(), 4, "{}", told.out);
    let days = |days: i64| days * 24 * 60;
    world.verify_later(days(100)).exits(4).says("overdue since");
    world.enforce_later(days(100) + 1, &[]).exits(0);
    world.verify_later(days(100) + 2).exits(0).hides("not enforced");
}
