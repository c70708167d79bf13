//! Tests of systems that refuse, are locked, are broken, or were manipulated by a user.

use super::*;
use crate::connector::hosts::{atomic_replace, config::OptionalFile};
use std::os::unix::fs::{MetadataExt, symlink};

fn revoke_svc(host: &Host) -> ActionSpec {
    host.plan(AccessChange::Revoke {}, &host.grant(GrantKind::Membership, &["membership:gid:27", "svc"]))
}

#[test]
fn read_only_file_is_not_replaced() {
    let host = Host::debian();
    let planned = revoke_svc(&host);
    let before = (host.read("/etc/group"), host.read("/etc/gshadow"));
    fs::set_permissions(host.path("/etc/group"), fs::Permissions::from_mode(0o444)).unwrap();
    let error = host.apply(&planned).unwrap_err();
    assert_eq!(error.to_string(), "the target refused: write permission on /etc/group, which is read-only (0444)");
    assert_eq!(error.class(), "forbidden");
    assert_eq!((host.read("/etc/group"), host.read("/etc/gshadow")), before);
    assert_present(&host.look(&planned.grant), &["svc is a member in /etc/group"]);
}

#[test]
fn missing_or_unreadable_file_is_an_error() {
    for file in ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers"] {
        let host = Host::debian();
        let grant = revoke_svc(&host).grant;
        fs::remove_file(host.path(file)).unwrap();
        assert!(matches!(host.try_inventory(), Err(ConnectorError::NotFound(_))), "{file}");
        assert!(host.look(&grant).access.is_err(), "{file}");
        fs::create_dir(host.path(file)).unwrap();
        assert!(matches!(host.try_inventory(), Err(ConnectorError::Permanent(_))), "{file}");
    }
    let mut host = Host::debian();
    fs::remove_file(host.path("/etc/sudoers")).unwrap();
    host.config.absent = vec![OptionalFile::Sudoers];
    assert!(host.try_inventory().is_ok());
    host.config.absent = vec![OptionalFile::Gshadow];
    assert!(matches!(host.try_inventory(), Err(ConnectorError::Permanent(_))));
}

#[test]
fn empty_file_does_not_confirm_absence() {
    let host = Host::debian();
    let grant = revoke_svc(&host).grant;
    fs::write(host.path("/etc/passwd"), "").unwrap();
    fs::write(host.path("/etc/group"), "").unwrap();
    assert!(host.look(&grant).access.is_err());
}

#[test]
fn lock_of_another_process_times_out() {
    let host = Host::debian();
    let planned = revoke_svc(&host);
    for lock in ["/etc/passwd.lock", "/etc/gshadow.lock"] {
        // Process 1 is always running.
        fs::write(host.path(lock), "1\0").unwrap();
        assert!(matches!(host.apply(&planned), Err(ConnectorError::Transient(why)) if why.contains(lock)));
        fs::remove_file(host.path(lock)).unwrap();
    }
    let rule = host.grant(GrantKind::Rule, &["gid:27"]);
    let rule = host.plan(AccessChange::Revoke {}, &rule);
    fs::write(host.path("/etc/sudoers.tmp"), "# another edit\n").unwrap();
    assert!(matches!(host.apply(&rule), Err(ConnectorError::Transient(why)) if why.contains("sudoers.tmp")));
    fs::remove_file(host.path("/etc/sudoers.tmp")).unwrap();
    host.apply(&planned).unwrap();
    host.apply(&rule).unwrap();
    let left: Vec<_> =
        fs::read_dir(host.path("/etc")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(
        left.iter().all(|name| !name.contains("tenure") && !name.ends_with(".lock") || name == ".pwd.lock"),
        "{left:?}"
    );
}

#[test]
fn locks_of_a_dead_process_are_removed() {
    let host = Host::debian();
    let planned = revoke_svc(&host);
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let dead = child.id();
    child.wait().unwrap();
    fs::write(host.path("/etc/group.lock"), format!("{dead}\0")).unwrap();
    fs::write(host.path("/etc/.group.tenure"), "half a fi").unwrap();
    host.apply(&planned).unwrap();
    assert_gone(&host.look(&planned.grant));
    assert!(!host.path("/etc/.group.tenure").exists() && !host.path("/etc/group.lock").exists());
}

#[test]
fn file_changed_after_reading_is_not_replaced() {
    let host = Host::debian();
    let hosts = host.open();
    let old = hosts.root.read("/etc/group").unwrap();
    host.change("/etc/group", "adm:x:4:ana", "adm:x:4:ana,bo");
    let answer = atomic_replace::replace(&hosts.root, "/etc/group", &old, b"root:x:0:\n");
    assert!(matches!(answer, Err(ConnectorError::PreconditionFailed(_))), "{answer:?}");
    assert!(host.read("/etc/group").contains("adm:x:4:ana,bo"));
    assert!(!host.path("/etc/.group.tenure").exists());
}

#[test]
fn grant_changed_since_planning_is_not_changed() {
    let host = Host::debian();
    let planned = revoke_svc(&host);
    host.change("/etc/sudoers", "%sudo\tALL=(ALL:ALL) ALL", "%sudo\tALL=(ALL:ALL) NOPASSWD: ALL");
    assert!(matches!(host.apply(&planned), Err(ConnectorError::PreconditionFailed(_))));
    assert!(host.read("/etc/group").contains("ana,svc"));
}

#[test]
fn intent_is_valid_for_its_action_only() {
    let host = Host::debian();
    let planned = revoke_svc(&host);
    let other = crate::model::ActionId::parse("act-00000000000000000000000000000001").unwrap();
    let answer = host.open().apply(&Action::new(planned), Intent::recorded(other, 1), &UnconfiguredSink);
    assert!(matches!(answer, Err(ConnectorError::Permanent(_))));
}

#[test]
fn links_and_shared_files_are_not_replaced() {
    let host = Host::debian();
    let planned = revoke_svc(&host);
    fs::hard_link(host.path("/etc/group"), host.path("/etc/group.twin")).unwrap();
    assert!(matches!(host.apply(&planned), Err(ConnectorError::Permanent(why)) if why.contains("2 hard links")));
    fs::remove_file(host.path("/etc/group.twin")).unwrap();
    fs::rename(host.path("/etc/group"), host.path("/etc/group.real")).unwrap();
    symlink("/etc/group.real", host.path("/etc/group")).unwrap();
    assert!(matches!(host.apply(&planned), Err(ConnectorError::Permanent(why)) if why.contains("link")));
}

#[test]
fn user_files_cannot_redirect_or_block_the_reader() {
    let host = Host::debian();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), format!("{KEY} outside\n")).unwrap();
    fs::create_dir_all(host.path("/home/bo/.ssh")).unwrap();
    symlink(outside.path().join("secret"), host.path("/home/bo/.ssh/authorized_keys")).unwrap();
    let fifo = host.path("/home/bo/.ssh/authorized_keys2");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let inventory = host.inventory();
    assert!(inventory.of_principal("uid:1002").all(|grant| grant.kind != GrantKind::Credential));
    let spots = host.open().validate().unwrap().blind_spots;
    assert_eq!(
        spots,
        ["/home/bo/.ssh/authorized_keys2 cannot be read: it is not a regular file, too large, or access is denied"]
    );
}

#[test]
fn text_of_a_user_is_escaped() {
    let host = Host::debian();
    host.file(
        "/home/bo/.ssh/authorized_keys",
        0o600,
        &[&format!("{KEY} \u{1b}[2Jroot \u{202e}gpj"), "secret text that is no key"],
    );
    let key = host.grant(GrantKind::Credential, &["uid:1002"]);
    assert_eq!(key.entitlement.name, "ssh as bo with \\u{1b}[2Jroot \\u{202e}gpj");
    let health = host.open().validate().unwrap();
    assert_eq!(health.blind_spots, ["line 2 of /home/bo/.ssh/authorized_keys cannot be parsed"]);
}

#[test]
fn edit_keeps_mode_owner_and_attributes() {
    let host = Host::debian();
    let group = host.path("/etc/group");
    fs::set_permissions(&group, fs::Permissions::from_mode(0o664)).unwrap();
    let root = rustix::process::geteuid().is_root();
    if root {
        std::os::unix::fs::chown(&group, Some(12), Some(34)).unwrap();
    }
    let label = rustix::fs::setxattr(&group, "user.label", b"kept", rustix::fs::XattrFlags::empty());
    host.apply(&revoke_svc(&host)).unwrap();
    let after = fs::metadata(&group).unwrap();
    assert_eq!(after.mode() & 0o7777, 0o664);
    if root {
        assert_eq!((after.uid(), after.gid()), (12, 34));
    }
    if label.is_ok() {
        let mut value = [0; 16];
        assert_eq!(rustix::fs::getxattr(&group, "user.label", &mut value[..]), Ok(4));
    }
}

#[test]
fn control_total_is_counted_independently() {
    let host = Host::debian();
    host.change("/etc/passwd", "bo:x:", "broken line\n+::::::\n# bo:x:1:1:::\nbo:x:");
    let total = host.open().control_totals().unwrap();
    let accounts = host.inventory().grants().filter(|grant| grant.kind == GrantKind::Account).count();
    assert_eq!((total[0].kind, total[0].count), (GrantKind::Account, accounts as u64));
    let awk = total[0].source.replace("/etc/passwd", host.path("/etc/passwd").to_str().unwrap());
    let counted = std::process::Command::new("sh").args(["-c", &awk]).output().unwrap();
    assert_eq!(String::from_utf8(counted.stdout).unwrap().trim(), total[0].count.to_string());
}
