//! Access by other means than the rules of sudo: groups, doas, sshd, other names of a program, set-user-id programs, jobs.

use super::remaining::{Judged, assert_judged, base};
use super::*;
use std::os::unix::fs::symlink;

/// Returns a host on which bob leaves a group, and the membership.
fn leaving(gid: &str) -> (Host, Grant) {
    let host = base();
    let grant = host.membership(gid, "bob");
    (host, grant)
}

#[test]
fn c5_group_taken_by_sudo_is_named() {
    for (rule, wanted) in [
        ("bob ALL=(:ops) NOPASSWD: ALL", Judged::StillPresent),
        ("bob ALL=(carl:#2001) NOPASSWD: ALL", Judged::StillPresent),
        ("bob ALL=(:ops) /usr/bin/id", Judged::StillPresent),
        ("bob ALL=(:docker) ALL", Judged::Confirmed),
        ("bob ALL=(carl) ALL", Judged::Confirmed),
    ] {
        let (host, grant) = leaving("2001");
        host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
        host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
        host.change("/etc/group", "ops:x:2001:bob,carl", "ops:x:2001:bob");
        host.change("/etc/gshadow", "ops:!::bob,carl", "ops:!::bob");
        host.rules(&[rule]);
        let word = if wanted == Judged::Confirmed { "" } else { "with the group ops" };
        assert_judged(host.judged(AccessChange::Revoke {}, &grant), wanted, word);
    }
}

#[test]
fn a6_same_program_by_another_name_is_not_confirmed() {
    let host = base();
    symlink("vim.basic", host.path("/usr/bin/vi")).unwrap();
    host.file("/usr/bin/vim.basic", 0o755, &["vim"]);
    host.file("/etc/sudoers.d/lost", 0o440, &["carl ALL=(root) /usr/bin/vi"]);
    host.rules(&["carl ALL=(root) /usr/bin/vim.basic"]);
    let grant = host.grant(GrantKind::Rule, &["sudoers.d/lost"]);
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Unknown, "is the same program as /usr/bin/vi");
    // A reduction to the other name is what was decided.
    host.rules(&["carl ALL=(root) /usr/bin/vi, /usr/bin/vim.basic"]);
    let grant = host.grant(GrantKind::Rule, &["sudoers.d/rules"]);
    let to = AccessChange::Reduce { to: "/usr/bin/vi".to_owned() };
    assert_judged(host.judged(to, &grant), Judged::Confirmed, "");
}

#[test]
fn a6_commands_of_one_shared_program_are_different() {
    let host = base();
    host.file("/bin/busybox", 0o755, &["busybox"]);
    for name in ["ping", "reboot"] {
        symlink("busybox", host.path(&format!("/usr/bin/{name}"))).unwrap();
    }
    host.file("/etc/sudoers.d/lost", 0o440, &["carl ALL=(root) /usr/bin/reboot"]);
    host.rules(&["carl ALL=(root) /usr/bin/ping"]);
    let grant = host.grant(GrantKind::Rule, &["sudoers.d/lost"]);
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Confirmed, "");
}

#[test]
fn rule_of_doas_for_a_group_is_compared() {
    for (left, wanted) in [
        ("permit bob", Judged::StillPresent),
        ("permit bob as www-data", Judged::Confirmed),
        ("permit :bob as root cmd /usr/bin/id", Judged::StillPresent),
    ] {
        let (host, grant) = leaving("2001");
        host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
        host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
        host.file("/etc/doas.conf", 0o400, &["permit :ops as root", left]);
        assert_judged(host.judged(AccessChange::Revoke {}, &grant), wanted, "");
    }
}

#[test]
fn denial_of_doas_for_a_group_is_not_left() {
    let (host, grant) = leaving("2001");
    host.file("/etc/doas.conf", 0o400, &["permit bob as root cmd /usr/bin/id", "deny :ops"]);
    let refused = host.plan_change(&AccessChange::Revoke {}, &grant).unwrap_err();
    let UnsupportedChangeError::Harm { why, instead } = refused else { panic!("{refused:?}") };
    assert!(why.contains("bob would gain /usr/bin/id as root"), "{why}");
    assert!(instead.contains("/etc/doas.conf:1"), "{instead}");
}

#[test]
fn group_taken_by_sudo_has_its_rules_of_doas() {
    let host = base();
    host.file("/etc/doas.conf", 0o400, &["permit nopass :docker as root"]);
    host.rules(&["bob ALL=(:docker) NOPASSWD: ALL"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "with the group docker");
}

#[test]
fn group_with_root_by_its_software_is_named() {
    let host = base();
    host.change("/etc/group", "docker:x:998:", "docker:x:998:bob");
    let grant = host.membership("27", "bob");
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    assert!(planned.survives.iter().any(|one| one.text.contains("docker")), "{:?}", planned.survives);
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "is in docker");
}

#[test]
fn group_of_polkit_is_not_confirmed_beside_another_rule() {
    for (left, wanted) in [("", Judged::Confirmed), ("if (subject.user == \"bob\") return 1;", Judged::Unknown)] {
        let (host, grant) = leaving("2001");
        host.file("/etc/polkit-1/rules.d/10.rules", 0o644, &["if (subject.isInGroup(\"ops\")) return 1;", left]);
        assert_judged(host.judged(AccessChange::Revoke {}, &grant), wanted, "");
    }
}

#[test]
fn login_by_a_group_of_sshd_is_compared() {
    for (settings, wanted) in [
        (&["AllowGroups ops"][..], Judged::Confirmed),
        (&["AllowGroups ops bob"], Judged::StillPresent),
        (&["AllowGroups ops", "Match User b*", "AllowGroups bob"], Judged::StillPresent),
        (&["AllowGroups ops", "Match Address 10.0.0.0/8", "AllowGroups bob"], Judged::Unknown),
    ] {
        let (host, grant) = leaving("2001");
        host.file("/etc/ssh/sshd_config", 0o644, settings);
        assert_judged(host.judged(AccessChange::Revoke {}, &grant), wanted, "");
    }
}

#[test]
fn restriction_of_sshd_for_a_group_is_not_left() {
    for settings in [
        &["DenyGroups ops"][..],
        &["Match Group ops", "ForceCommand internal-sftp"],
        &["Match Group ops", "ChrootDirectory /srv/sftp"],
    ] {
        let (host, grant) = leaving("2001");
        let planned = host.plan(AccessChange::Revoke {}, &grant);
        host.file("/etc/ssh/sshd_config", 0o644, settings);
        let refused = host.plan_change(&AccessChange::Revoke {}, &grant).unwrap_err();
        assert!(
            matches!(&refused, UnsupportedChangeError::Harm { why, instead }
            if why.contains("bob would gain") && instead.contains("sshd_config")),
            "{refused:?}"
        );
        let refused = host.apply(&planned).unwrap_err();
        assert!(
            matches!(&refused, ConnectorError::PreconditionFailed(why) if why.contains("bob would gain")),
            "{refused:?}"
        );
    }
}

#[test]
fn c4_match_block_names_the_files_of_keys() {
    let host = base();
    host.file("/home/bob/.ssh/authorized_keys", 0o600, &[&format!("{KEY} bob")]);
    host.file("/home/eve/.ssh/authorized_keys", 0o600, &[&format!("{KEY} eve")]);
    host.file("/etc/ssh/keys/all", 0o644, &[&format!("{OTHER_KEY} all")]);
    let keys = |settings: &[&str]| -> Vec<String> {
        host.file("/etc/ssh/sshd_config", 0o644, settings);
        let inventory = host.inventory();
        let keys = inventory.grants().filter(|grant| grant.kind == GrantKind::Credential);
        keys.map(|grant| format!("{} {}", grant.principal.name, grant.attribute("file").unwrap())).collect()
    };
    let own = ["bob /home/bob/.ssh/authorized_keys", "eve /home/eve/.ssh/authorized_keys"];
    let (bob, eve) = (own[0].to_owned(), own[1].to_owned());
    assert_eq!(keys(&[]), own);
    let other = "bob /etc/ssh/keys/all".to_owned();
    assert_eq!(keys(&["Match User bob", "AuthorizedKeysFile /etc/ssh/keys/all"]), [other.clone(), eve.clone()]);
    assert_eq!(keys(&["Match Group ops", "AuthorizedKeysFile /etc/ssh/keys/%u"]), std::slice::from_ref(&eve));
    let mut unsure = keys(&["Match Group ops,!carl Address 10.0.0.1", "AuthorizedKeysFile /etc/ssh/keys/all"]);
    unsure.retain(|key| !key.starts_with("carl"));
    assert_eq!(unsure, [other, bob, eve]);
}

#[test]
fn c4_files_of_keys_agree_with_sshd() {
    let Some(sshd) = ["/usr/sbin/sshd"].into_iter().find(|path| std::path::Path::new(path).exists()) else { return };
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) || fs::create_dir_all("/run/sshd").is_err() {
        return;
    }
    // The groups are those of this machine: root and daemon are in the groups of their names.
    for settings in [
        "AuthorizedKeysFile /a/%u\nMatch User root\nAuthorizedKeysFile /b/%u\nMatch User *\nAuthorizedKeysFile /c\n",
        "Match Group daemon\nAuthorizedKeysFile /b/%u .ssh/x\nMatch all\nAuthorizedKeysFile /c\n",
        "Match User daemon,ro*\nPermitTTY no\nMatch User *,!root\nAuthorizedKeysFile /d\n",
        "Match Group *,!root\nAuthorizedKeysFile /e\n",
    ] {
        let host = Host::debian();
        host.file("/etc/ssh/sshd_config", 0o644, &[settings]);
        let config = super::super::sshd_config::read(&super::super::root_dir::RootDir::open(&host.path("")).unwrap());
        for (name, home) in [("root", "/root"), ("daemon", "/usr/sbin")] {
            let out = std::process::Command::new(sshd)
                .args(["-T", "-C", &format!("user={name},host=h,addr=10.0.0.1"), "-h"])
                .arg(&key)
                .arg("-f")
                .arg(host.path("/etc/ssh/sshd_config"))
                .output()
                .unwrap();
            let text = String::from_utf8(out.stdout).unwrap();
            let Some(line) = text.lines().find_map(|line| line.strip_prefix("authorizedkeysfile ")) else {
                panic!("{}", String::from_utf8_lossy(&out.stderr));
            };
            let mut theirs: Vec<String> = line
                .split(' ')
                .map(|file| file.replace("%u", name))
                .map(|file| if file.starts_with('/') { file } else { format!("{home}/{file}") })
                .collect();
            theirs.sort();
            let account = format!("{name}:x:1:1::{home}:/bin/sh\n");
            let account = super::super::account_files::accounts(account.as_bytes()).rows.remove(0).value;
            let mut ours = config.key_files(&account, &|name| vec![name.to_owned()]);
            ours.sort();
            assert_eq!(ours, theirs, "{name}\n{settings}");
        }
    }
}

#[test]
fn shell_with_the_set_user_id_bit_keeps_root() {
    let host = base();
    host.file("/usr/local/bin/helper", 0o4755, &["/usr/bin/bash"]);
    host.file("/bin/bash", 0o755, &["/usr/bin/bash"]);
    let spots = host.open().validate().unwrap().blind_spots;
    let metadata = fs::metadata(host.path("/usr/local/bin/helper")).unwrap();
    if std::os::unix::fs::MetadataExt::uid(&metadata) != 0 {
        return;
    }
    assert!(spots.iter().any(|spot| spot.starts_with("/usr/local/bin/helper runs as root")), "{spots:?}");
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "set-user-id");
}

#[test]
fn trusted_hosts_are_blind_spots() {
    let host = base();
    host.file("/home/bob/.rhosts", 0o600, &["client eve"]);
    host.file("/etc/hosts.equiv", 0o644, &["client"]);
    host.file("/etc/ssh/sshd_config", 0o644, &["HostbasedAuthentication yes"]);
    let spots = host.open().validate().unwrap().blind_spots;
    for word in ["/home/bob/.rhosts", "/etc/hosts.equiv", "HostbasedAuthentication"] {
        assert!(spots.iter().any(|spot| spot.contains(word)), "{word} {spots:?}");
    }
}

#[test]
fn system_without_identity_is_a_blind_spot() {
    let host = base();
    assert!(!host.open().validate().unwrap().blind_spots.iter().any(|spot| spot.contains("machine id")));
    fs::remove_file(host.path("/etc/machine-id")).unwrap();
    assert!(host.open().validate().unwrap().blind_spots.iter().any(|spot| spot.contains("machine id")));
}

#[test]
fn jobs_and_tickets_of_a_disabled_account_linger() {
    let host = base();
    host.file("/etc/cron.d/backup", 0o644, &["# x", "0 3 * * * bob /usr/local/bin/backup", "0 4 * * * eve /bin/true"]);
    host.file("/etc/crontab", 0o644, &["@daily bob /usr/local/bin/backup"]);
    host.file("/run/sudo/ts/bob", 0o600, &["ticket"]);
    let grant = host.grant(GrantKind::Account, &["uid:1001:bob"]);
    let (judged, seen) = host.judged(AccessChange::Disable {}, &grant);
    assert_eq!(judged, Judged::Lingering, "{seen:#?}");
    let lingering = seen.access.unwrap().lingering.join("; ");
    for word in ["/etc/cron.d/backup", "/etc/crontab", "/run/sudo/ts/bob"] {
        assert!(lingering.contains(word), "{word} is not in {lingering}");
    }
    let eve = host.grant(GrantKind::Account, &["uid:1002:eve"]);
    let lingering = host.judged(AccessChange::Disable {}, &eve).1.access.unwrap().lingering;
    assert_eq!(lingering, ["the jobs in /etc/cron.d/backup, unless cron asks PAM for the account"]);
}

#[test]
fn ticket_after_a_reduction_to_a_password_lingers() {
    let host = base();
    host.rules(&["carl ALL=(root) NOPASSWD: /usr/bin/id"]);
    host.file("/run/sudo/ts/carl", 0o600, &["ticket"]);
    let grant = host.grant(GrantKind::Rule, &["sudoers.d/rules"]);
    let to = AccessChange::Reduce { to: "PASSWD: /usr/bin/id".to_owned() };
    assert_judged(host.judged(to, &grant), Judged::Lingering, "/run/sudo/ts/carl");
}

#[test]
fn second_name_with_its_own_password_is_said() {
    let host = base();
    let more = "dan:x:1004:1004::/home/dan:/bin/bash\n";
    host.change("/etc/passwd", more, &format!("{more}dan2:x:1004:1004::/home/other:/bin/bash\n"));
    host.change("/etc/shadow", "dan:!:", "dan2:$y$j9T$another.salt$anotherhash:19700:0:99999:7:::\ndan:!:");
    let inventory = host.inventory();
    let grant = inventory.grants().find(|grant| grant.key.as_str() == "account:uid:1004:dan").unwrap();
    assert_judged(host.judged(AccessChange::Disable {}, grant), Judged::Unknown, "dan2");
}

#[test]
fn shell_of_the_system_is_every_command() {
    let host = base();
    host.file("/usr/local/bin/nu", 0o755, &["nu"]);
    host.file("/etc/shells", 0o644, &["/bin/sh", "/usr/local/bin/nu"]);
    host.rules(&["bob ALL=(root) /usr/local/bin/nu"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "as root");
}
