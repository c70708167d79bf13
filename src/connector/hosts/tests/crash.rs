//! Tests of interrupted edits and read-only file systems, run in separate processes.

use super::*;
use crate::connector::hosts::{
    atomic_replace::{staged, temporary},
    lock::{self, LockTargets},
};
use rustix::process::{Signal, getpid, kill_process};
use std::{os::unix::process::ExitStatusExt, process::Command, time::Duration};

/// The environment variable with the host directory of a test process.
const ROOT: &str = "TENURE_TEST_HOST";

fn test_process(name: &str, host: &Host) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("{}::{name}", module_path!().split_once("::").map_or("", |(_, path)| path));
    command.args(["--exact", &name, "--ignored", "--nocapture"]).env(ROOT, host.dir.path());
    command
}

fn hosts_of_parent() -> Option<(Hosts, HostsConfig)> {
    let mut config = HostsConfig::below(std::env::var_os(ROOT)?);
    config.lock_wait_seconds = 0;
    Some((open(&SystemId::parse("web-1").unwrap(), &config).unwrap(), config))
}

#[test]
#[ignore = "the process that is killed in the test below"]
fn process_killed_before_the_rename() {
    let Some((hosts, _)) = hosts_of_parent() else { return };
    let _held = lock::acquire(&hosts.root, LockTargets { accounts: true, sudoers: true }, Duration::ZERO).unwrap();
    let (directory, name) = hosts.root.parent("/etc/group").unwrap();
    staged(&directory, name, &temporary(name), "/etc/group", b"root:x:0:\n").unwrap();
    kill_process(getpid(), Signal::KILL).unwrap();
}

#[test]
fn killed_process_leaves_the_old_file_and_no_lock() {
    let host = Host::debian();
    let before = host.read("/etc/group");
    let status = test_process("process_killed_before_the_rename", &host).output().unwrap().status;
    assert_eq!(status.signal(), Some(9));
    assert_eq!(host.read("/etc/group"), before);
    assert!(host.path("/etc/.group.tenure").exists() && host.path("/etc/passwd.lock").exists());
    let grant = host.grant(GrantKind::Membership, &["membership:gid:27", "svc"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &grant));
    let rule = host.grant(GrantKind::Rule, &["gid:27"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &rule));
    for left in ["/etc/.group.tenure", "/etc/passwd.lock", "/etc/sudoers.tmp"] {
        assert!(!host.path(left).exists(), "{left}");
    }
}

#[test]
#[ignore = "the process on a read-only file system in the test below"]
fn process_on_a_read_only_file_system() {
    let Some((hosts, config)) = hosts_of_parent() else { return };
    let page = hosts.list(GrantKind::Membership, None).unwrap();
    let grant =
        page.grants.into_iter().find(|grant| grant.key.as_str().contains("membership:gid:27:sudo:uid:1001")).unwrap();
    let system = SystemId::parse("web-1").unwrap();
    let now = Timestamp::parse("2026-11-23T05:00:00Z").unwrap();
    let inventory = Inventory::new(system, now, Digest::ZERO, true, [grant.clone()], BTreeMap::new());
    let draft =
        crate::connector::hosts::vocabulary(&config).plan_change(&AccessChange::Revoke {}, &grant, &inventory).unwrap();
    let planned = planned(draft, AccessChange::Revoke {}, &grant);
    let answer = hosts.apply(&Action::new(planned.clone()), Intent::recorded(planned.id, 1), &UnconfiguredSink);
    println!("answer: {}", answer.unwrap_err());
    assert_present(&hosts.observe(&TargetQuery::removal(&grant)).unwrap(), &["svc is a member"]);
}

#[test]
fn read_only_file_system_is_a_refusal() {
    let host = Host::debian();
    let before = host.read("/etc/group");
    let mount =
        "mount --make-rprivate / && mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
    let inner = test_process("process_on_a_read_only_file_system", &host);
    let mut outer = Command::new("unshare");
    outer.args(["-m", "sh", "-c", mount]).arg(host.dir.path()).arg(inner.get_program()).args(inner.get_args());
    let output = outer.env(ROOT, host.dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    // Only root may mount, and not in every container.
    if said.contains("unshare") || said.contains("mount:") || said.contains("permitted") {
        return;
    }
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("answer: the target refused: writing to /etc/.pwd.lock: its file system is read-only"),
        "{said}"
    );
    assert_eq!(host.read("/etc/group"), before);
}
