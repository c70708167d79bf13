//! A system with manual remediation: work order, attestation by two people, and read-back where reading is possible.

use crate::support::fixtures::{CAMPAIGN, TestRepository};
use crate::support::{fixtures, host};
use std::fs;

/// A world in which `web-1` is changed manually, and all items are decided.
fn by_hand() -> TestRepository {
    let world = TestRepository::founded();
    host::lay(&world, "web-1");
    world.system("web-1", &host::settings("web-1"));
    world.change_system("web-1", |file| file.replace("\"automatic\"", "\"manual\""));
    world.collected(&["web-1"]);
    world.campaign(&[("web-1", host::KINDS)]);
    let decision = fixtures::Decision("web-1", "svc_export", "membership group sudo", tenure::model::Verdict::Revoke);
    world.decided(&[decision]);
    world
}

fn order(world: &TestRepository) -> String {
    world.records_of("intent")[0]["action"].as_str().unwrap().to_owned()
}

fn remove_by_hand(world: &TestRepository) {
    for name in ["etc/group", "etc/gshadow"] {
        let path = world.join(&format!("web-1/{name}"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("svc_export,", "")).unwrap();
    }
}

#[test]
fn a_work_order_is_written_and_the_host_is_left_alone() {
    let world = by_hand();
    world.enforce(&[]).exits(0).says("manual");
    host::is_untouched(&world.join("web-1"));
    world.enforce_later(60, &[]).exits(0);
    assert_eq!(world.records_of("intent").len(), 1, "one work order");
    world.tenure(&["campaign", "status", CAMPAIGN]).says("tenure attest");
    world.verify_later(61).exits(0).says("pending").hides("not enforced");
}

#[test]
fn two_people_close_a_work_order_and_one_does_not() {
    let world = by_hand();
    world.enforce(&[]).exits(0);
    remove_by_hand(&world);
    world.write("repo/export.txt", "sudo:x:27:ben,svc_backup\n");
    let action = order(&world);
    let attest = |executor: &str, witness: &str| {
        let people = ["attest", &action, "--executor", executor, "--witness", witness];
        world.tenure(&[&people[..], &["--statement", "taken out of sudo", "--proof", "export.txt"]].concat())
    };
    attest("ben", "ben").exits(1).says("witness-not-independent");
    attest("ben", "mia").exits(0).says("next:");
    attest("ben", "mia").exits(1).says("attestation-exists");
    let file = format!("attestations/{action}.toml");
    world.sign("ben", &[&file]);
    world.merge("one signature");
    world.enforce_later(60, &[]).exits(0);
    assert!(world.records_of("attestation").is_empty(), "one person is not enough");
    world.sign("mia", &[&file]);
    world.merge("the other signature");
    world.enforce_later(61, &[]);
    assert_eq!(world.records_of("attestation").len(), 1);
    let seen = world.records_of("verification");
    assert_eq!(seen.last().unwrap()["level"], "V2");
    world.enforce_later(62, &[]).exits(0);
    assert_eq!(world.records_of("attestation").len(), 1, "taken up once");
}

#[test]
fn what_was_done_by_hand_is_seen_by_a_later_look() {
    let world = by_hand();
    world.enforce(&[]).exits(0);
    remove_by_hand(&world);
    world.verify_later(60);
    let seen = world.records_of("verification");
    assert_eq!(seen.last().unwrap()["result"], "confirmed");
    world.enforce_later(61, &[]).exits(0);
}

#[test]
fn work_done_beside_another_path_is_not_pending() {
    let world = by_hand();
    world.enforce(&[]).exits(0);
    world.write("web-1/etc/sudoers.d/export", "svc_export ALL=NOPASSWD: ALL\n");
    remove_by_hand(&world);
    world.verify_later(60).exits(4);
    let seen = world.records_of("verification");
    assert_eq!(seen.last().unwrap()["result"], "still-present", "the work is done, and the access remains");
}

#[test]
fn an_action_that_waits_for_nobody_cannot_be_attested() {
    let world = by_hand();
    let action = format!("act-{}", "0".repeat(32));
    let words = ["attest", &action, "--executor", "ben", "--witness", "mia", "--statement", "x", "--proof", "x"];
    world.tenure(&words).exits(1).says("unknown-action");
}
