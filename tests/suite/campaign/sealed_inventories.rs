//! Inventories that the collecting job recorded: a campaign accepts no other.

use crate::support::{
    fixtures::{DEFINITION, READBACK, Ran, TestRepository, ran},
    host,
};
use tenure::{
    format::codec::{parse, render},
    model::{Digest, file::Observation},
};

/// A repository whose inventory a job recorded.
fn sealed() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.merge("describe systems");
    collect(&world).exits(0);
    world.merge("collect");
    let select = "\n[[select]]\nsystems = [\"web-1\"]\nkinds = [\"membership\"]\n";
    world.write("repo/policies/all.toml", &format!("{DEFINITION}{select}"));
    world.tenure(&["fmt", "policies/all.toml"]).exits(0);
    world.merge("define a campaign");
    world
}

fn collect(world: &TestRepository) -> Ran {
    ran(&mut world.command_in(&world.repo(), 0, &[&["collect", "web-1", "--seal"], READBACK].concat()))
}

/// Removes the last membership from the inventory by hand, with digests that match.
fn cut(world: &TestRepository) {
    let path = "repo/inventory/web-1/grants/membership.jsonl";
    let text = world.read(path);
    let kept: String = text.lines().take(text.lines().count() - 1).map(|line| format!("{line}\n")).collect();
    world.write(path, &kept);
    let path = "repo/inventory/web-1/observation.toml";
    let mut observation: Observation = parse(path, world.read(path).as_bytes()).ok().unwrap();
    let kind = observation.kinds.iter_mut().find(|kind| kind.kind.as_str() == "membership").unwrap();
    (kind.count, kind.digest, kind.control_total) = (kind.count - 1, Digest::of(&kept), None);
    kind.control_source = None;
    world.write(path, &render(&observation));
    world.merge("an inventory without one membership");
}

fn open(world: &TestRepository, id: &str) -> Ran {
    world.tenure(&["campaign", "open", id, "--from", "policies/all.toml"])
}

#[test]
fn row_43_grant_cut_out_of_a_recorded_inventory_is_refused() {
    let world = sealed();
    open(&world, "whole").exits(0);
    assert_eq!(world.records_of("collected").len(), 1);
    cut(&world);
    open(&world, "cut").exits(1).says("inventory-not-sealed").says("inventory/web-1/grants");
    collect(&world).exits(0);
    world.merge("collect again");
    open(&world, "again").exits(0);
    assert_eq!(world.records_of("collected").len(), 2);
}

#[test]
fn row_43_older_inventory_is_not_the_newest_recorded_one() {
    let world = sealed();
    let before = world.sandbox().git(world.repo(), &["rev-parse", "HEAD:inventory"]);
    for file in ["group", "gshadow"] {
        let path = format!("web-1/etc/{file}");
        world.write(&path, &world.read(&path).replace("ben,svc_export,svc_backup", "ben,li,svc_export,svc_backup"));
    }
    collect(&world).exits(0);
    world.merge("collect a new membership");
    world.sandbox().git(world.repo(), &["read-tree", "--prefix=old/", &before]);
    world.sandbox().git(world.repo(), &["checkout-index", "--all", "--force"]);
    world.sandbox().git(world.repo(), &["rm", "-r", "-q", "--cached", "old"]);
    std::fs::remove_dir_all(world.repo().join("inventory")).unwrap();
    std::fs::rename(world.repo().join("old"), world.repo().join("inventory")).unwrap();
    world.merge("put the old inventory back");
    open(&world, "old").exits(1).says("inventory-not-sealed");
}
