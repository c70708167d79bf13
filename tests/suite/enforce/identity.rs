//! The identity of a target: another machine at the same path is refused before any read or write.

use crate::support::{
    fixtures::{self, TestRepository},
    host,
};

const FIRST: &str = "0123456789abcdef0123456789abcdef\n";
const OTHER: &str = "fedcba9876543210fedcba9876543210\n";

/// A world in which a removal on `web-1` is decided, and the machine has a machine id.
fn decided() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.write("web-1/etc/machine-id", FIRST);
    world.system("web-1", &host::settings("web-1"));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", host::KINDS)]);
    let decision = fixtures::Decision("web-1", "svc_export", "membership group sudo", tenure::model::Verdict::Revoke);
    world.decided(&[decision]);
    world
}

#[test]
fn another_machine_at_the_same_path_is_refused() {
    let world = decided();
    world.write("web-1/etc/machine-id", OTHER);
    let group = world.read("web-1/etc/group");
    world
        .enforce(&[])
        .exits(4)
        .says("the target is not the reviewed one")
        .says("tenure system set web-1 identity=machine-id:");
    assert_eq!(world.read("web-1/etc/group"), group, "nothing was written");
    world.tenure(&["collect", "web-1"]).exits(1).says("the target is not the reviewed one");

    world.write("web-1/etc/machine-id", FIRST);
    world.enforce_later(60, &[]).exits(0).says("confirmed");
    world.write("web-1/etc/machine-id", OTHER);
    world.verify_later(120);
    let seen = world.records_of("verification");
    assert_eq!(seen.last().unwrap()["result"], "unknown", "another machine confirms no removal");
}

#[test]
fn machine_without_a_machine_id_is_known_by_its_host_keys() {
    let world = decided();
    std::fs::remove_file(world.join("web-1/etc/machine-id")).unwrap();
    world.enforce(&[]).exits(4).says("its identity is `none`");
    world.write("web-1/etc/ssh/ssh_host_ed25519_key.pub", "ssh-ed25519 AAAA host\n");
    world.enforce_later(60, &[]).exits(4).says("its identity is `host-keys:");
}

#[test]
fn reinstalled_machine_needs_its_new_identity_in_its_file() {
    let world = decided();
    world.write("web-1/etc/machine-id", OTHER);
    let said = world.tenure(&["collect", "web-1"]).exits(1);
    let (_, rest) = said.err.split_once("tenure system set web-1 identity=").unwrap();
    let identity = rest.split('`').next().unwrap();
    let line = format!("identity = \"{identity}\"\nremediation =");
    world.change_system("web-1", |file| file.replace("remediation =", &line));
    world.merge("web-1 was reinstalled");
    world.tenure(&["collect", "web-1"]).exits(0).says(&format!("identity of the target: {identity}"));
}
