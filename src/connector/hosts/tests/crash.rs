//! Tests of interrupted edits and read-only file systems, run in separate processes.

use super::*;
use crate::connector::hosts::{
    atomic_replace::{replace, staged, temporary},
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

fn all_locks() -> LockTargets {
    LockTargets { accounts: true, sudoers: vec!["/etc/sudoers".to_owned()] }
}

#[test]
#[ignore = "the process that is killed in the test below"]
fn process_killed_before_the_rename() {
    let Some((hosts, _)) = hosts_of_parent() else { return };
    let _held = lock::acquire(&hosts.root, &all_locks(), Duration::ZERO).unwrap();
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

/// Removes the line of an account from a file, as one step of the removal of bo.
fn without_bo(hosts: &Hosts, path: &str) -> Vec<u8> {
    let text = String::from_utf8(hosts.root.read(path).unwrap().bytes.to_vec()).unwrap();
    text.split_inclusive('\n').filter(|line| !line.starts_with("bo:")).collect::<String>().into_bytes()
}

#[test]
#[ignore = "the process that is killed in the test below"]
fn process_killed_between_two_renames() {
    let Some((hosts, _)) = hosts_of_parent() else { return };
    let _held = lock::acquire(&hosts.root, &all_locks(), Duration::ZERO).unwrap();
    let passwd = hosts.root.read("/etc/passwd").unwrap();
    replace(&hosts.root, "/etc/passwd", &passwd, &without_bo(&hosts, "/etc/passwd")).unwrap();
    let (directory, name) = hosts.root.parent("/etc/shadow").unwrap();
    staged(&directory, name, &temporary(name), "/etc/shadow", &without_bo(&hosts, "/etc/shadow")).unwrap();
    kill_process(getpid(), Signal::KILL).unwrap();
}

/// Case kill2.
#[test]
fn removal_killed_between_two_files_is_finished() {
    let host = Host::debian();
    let bo = host.grant(GrantKind::Account, &["uid:1002:bo"]);
    let planned = host.plan(AccessChange::Revoke {}, &bo);
    // The membership and other edits come first, and are done.
    host.change("/etc/group", "docker:x:998:bo", "docker:x:998:");
    host.change("/etc/gshadow", "docker:!::bo", "docker:!::");
    assert!(!host.open().is_half_done(&planned).unwrap());
    let status = test_process("process_killed_between_two_renames", &host).output().unwrap().status;
    assert_eq!(status.signal(), Some(9));
    assert!(!host.read("/etc/passwd").contains("bo:") && host.read("/etc/shadow").contains("bo:$y"));
    assert!(host.path("/etc/.shadow.tenure").exists() && host.path("/etc/shadow.lock").exists());
    let hosts = host.open();
    let reason = hosts.observe(&TargetQuery::about(&planned)).unwrap().access.unwrap_err();
    assert!(reason.contains("half done: /etc/shadow still has the line of bo"), "{reason}");
    assert!(hosts.is_half_done(&planned).unwrap());
    host.apply(&planned).unwrap();
    assert!(!host.read("/etc/shadow").contains("bo:"));
    assert_gone(&host.look(&bo));
    assert!(!host.open().is_half_done(&planned).unwrap());
    no_leftovers(&host);
}

/// Killed after the last file was written, before the locks were removed.
#[test]
fn locks_of_a_completed_change_are_removed_by_the_next_run() {
    let host = Host::debian();
    let grant = host.grant(GrantKind::Membership, &["membership:gid:27", "svc"]);
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    let status = test_process("process_killed_before_the_rename", &host).output().unwrap().status;
    assert_eq!(status.signal(), Some(9));
    for file in ["/etc/group", "/etc/gshadow"] {
        host.change(file, "ana,svc", "ana");
    }
    assert!(host.open().is_half_done(&planned).unwrap());
    assert!(host.apply(&planned).unwrap().already);
    assert!(!host.open().is_half_done(&planned).unwrap());
    assert!(!host.path("/etc/.group.tenure").exists() && !host.path("/etc/group.lock").exists());
}

/// A group file that was replaced without its gshadow.
#[test]
fn half_pair_of_group_files_is_finished() {
    let host = Host::debian();
    let grant = host.grant(GrantKind::Membership, &["membership:gid:27", "svc"]);
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    host.change("/etc/group", "ana,svc", "ana");
    assert!(!host.look(&grant).is_absent(), "the other file still lists the member");
    host.apply(&planned).unwrap();
    assert_gone(&host.look(&grant));
    assert!(host.read("/etc/gshadow").contains("sudo:*::ana\n"));
}

fn no_leftovers(host: &Host) {
    let names = fs::read_dir(host.path("/etc")).unwrap().map(|entry| entry.unwrap().file_name());
    for name in names.map(|name| name.into_string().unwrap()) {
        assert!(!name.contains("tenure") && (!name.contains(".lock") || name == ".pwd.lock"), "{name}");
    }
}

/// Case visudo: `visudo -f` locks the file that it edits.
#[test]
fn included_file_that_is_edited_is_not_written() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/bo", 0o440, &["bo ALL=(root) /usr/bin/id"]);
    let rule = host.grant(GrantKind::Rule, &["/etc/sudoers.d/bo"]);
    let planned = host.plan(AccessChange::Revoke {}, &rule);
    let before = host.read("/etc/sudoers.d/bo");
    let script = "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()";
    for file in ["/etc/sudoers.d/bo", "/etc/sudoers"] {
        let mut editor = Command::new("python3");
        editor.args(["-c", script]).arg(host.path(file));
        let spawned = editor.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn();
        let Ok(mut editor) = spawned else { return };
        let mut ready = [0];
        std::io::Read::read_exact(editor.stdout.as_mut().unwrap(), &mut ready).unwrap();
        let answer = host.apply(&planned);
        assert!(matches!(&answer, Err(ConnectorError::Transient(why)) if why.ends_with(file)), "{answer:?}");
        assert_eq!(host.read("/etc/sudoers.d/bo"), before);
        drop(editor.stdin.take());
        editor.wait().unwrap();
    }
    host.apply(&planned).unwrap();
    assert_gone(&host.look(&rule));
}

/// Closing any descriptor of a locked file ends its lock, so that reads keep theirs open.
#[test]
fn lock_of_sudoers_outlives_reads() {
    let host = Host::debian();
    let hosts = host.open();
    let held = lock::acquire(&hosts.root, &all_locks(), Duration::ZERO).unwrap();
    let read = hosts.root.read("/etc/sudoers").unwrap();
    let (directory, name) = hosts.root.parent("/etc/sudoers").unwrap();
    hosts.root.keep(staged(&directory, name, &temporary(name), "/etc/sudoers", &read.bytes).unwrap());
    let script = "import fcntl,sys; fcntl.lockf(open(sys.argv[1],'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)";
    let mut other = Command::new("python3");
    other.args(["-c", script]).arg(host.path("/etc/sudoers")).stderr(std::process::Stdio::null());
    let Ok(status) = other.status() else { return };
    assert!(!status.success(), "the lock is held");
    drop(held);
    assert!(other.status().unwrap().success(), "the lock is released");
}
