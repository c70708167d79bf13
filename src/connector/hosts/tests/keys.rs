//! Tests of SSH keys: removal, restriction, expiry and rotation.

use super::*;
use std::{
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
};

const FILE: &str = "/home/svc/.ssh/authorized_keys";

fn first(host: &Host) -> Grant {
    host.grant(GrantKind::Credential, &["uid:1001:svc", &fingerprint(KEY)])
}

/// Returns the fingerprint as printed by ssh-keygen, a second implementation.
fn fingerprint(line: &str) -> String {
    use std::io::Write;
    let mut child = Command::new("ssh-keygen")
        .args(["-l", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    let answer = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[test]
fn key_is_removed_and_other_keys_are_kept() {
    let host = Host::debian();
    let key = first(&host);
    assert_eq!(key.attribute("type"), Some("ssh-ed25519"));
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &key));
    assert_eq!(host.read(FILE), format!("# keys\n{OTHER_KEY} backup\n"));
    assert_eq!(fs::metadata(host.path(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn second_line_with_the_key_keeps_the_access() {
    let host = Host::debian();
    let key = first(&host);
    host.file("/home/svc/.ssh/authorized_keys2", 0o600, &[&format!("no-pty {KEY} once more")]);
    let sighting = host.carry_out(AccessChange::Revoke {}, &key);
    assert_present(&sighting, &["/home/svc/.ssh/authorized_keys2 lists SHA256:"]);
}

#[test]
fn key_files_follow_sshd_config() {
    let host = Host::debian();
    host.file(
        "/etc/ssh/sshd_config",
        0o644,
        &["Include /etc/ssh/sshd_config.d/*.conf", "Match User bo", "AuthorizedKeysFile /etc/keys/%u"],
    );
    host.file(
        "/etc/ssh/sshd_config.d/a.conf",
        0o644,
        &["AuthorizedKeysFile .ssh/mine", "TrustedUserCAKeys /etc/ssh/ca.pub"],
    );
    host.file("/etc/keys/bo", 0o644, &[&format!("{KEY} bo@home")]);
    host.file("/home/ana/.ssh/mine", 0o600, &[&format!("{OTHER_KEY} ana@home")]);
    let inventory = host.inventory();
    let keys = inventory.grants().filter(|grant| grant.kind == GrantKind::Credential);
    let holders: Vec<_> = keys.map(|grant| grant.principal.name.as_str()).collect();
    assert_eq!(holders, ["ana", "bo"], "the file of svc is no longer used by sshd");
    assert!(host.open().validate().unwrap().blind_spots[0].contains("TrustedUserCAKeys"));
}

#[test]
fn key_options_are_only_restricted() {
    let host = Host::debian();
    let key = first(&host);
    let options = "restrict,command=\"/usr/bin/backup --to \\\"a b\\\"\",from=\"10.0.0.0/8\"";
    let planned = host.plan(AccessChange::Reduce { to: options.to_owned() }, &key);
    host.apply(&planned).unwrap();
    assert_shows(&planned, &host.look(&key));
    assert!(host.read(FILE).contains(&format!("\n{options} {KEY} ci@build\n")));
    let limited = first(&host);
    for more in [
        "restrict",
        "from=\"10.0.0.0/8\"",
        &format!("{options},pty"),
        &format!("{options},environment=\"A=b\""),
        "x",
        "restrict,command=\"/bin/sh\",from=\"10.0.0.0/8\"",
    ] {
        let change = AccessChange::Reduce { to: more.to_owned() };
        assert!(matches!(host.plan_change(&change, &limited), Err(UnsupportedChangeError::Harm { .. })), "{more}");
    }
}

#[test]
fn disabled_key_has_expired() {
    let host = Host::debian();
    let key = first(&host);
    let planned = host.plan(AccessChange::Disable {}, &key);
    host.apply(&planned).unwrap();
    assert_shows(&planned, &host.look(&key));
    assert!(host.read(FILE).contains(&format!("\nexpiry-time=\"19700102\" {KEY} ci@build\n")));
}

#[test]
fn new_key_is_verified_before_the_old_one_is_removed() {
    let host = Host::debian();
    host.change(FILE, KEY, &format!("no-pty {KEY}"));
    let key = first(&host);
    let planned = host.plan(AccessChange::Rotate {}, &key);
    assert_eq!(planned.expects, ExpectedState::Replaced);
    let drawer = Drawer::default();
    let receipt = host.apply_with(&planned, &drawer).unwrap();
    assert_gone(&host.look(&key));
    let kept = drawer.0.lock().unwrap();
    let [(label, secret)] = &kept[..] else { panic!("{}", kept.len()) };
    // A second implementation derives the public part from the secret in the sink.
    let private = ssh_key::PrivateKey::from_openssh(secret).unwrap();
    let public = private.public_key().to_openssh().unwrap();
    assert_eq!(host.read(FILE), format!("# keys\n{OTHER_KEY} backup\nno-pty {public}\n"));
    let successor = receipt.successor.unwrap();
    assert!(successor.as_str().ends_with(&fingerprint(&public)));
    assert!(host.inventory().grant(&successor).is_some());
    assert_eq!(label, &format!("uid:1001:svc {}", fingerprint(&public)));
    assert!(!receipt.text.contains("PRIVATE") && receipt.deposited.as_deref() == Some("drawer/1"));
}

#[test]
fn interrupted_rotation_continues_with_its_key() {
    let host = Host::debian();
    let key = first(&host);
    let planned = host.plan(AccessChange::Rotate {}, &key);
    let drawer = Drawer::default();
    // The first attempt ends after the new key is added, as if the machine had stopped.
    let half = ActionSpec { operations: planned.operations[..1].to_vec(), ..planned.clone() };
    let first_try = host.apply_with(&half, &drawer).unwrap();
    assert!(host.read(FILE).contains(KEY));
    let second_try = host.apply_with(&planned, &drawer).unwrap();
    assert_eq!(drawer.0.lock().unwrap().len(), 1, "no second key");
    assert_eq!(first_try.successor, second_try.successor);
    assert_gone(&host.look(&key));
}

#[test]
fn rotation_without_a_sink_makes_no_change() {
    let host = Host::debian();
    let (before, key) = (host.read(FILE), first(&host));
    assert!(matches!(host.apply(&host.plan(AccessChange::Rotate {}, &key)), Err(ConnectorError::Permanent(_))));
    assert_eq!(host.read(FILE), before);
}

#[test]
fn shared_key_file_is_not_edited() {
    let host = Host::debian();
    // A link of bo leads sshd and the connector to the keys of svc.
    fs::create_dir_all(host.path("/home/bo")).unwrap();
    std::os::unix::fs::symlink("/home/svc/.ssh", host.path("/home/bo/.ssh")).unwrap();
    let before = host.read(FILE);
    for account in ["uid:1002:bo", "uid:1001:svc"] {
        let key = host.grant(GrantKind::Credential, &[account, &fingerprint(KEY)]);
        let refusal = host.plan_change(&AccessChange::Revoke {}, &key).unwrap_err();
        assert!(
            matches!(&refusal, UnsupportedChangeError::Harm { why, .. } if why.contains("other accounts")),
            "{refusal:?}"
        );
    }
    assert_eq!(host.read(FILE), before);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // With its real owner, sshd would not use the file for bo, so a key of svc can be removed.
    std::os::unix::fs::chown(host.path(FILE), Some(1001), Some(1001)).unwrap();
    let key = host.grant(GrantKind::Credential, &["uid:1002:bo", &fingerprint(KEY)]);
    assert_eq!(key.attribute("owner"), Some("uid:1001"));
    assert!(matches!(host.plan_change(&AccessChange::Revoke {}, &key), Err(UnsupportedChangeError::Harm { .. })));
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &first(&host)));
    assert_eq!(fs::metadata(host.path(FILE)).unwrap().uid(), 1001);
}
