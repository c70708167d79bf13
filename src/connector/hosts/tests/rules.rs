//! Tests of sudo rules: removal, reduction, and other rules with the same privileges.

use super::*;

fn reduce(to: &str) -> AccessChange {
    AccessChange::Reduce { to: to.to_owned() }
}

#[test]
fn rule_is_removed_and_the_rest_of_the_file_is_unchanged() {
    let host = Host::debian();
    host.file(
        "/etc/sudoers.d/ops",
        0o440,
        &[
            "# operations",
            "Cmnd_Alias WEB = /usr/bin/systemctl restart nginx, \\",
            "    /usr/bin/journalctl",
            "bo, svc ALL=(root) NOPASSWD: WEB # for deploys",
        ],
    );
    let before = host.read("/etc/sudoers.d/ops");
    let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops", "uid:1001:svc"]);
    let commands = "(root) NOPASSWD: /usr/bin/systemctl restart nginx, (root) NOPASSWD: /usr/bin/journalctl";
    assert_eq!(grant.attribute("commands"), Some(commands));
    assert_eq!(grant.tier, crate::model::Tier::T1);
    host.change("/etc/group", "sudo:x:27:ana,svc", "sudo:x:27:ana");
    host.change("/etc/gshadow", "sudo:*::ana,svc", "sudo:*::ana");
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &grant));
    assert_eq!(host.read("/etc/sudoers.d/ops"), before.replace("bo, svc ", "bo "));
    assert_eq!(fs::metadata(host.path("/etc/sudoers.d/ops")).unwrap().permissions().mode() & 0o777, 0o440);
    assert!(!host.path("/etc/sudoers.tmp").exists());
}

#[test]
fn key_of_a_rule_is_stable_under_other_edits() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/ops", 0o440, &["bo ALL=(root) /usr/bin/id"]);
    let grant = host.grant(GrantKind::Rule, &["uid:1002:bo"]);
    host.file("/etc/sudoers.d/ops", 0o440, &["# new", "ana ALL=(root) /usr/bin/id", "bo\tALL = /usr/bin/id # why"]);
    let after = host.grant(GrantKind::Rule, &["uid:1002:bo"]);
    assert_eq!((after.key.clone(), after.digest()), (grant.key.clone(), grant.digest()));
    host.file("/etc/sudoers.d/ops", 0o440, &["bo ALL=(root) NOPASSWD: /usr/bin/id"]);
    assert_ne!(host.grant(GrantKind::Rule, &["uid:1002:bo"]).digest(), grant.digest());
}

#[test]
fn rule_is_reduced_for_one_user_only() {
    let host = Host::debian();
    host.change("/etc/group", "docker:x:998:bo", "docker:x:998:");
    host.change("/etc/gshadow", "docker:!::bo", "docker:!::");
    host.file("/etc/sudoers.d/ops", 0o440, &["User_Alias OPS = ana, bo", "OPS ALL=(ALL) NOPASSWD: ALL"]);
    let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops", "uid:1002:bo"]);
    let planned = host.plan(reduce("/usr/bin/id, PASSWD: /usr/bin/ls"), &grant);
    host.apply(&planned).unwrap();
    let rules = "User_Alias OPS = ana, bo\nOPS, !bo ALL=(ALL) NOPASSWD: ALL\nbo ALL=(ALL) NOPASSWD: /usr/bin/id, (ALL) PASSWD: /usr/bin/ls\n";
    assert_eq!(host.read("/etc/sudoers.d/ops"), rules);
    let sighting = host.verify(&planned);
    assert_shows(&planned, &sighting);
    assert!(sighting.is_absent(), "all of it is gone: {sighting:?}");
    assert!(host.apply(&planned).unwrap().already);
}

#[test]
fn reduction_without_effect_is_reported() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/ops", 0o440, &["ana ALL=(ALL) NOPASSWD: ALL"]);
    let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops"]);
    let planned = host.plan(reduce("/usr/bin/id"), &grant);
    assert!(planned.survives[0].text.contains("gives %sudo sudo"), "{:?}", planned.survives);
    host.apply(&planned).unwrap();
    let sighting = host.verify(&planned);
    assert_shows(&planned, &sighting);
    assert_present(&sighting, &["/etc/sudoers:4 gives %sudo sudo (ALL:ALL) ALL"]);
}

#[test]
fn extension_of_a_rule_is_rejected() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/ops", 0o440, &["bo ALL=(root) /usr/bin/id"]);
    let grant = host.grant(GrantKind::Rule, &["uid:1002:bo"]);
    for more in ["ALL", "/usr/bin/ls", "NOPASSWD: /usr/bin/id", "(ALL) /usr/bin/id", "/usr/bin/id\nbo ALL=(ALL) ALL"] {
        assert!(matches!(host.plan_change(&reduce(more), &grant), Err(UnsupportedChangeError::Harm { .. })), "{more}");
    }
}

#[test]
fn b2_reduction_keeps_a_command_for_each_target_user() {
    let host = Host::debian();
    let cases = [
        (
            "(www-data) /usr/bin/id, (root) /usr/bin/id, /usr/bin/w",
            "/usr/bin/id",
            "(www-data) /usr/bin/id, (root) /usr/bin/id",
        ),
        (
            "(www-data) /usr/bin/id, (root) NOPASSWD: ALL",
            "/usr/bin/id",
            "(www-data) /usr/bin/id, (root) NOPASSWD: /usr/bin/id",
        ),
        ("(www-data) /usr/bin/id, (root) /usr/bin/id", "(www-data) /usr/bin/id", "(www-data) /usr/bin/id"),
        ("(ALL) ALL", "(bo) /usr/bin/id, /usr/bin/w", "(bo) /usr/bin/id, (bo) /usr/bin/w"),
        ("(ALL) NOPASSWD: ALL", "PASSWD: /usr/bin/id, /usr/bin/w", "(ALL) /usr/bin/id, (ALL) /usr/bin/w"),
    ];
    for (old, to, new) in cases {
        host.file("/etc/sudoers.d/ops", 0o440, &[&format!("bo ALL={old}")]);
        let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops"]);
        host.apply(&host.plan(reduce(to), &grant)).unwrap();
        assert_eq!(host.read("/etc/sudoers.d/ops"), format!("bo ALL={new}\n"), "{old}");
    }
}

#[test]
fn d4_example_of_a_reduction_is_accepted() {
    let host = Host::debian();
    for rule in ["ALL", "/usr/bin/apt, /usr/bin/dpkg", "/usr/bin/*, !/usr/bin/id", "(www-data) sudoedit /etc/x, /opt/y"]
    {
        host.file("/etc/sudoers.d/ops", 0o440, &[&format!("bo ALL={rule}")]);
        let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops"]);
        let refused = host.plan_change(&reduce("!/opt/unknown"), &grant).unwrap_err();
        let UnsupportedChangeError::Harm { instead, .. } = refused else { panic!("{refused:?}") };
        let example = instead.split('`').nth(1).unwrap();
        host.plan(reduce(example), &grant);
    }
    host.file("/etc/sudoers.d/ops", 0o440, &["bo ALL=/usr/bin/apt"]);
    let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/ops"]);
    let refused = host.plan_change(&reduce("/opt/unknown"), &grant).unwrap_err();
    assert!(matches!(refused, UnsupportedChangeError::Harm { instead, .. } if instead.starts_with("decide `revoke`")));
}

#[test]
fn d4_example_of_key_options_is_accepted() {
    for options in ["", "restrict", "from=\"10.0.0.0/8\",no-pty", "restrict,pty,command=\"/bin/x\""] {
        let host = Host::debian();
        let line = format!("{options}{}{KEY} ci", if options.is_empty() { "" } else { " " });
        host.file("/home/svc/.ssh/authorized_keys", 0o600, &[&line]);
        let grant = host.grant(GrantKind::Credential, &["uid:1001:svc"]);
        let refused = host.plan_change(&reduce("unknown-option"), &grant).unwrap_err();
        let UnsupportedChangeError::Harm { instead, .. } = refused else { panic!("{refused:?}") };
        host.plan(reduce(instead.split('`').nth(1).unwrap()), &grant);
    }
}

#[test]
fn d6_earlier_error_of_a_file_is_named() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/ops", 0o440, &["ana ALL=(root) /usr/bin/w", "bo ALL=(root) /usr/bin/id, usr/bin/w"]);
    let grant = host.grant(GrantKind::Rule, &["uid:1000:ana"]);
    let refused = host.apply(&host.plan(AccessChange::Revoke {}, &grant)).unwrap_err().to_string();
    assert!(
        refused.contains("line 2 of /etc/sudoers.d/ops (an included file) has an error that was there before"),
        "{refused}"
    );
    assert!(refused.contains("visudo -f /etc/sudoers.d/ops"), "{refused}");
}

#[test]
fn all_members_lose_the_rule_of_a_group() {
    let host = Host::debian();
    let grant = host.grant(GrantKind::Rule, &["gid:27:sudo"]);
    let losers: Vec<_> =
        host.plan(AccessChange::Revoke {}, &grant).loses.into_iter().map(|loss| loss.principal).collect();
    assert_eq!(losers, ["%sudo", "ana", "svc"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &grant));
}

#[test]
fn duplicate_rule_is_removed_twice() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/ops", 0o440, &["bo ALL=(root) /usr/bin/id", "bo, ana ALL=(root) /usr/bin/id"]);
    let inventory = host.inventory();
    let twice: Vec<_> = inventory.of_principal("uid:1002").filter(|grant| grant.kind == GrantKind::Rule).collect();
    assert_eq!(twice.len(), 2);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, twice[0]));
    assert_eq!(host.read("/etc/sudoers.d/ops"), "ana ALL=(root) /usr/bin/id\n");
}

#[test]
fn same_rule_in_another_file_keeps_the_access() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/a", 0o440, &["bo ALL=(root) /usr/bin/id"]);
    host.file("/etc/sudoers.d/b", 0o440, &["ALL, !ana ALL=(root) /usr/bin/"]);
    let grant = host.grant(GrantKind::Rule, &["/etc/sudoers.d/a"]);
    assert_present(&host.carry_out(AccessChange::Revoke {}, &grant), &["/etc/sudoers.d/b:1 gives everyone"]);
    host.change("/etc/sudoers.d/b", "!ana", "!bo");
    assert!(host.look(&grant).is_absent());
}

#[test]
fn unparsed_line_is_a_blind_spot() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/ops", 0o440, &["bo ALL=(root) /usr/bin/id", "bo ALL ALL what is this"]);
    let grant = host.grant(GrantKind::Rule, &["uid:1002:bo"]);
    let health = host.open().validate().unwrap();
    assert_eq!(health.blind_spots, ["line 2 of /etc/sudoers.d/ops cannot be parsed"]);
    host.change("/etc/sudoers.d/ops", "bo ALL=(root) /usr/bin/id\n", "");
    let access = host.look(&grant).access;
    assert_eq!(access.unwrap_err(), "line 1 of /etc/sudoers.d/ops cannot be parsed");
}
