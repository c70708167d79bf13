//! Tests of inputs that sshd, sudo and the C library accept, and of objects that cannot be read.

use super::*;
use std::{
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

fn credentials(host: &Host) -> Vec<(String, String)> {
    let inventory = host.inventory();
    let keys = inventory.grants().filter(|grant| grant.kind == GrantKind::Credential);
    keys.map(|key| (key.principal.name.clone(), key.attribute("file").unwrap().to_owned())).collect()
}

fn found(holder: &str, file: &str) -> Vec<(String, String)> {
    vec![(holder.to_owned(), file.to_owned())]
}

/// Case k06.
#[test]
fn quoted_key_path_is_read() {
    let host = Host::debian();
    host.file("/etc/ssh/sshd_config", 0o644, &["AuthorizedKeysFile \"/etc/ssh/key dir/%u\""]);
    host.file("/etc/ssh/key dir/bo", 0o644, &[&format!("{KEY} bo")]);
    assert_eq!(credentials(&host), found("bo", "/etc/ssh/key dir/bo"));
    let key = host.grant(GrantKind::Credential, &["uid:1002"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &key));
}

/// Case x2, and an include within a `Match` block.
#[test]
fn includes_match_in_any_component() {
    let host = Host::debian();
    host.file("/etc/ssh/sshd_config", 0o644, &["Include /etc/ssh/*.d/k*.conf", "AuthorizedKeysFile none"]);
    host.file("/etc/ssh/keys.d/k1.conf", 0o644, &["AuthorizedKeysFile /etc/keys/%u"]);
    host.file("/etc/keys/bo", 0o644, &[&format!("{KEY} bo")]);
    assert_eq!(credentials(&host), found("bo", "/etc/keys/bo"));
    host.file(
        "/etc/ssh/sshd_config",
        0o644,
        &["AuthorizedKeysFile none", "Match User bo", "  Include keys.d/[j-l]?.conf"],
    );
    assert_eq!(credentials(&host), found("bo", "/etc/keys/bo"));
}

/// Cases k11 and k12.
#[test]
fn key_lines_in_every_accepted_form_are_grants() {
    let host = Host::debian();
    let path = host.path("/home/svc/.ssh/authorized_keys");
    let mut text = format!("{}\r\n", KEY.replace(' ', "\t  ")).into_bytes();
    text.extend_from_slice(format!("{OTHER_KEY} Andr").as_bytes());
    text.extend_from_slice(b"\xe9\n");
    fs::write(&path, &text).unwrap();
    assert_eq!(credentials(&host).len(), 2);
    assert!(host.open().validate().unwrap().blind_spots.is_empty());
    let key = host.grant(GrantKind::Credential, &["uid:1001", &fingerprint_of(OTHER_KEY)]);
    assert_eq!(key.entitlement.name, "ssh as svc with Andr\u{e9}");
    let planned = host.plan(AccessChange::Reduce { to: "restrict".to_owned() }, &key);
    host.apply(&planned).unwrap();
    let wanted = [&text[..text.len() - OTHER_KEY.len() - 7], b"restrict ", &text[text.len() - OTHER_KEY.len() - 7..]];
    assert_eq!(fs::read(&path).unwrap(), wanted.concat(), "the comment keeps its bytes");
    let key = host.grant(GrantKind::Credential, &["uid:1001", &fingerprint_of(KEY)]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &key));
}

fn fingerprint_of(line: &str) -> String {
    ssh_key::PublicKey::from_openssh(line).unwrap().fingerprint(ssh_key::HashAlg::Sha256).to_string()
}

/// Case s11, with other lines of that kind, as the C library of this machine reads them.
#[test]
fn memberships_agree_with_the_c_library() {
    let host = Host::debian();
    let extra =
        "sudo:x:27:ana, svc\n  staff:x:50:bo\nnone:x: 51\n#docker:x:998:svc\n# was:x:52:bo\nlate:x:53:bo ,svc\n";
    host.change("/etc/group", "sudo:x:27:ana,svc\n", extra);
    let inventory = host.inventory();
    let Some(jail) = Jail::with("getent") else { return };
    for file in ["/etc/passwd", "/etc/group"] {
        fs::copy(host.path(file), jail.0.path().join(&file[1..])).unwrap();
    }
    for (name, uid) in [("ana", 1000), ("svc", 1001), ("bo", 1002)] {
        let output = jail.run("getent", &["initgroups", name]);
        let mut theirs: Vec<String> = output.split_whitespace().skip(1).map(|gid| format!("gid:{gid}")).collect();
        theirs.sort();
        let memberships = inventory.of_principal(&format!("uid:{uid}")).filter(|g| g.kind == GrantKind::Membership);
        let mut ours: Vec<String> = memberships
            .filter(|grant| grant.attribute("primary").is_none())
            .map(|grant| grant.entitlement.id.clone())
            .collect();
        ours.sort();
        assert_eq!(ours, theirs, "{name}");
    }
}

/// A root directory with one program of this machine and the C library alone, to ask it about files.
struct Jail(tempfile::TempDir);

impl Jail {
    /// Returns a jail, or `None` where the program or the right to use it is missing.
    fn with(program: &str) -> Option<Self> {
        let path = Path::new("/usr/bin").join(program);
        let libraries = Command::new("ldd").arg(&path).output().ok().filter(|output| output.status.success())?;
        let dir = tempfile::tempdir().unwrap();
        let libraries = String::from_utf8(libraries.stdout).unwrap();
        let words = libraries.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
        for file in words.chain([path]) {
            let copy = dir.path().join(file.strip_prefix("/").unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(&file, copy).ok()?;
        }
        fs::create_dir_all(dir.path().join("etc")).unwrap();
        fs::write(dir.path().join("etc/nsswitch.conf"), "passwd: files\ngroup: files\n").unwrap();
        let mut command = Command::new("chroot");
        command.arg(dir.path()).args(["/usr/bin/getent", "--help"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()).then_some(Self(dir))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("chroot");
        let output = command.arg(self.0.path()).arg(format!("/usr/bin/{program}")).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn member_behind_a_number_sign_is_removed() {
    let host = Host::debian();
    host.change("/etc/group", "sudo:x:27:ana,svc\n", "#sudo:x:27:ana,svc\nsudo:x:27:ana\n");
    let grant = host.grant(GrantKind::Membership, &["%23sudo", "svc"]);
    assert_eq!(grant.tier, Tier::T0);
    host.carry_out(AccessChange::Revoke {}, &grant);
    assert!(host.read("/etc/group").contains("\n#sudo:x:27:ana\nsudo:x:27:ana\n"));
}

/// Case v12.
#[test]
fn home_of_root_without_a_shell_shares_no_keys() {
    let host = Host::debian();
    host.change("/etc/passwd", "daemon:x:1:1:", "operator:x:11:0:operator:/root:/sbin/nologin\ndaemon:x:1:1:");
    host.file("/root/.ssh/authorized_keys", 0o600, &[&format!("{KEY} admin")]);
    let key = host.grant(GrantKind::Credential, &["uid:0"]);
    let planned = host.plan(AccessChange::Revoke {}, &key);
    assert!(planned.loses.iter().any(|loss| loss.principal == "operator"), "{:?}", planned.loses);
    // From the other account the file is that of root.
    let other = host.grant(GrantKind::Credential, &["uid:11:"]);
    assert_eq!(other.attribute("shared"), Some("yes"));
    host.apply(&planned).unwrap();
    assert_gone(&host.look(&key));
}

#[test]
fn home_of_root_that_others_can_use_shares_its_keys() {
    let host = Host::debian();
    host.change("/etc/passwd", "daemon:x:1:1:", "agent:x:11:11::/root:/bin/sh\ndaemon:x:1:1:");
    host.file("/root/.ssh/authorized_keys", 0o644, &[&format!("{KEY} admin")]);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // The directory of the test belongs to one user.
    fs::set_permissions(host.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let shared = || host.grant(GrantKind::Credential, &["uid:0"]).attribute("shared").map(str::to_owned);
    assert_eq!(shared().as_deref(), Some("yes"));
    fs::set_permissions(host.path("/root/.ssh"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(shared(), None);
}

/// Case s19.
#[test]
fn directory_included_twice_is_read_once() {
    let host = Host::debian();
    host.change(
        "/etc/sudoers",
        "@includedir /etc/sudoers.d\n",
        "@includedir /etc/sudoers.d\n#includedir /etc/sudoers.d\n",
    );
    host.file("/etc/sudoers.d/bo", 0o440, &["bo ALL=(root) /usr/bin/id"]);
    let rule = host.grant(GrantKind::Rule, &["/etc/sudoers.d/bo"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &rule));
}

#[test]
fn sudoers_that_include_themselves_are_read() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/bo", 0o440, &["@include /etc/sudoers", "@include bo", "bo ALL=(root) /usr/bin/id"]);
    host.grant(GrantKind::Rule, &["/etc/sudoers.d/bo"]);
    let spots = host.open().validate().unwrap().blind_spots;
    assert!(spots.iter().any(|spot| spot.contains("/etc/sudoers includes itself")), "{spots:?}");
}

/// sudo skips these objects, so that no rule is in doubt.
#[test]
fn dangling_link_fifo_and_missing_include_are_named() {
    let host = Host::debian();
    host.change("/etc/sudoers", "@includedir", "@include /etc/sudoers.local\n@includedir");
    symlink("/etc/nothing", host.path("/etc/sudoers.d/dangling")).unwrap();
    let fifo = host.path("/etc/sudoers.d/fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    host.file("/etc/sudoers.d/bo", 0o440, &["bo ALL=(root) /usr/bin/id"]);
    let spots = host.open().validate().unwrap().blind_spots.join("\n");
    for name in ["/etc/sudoers.local", "/etc/sudoers.d/dangling", "/etc/sudoers.d/fifo"] {
        assert!(spots.contains(name), "{spots}");
    }
    let rule = host.grant(GrantKind::Rule, &["/etc/sudoers.d/bo"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &rule));
}

/// A link to itself represents a file that cannot be read, because root ignores permission bits.
#[test]
fn unreadable_home_leaves_other_accounts() {
    let host = Host::debian();
    symlink("bo", host.path("/home/bo")).unwrap();
    symlink("authorized_keys2", host.path("/home/svc/.ssh/authorized_keys2")).unwrap();
    assert_eq!(credentials(&host).len(), 2);
    let spots = host.open().validate().unwrap().blind_spots.join("\n");
    assert!(spots.contains("/home/bo/.ssh/authorized_keys cannot be read"), "{spots}");
    let key = host.grant(GrantKind::Credential, &["uid:1001", &fingerprint_of(KEY)]);
    let left = host.carry_out(AccessChange::Revoke {}, &key);
    assert!(left.access.unwrap_err().contains("/home/svc/.ssh/authorized_keys2"), "a file of the account is unread");
}
