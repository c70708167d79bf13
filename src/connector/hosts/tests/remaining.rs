//! Access that is left after a change by another path than the changed line, on a system with real commands.

use super::*;
use crate::model::{Answer, SurvivalKind, Witness, survival};
use std::os::unix::fs::symlink;

/// The judgement of an observation after a change, as the core makes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Judged {
    Confirmed,
    Lingering,
    StillPresent,
    Unknown,
}

/// Returns a host with bob, eve, carl and dan, a rule for the group sudo, and commands.
pub(super) fn base() -> Host {
    let host = Host::debian();
    let users = ["bob:x:1001", "eve:x:1002", "carl:x:1003", "dan:x:1004"];
    let mut passwd =
        vec!["root:x:0:0:root:/root:/bin/bash".to_owned(), "www-data:x:33:33::/var/www:/usr/sbin/nologin".to_owned()];
    let (mut shadow, mut group) =
        (vec!["root:*:19700:0:99999:7:::".to_owned()], vec!["root:x:0:".to_owned(), "www-data:x:33:".to_owned()]);
    for user in users {
        let (name, uid) = user.split_once(":x:").unwrap();
        passwd.push(format!("{user}:{uid}::/home/{name}:/bin/bash"));
        shadow.push(format!("{name}:!:19700:0:99999:7:::"));
        group.push(format!("{name}:x:{uid}:"));
    }
    group.extend(["sudo:x:27:bob".to_owned(), "ops:x:2001:bob,carl".to_owned(), "docker:x:998:".to_owned()]);
    host.lines("/etc/passwd", 0o644, &passwd);
    host.lines("/etc/shadow", 0o640, &shadow);
    host.lines("/etc/group", 0o644, &group);
    let hidden: Vec<String> = group
        .iter()
        .map(|line| {
            let f: Vec<_> = line.split(':').collect();
            format!("{}:!::{}", f[0], f[3])
        })
        .collect();
    host.lines("/etc/gshadow", 0o640, &hidden);
    host.file(
        "/etc/sudoers",
        0o440,
        &["root ALL=(ALL:ALL) ALL", "%sudo ALL=(ALL:ALL) ALL", "@includedir /etc/sudoers.d"],
    );
    for command in ["/usr/bin/id", "/usr/bin/ls", "/usr/bin/w", "/usr/bin/bash", "/usr/sbin/visudo"] {
        host.file(command, 0o755, &[command]);
    }
    symlink("usr/bin", host.path("/bin")).unwrap();
    host.file("/etc/nsswitch.conf", 0o644, &["passwd: files", "group: files", "netgroup: files"]);
    host
}

impl Host {
    fn lines(&self, path: &str, mode: u32, lines: &[String]) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.file(path, mode, &lines);
    }

    pub(super) fn rules(&self, lines: &[&str]) {
        self.file("/etc/sudoers.d/rules", 0o440, lines);
    }

    pub(super) fn membership(&self, group: &str, user: &str) -> Grant {
        self.grant(GrantKind::Membership, &[&format!("membership:gid:{group}:"), &format!(":{user}")])
    }

    fn rule_of(&self, who: &str, commands: &str) -> Grant {
        let inventory = self.inventory();
        let fits = |grant: &&Grant| {
            grant.kind == GrantKind::Rule
                && grant.key.as_str().contains(&format!("{who}:"))
                && grant.attribute("commands") == Some(commands)
        };
        let found: Vec<&Grant> = inventory.grants().filter(fits).collect();
        assert_eq!(
            found.len(),
            1,
            "{who} {commands} in {:#?}",
            inventory
                .grants()
                .map(|g| (g.key.to_string(), g.attribute("commands").map(str::to_owned)))
                .collect::<Vec<_>>()
        );
        found[0].clone()
    }

    /// Makes a change and evaluates the rest, as the core does.
    pub(super) fn judged(&self, change: AccessChange, grant: &Grant) -> (Judged, GrantObservation) {
        let planned = self.plan(change, grant);
        let before = self.verify(&planned).access.unwrap();
        let allowed: Vec<Witness> = before
            .answers
            .iter()
            .filter(|one| matches!(one.answer, Answer::Allowed(_)))
            .map(|one| one.witness.clone())
            .collect();
        self.apply(&planned).unwrap();
        let after = self.open().observe(&TargetQuery::about(&planned).asking(WitnessQuery::Ask(&allowed))).unwrap();
        (judge(&planned, &after), after)
    }
}

pub(super) fn judge(planned: &ActionSpec, after: &GrantObservation) -> Judged {
    let Ok(left) = &after.access else { return Judged::Unknown };
    let kinds: Vec<SurvivalKind> = left.paths.iter().map(|path| survival(path, planned.grant.tier, false)).collect();
    let explained: Vec<&Witness> = left.paths.iter().flat_map(|path| &path.allows).collect();
    let unexplained =
        left.answers.iter().any(|one| matches!(one.answer, Answer::Allowed(_)) && !explained.contains(&&one.witness));
    let shown =
        matches!(planned.expects, ExpectedState::Shows(_)) && !planned.expects.is_shown_by(after.grant.as_ref());
    if kinds.contains(&SurvivalKind::StillPresent) || shown {
        Judged::StillPresent
    } else if kinds.contains(&SurvivalKind::Unknown) {
        Judged::Unknown
    } else if unexplained {
        Judged::StillPresent
    } else if !left.lingering.is_empty() {
        Judged::Lingering
    } else {
        Judged::Confirmed
    }
}

/// Revokes the membership of bob in sudo on a host with these rules beside.
fn bob_leaves_sudo(rules: &[&str]) -> (Judged, GrantObservation) {
    let host = base();
    host.rules(rules);
    let grant = host.membership("27", "bob");
    host.judged(AccessChange::Revoke {}, &grant)
}

/// Revokes one rule of bob on a host on which another one is left.
fn bob_loses(lost: &str, commands: &str, left: &str) -> (Judged, GrantObservation) {
    let host = base();
    host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
    host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
    host.change(
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\n",
        "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/bash\n",
    );
    host.file("/etc/sudoers.d/lost", 0o440, &[lost]);
    host.rules(&[left]);
    let grant = host.rule_of("uid:1001:bob", commands);
    let grant = if host.inventory().grants().filter(|g| g.attribute("commands") == Some(commands)).count() > 1 {
        host.grant(GrantKind::Rule, &["sudoers.d/lost"])
    } else {
        grant
    };
    host.judged(AccessChange::Revoke {}, &grant)
}

pub(super) fn assert_judged((judged, seen): (Judged, GrantObservation), wanted: Judged, word: &str) {
    assert_eq!(judged, wanted, "{seen:#?}");
    let left = seen.access.unwrap();
    let texts: Vec<String> = left.paths.iter().map(ToString::to_string).chain(left.lingering).collect();
    assert!(word.is_empty() || texts.iter().any(|text| text.contains(word)), "{word} is not in {texts:#?}");
}

#[test]
fn s01_narrower_rule_keeps_root_after_leaving_sudo() {
    assert_judged(bob_leaves_sudo(&["bob ALL=NOPASSWD: ALL"]), Judged::StillPresent, "sudoers.d/rules:1 gives bob");
}

#[test]
fn s02_rule_for_root_only_keeps_root() {
    assert_judged(bob_leaves_sudo(&["bob ALL=(root) NOPASSWD: ALL"]), Judged::StillPresent, "gives bob");
    assert_judged(bob_leaves_sudo(&["bob ALL=(root) /usr/bin/id"]), Judged::Confirmed, "gives bob");
    assert_judged(bob_leaves_sudo(&["eve ALL=(root) ALL"]), Judged::Confirmed, "");
}

#[test]
fn t62_rule_with_any_arguments_keeps_the_command() {
    let lost = "bob ALL=(root) /usr/bin/id";
    assert_judged(bob_loses(lost, "(root) /usr/bin/id", "bob ALL=(root) /usr/bin/id *"), Judged::StillPresent, "");
    assert_judged(
        bob_loses(lost, "(root) /usr/bin/id", "bob ALL=(root) /usr/bin/id -u"),
        Judged::StillPresent,
        "id -u",
    );
    assert_judged(bob_loses(lost, "(root) /usr/bin/id", "bob ALL=(root) /usr/bin/w"), Judged::Confirmed, "");
}

#[test]
fn s04_other_path_of_the_same_file_keeps_the_command() {
    let lost = "bob ALL=(root) /usr/bin/ls";
    assert_judged(bob_loses(lost, "(root) /usr/bin/ls", "bob ALL=(root) /bin/ls"), Judged::StillPresent, "/bin/ls");
    assert_judged(bob_loses(lost, "(root) /usr/bin/ls", "bob ALL=(root) /bin/id"), Judged::Confirmed, "");
}

#[test]
fn s05_pattern_of_a_path_keeps_the_command() {
    let lost = "bob ALL=(root) /usr/bin/ls";
    for left in ["/usr/bin/[a-z]*", "/bin/l?", "/usr/bin/", "/usr/*/ls"] {
        assert_judged(
            bob_loses(lost, "(root) /usr/bin/ls", &format!("bob ALL=(root) {left}")),
            Judged::StillPresent,
            left,
        );
    }
    assert_judged(bob_loses(lost, "(root) /usr/bin/ls", "bob ALL=(root) /usr/bin/[h-k]*"), Judged::Confirmed, "");
}

#[test]
fn s06_regular_expression_keeps_the_command() {
    let lost = "bob ALL=(root) /usr/bin/ls";
    assert_judged(bob_loses(lost, "(root) /usr/bin/ls", "bob ALL=(root) ^/usr/bin/[a-z]+$"), Judged::StillPresent, "");
    assert_judged(bob_loses(lost, "(root) /usr/bin/ls", "bob ALL=(root) ^/usr/bin/(id|w)$"), Judged::Confirmed, "");
    let lost = "bob ALL=(root) ^/opt/[a-z]+$";
    assert_judged(bob_loses(lost, "(root) ^/opt/[a-z]+$", "bob ALL=(root) ^/opt/t.*$"), Judged::Unknown, "patterns");
    // No example of an expression of arguments is known, so that it is unknown beside a command with any arguments.
    let lost = "bob ALL=(root) /usr/bin/id ^-[a-z]$";
    for left in ["^/usr/bin/[a-z]+$", "/usr/bin/id", "/usr/bin/", "ALL"] {
        let outcome = bob_loses(lost, "(root) /usr/bin/id ^-[a-z]$", &format!("bob ALL=(root) {left}"));
        assert_ne!(outcome.0, Judged::Confirmed, "{left}");
    }
    for left in ["^/usr/bin/w$", "/usr/bin/w", "/usr/bin/id /etc/hosts", "/usr/bin/id \"\""] {
        let outcome = bob_loses(lost, "(root) /usr/bin/id ^-[a-z]$", &format!("bob ALL=(root) {left}"));
        assert_eq!(outcome.0, Judged::Confirmed, "{left}");
    }
    let lost = "bob ALL=(root) /usr/bin/id";
    assert_judged(
        bob_loses(lost, "(root) /usr/bin/id", "bob ALL=(root) /usr/bin/id ^-[a-z]$"),
        Judged::Unknown,
        "patterns",
    );
}

#[test]
fn s07_other_name_of_uid_0_keeps_the_command() {
    let lost = "bob ALL=(root) /usr/bin/bash";
    assert_judged(
        bob_loses(lost, "(root) /usr/bin/bash", "bob ALL=(toor) /usr/bin/bash"),
        Judged::StillPresent,
        "toor",
    );
    assert_judged(
        bob_loses(lost, "(root) /usr/bin/bash", "bob ALL=(ALL, !root) /usr/bin/bash"),
        Judged::StillPresent,
        "",
    );
    assert_judged(bob_loses(lost, "(root) /usr/bin/bash", "bob ALL=(www-data) /usr/bin/bash"), Judged::Confirmed, "");
}

#[test]
fn s20_target_user_by_uid_keeps_the_command() {
    let lost = "bob ALL=(www-data) /usr/bin/id";
    assert_judged(bob_loses(lost, "(www-data) /usr/bin/id", "bob ALL=(#33) /usr/bin/id"), Judged::StillPresent, "#33");
    assert_judged(bob_loses(lost, "(www-data) /usr/bin/id", "bob ALL=(#34) /usr/bin/id"), Judged::Confirmed, "");
}

#[test]
fn command_as_oneself_is_compared() {
    let host = base();
    host.change("/etc/sudoers", "%sudo ALL=(ALL:ALL) ALL", "%sudo ALL=() /usr/bin/id");
    host.rules(&["ALL ALL=(ALL, !#0) /usr/bin/id"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "gives everyone");
}

#[test]
fn s09_last_match_in_a_list_of_users_decides() {
    assert_judged(bob_leaves_sudo(&["!bob, %ops ALL=(ALL:ALL) ALL"]), Judged::StillPresent, "%ops");
    assert_judged(bob_leaves_sudo(&["%ops, !bob ALL=(ALL:ALL) ALL"]), Judged::Confirmed, "");
}

#[test]
fn s10_first_definition_of_an_alias_counts() {
    let rules = ["User_Alias OPS = bob", "User_Alias OPS = eve", "OPS ALL=(ALL:ALL) ALL"];
    assert_judged(bob_leaves_sudo(&rules), Judged::StillPresent, "gives bob");
    let rules = ["User_Alias OPS = eve", "User_Alias OPS = bob", "OPS ALL=(ALL:ALL) ALL"];
    assert_judged(bob_leaves_sudo(&rules), Judged::Confirmed, "");
}

#[test]
fn s11_blank_before_a_member_is_skipped() {
    let host = base();
    host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:eve, bob");
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Confirmed, "");
    assert!(host.read("/etc/group").contains("sudo:x:27:eve\n"), "{}", host.read("/etc/group"));
    let host = base();
    host.rules(&["bob ALL=(ALL:ALL) ALL"]);
    host.change("/etc/group", "ops:x:2001:bob", "ops:x:27:eve, bob");
    let grant = host.rule_of("uid:1001:bob", "(ALL:ALL) ALL");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "%sudo");
}

#[test]
fn s27_escaped_name_is_the_same_user() {
    assert_judged(bob_leaves_sudo(&["\\x62ob ALL=(ALL:ALL) ALL"]), Judged::StillPresent, "gives bob");
}

#[test]
fn s08_netgroup_is_read_or_unknown() {
    let host = base();
    host.rules(&["+admins ALL=(ALL:ALL) ALL"]);
    host.file("/etc/netgroup", 0o644, &["admins (,bob,)"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "netgroup:admins");
    let host = base();
    host.rules(&["+admins ALL=(ALL:ALL) ALL"]);
    host.file("/etc/nsswitch.conf", 0o644, &["group: files", "netgroup: nis"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Unknown, "nis");
    let host = base();
    host.rules(&["+admins ALL=(ALL:ALL) ALL"]);
    host.file("/etc/netgroup", 0o644, &["admins (,eve,)"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Confirmed, "");
}

#[test]
fn s17_user_record_of_systemd_keeps_the_group() {
    for (services, wanted) in [("files systemd", Judged::StillPresent), ("files", Judged::Confirmed)] {
        let host = base();
        host.file("/etc/nsswitch.conf", 0o644, &["passwd: files", &format!("group: {services}"), "netgroup: files"]);
        host.file("/etc/userdb/bob:sudo.membership", 0o644, &["{}"]);
        let grant = host.membership("27", "bob");
        assert_judged(
            host.judged(AccessChange::Revoke {}, &grant),
            wanted,
            if wanted == Judged::Confirmed { "" } else { "userdb" },
        );
    }
}

#[test]
fn s24_other_policy_of_sudo_is_unknown() {
    let host = base();
    host.file("/etc/sudo.conf", 0o644, &["# policy", "Plugin sudoers_policy sudoers.so sudoers_file=/opt/sudoers"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Unknown, "/etc/sudo.conf:2");
}

#[test]
fn directory_of_groups_is_unknown() {
    let host = base();
    host.file("/etc/nsswitch.conf", 0o644, &["group: files sss", "netgroup: files"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Unknown, "sss");
}

#[test]
fn k03_key_in_a_second_file_opens_the_account() {
    let host = base();
    for (file, change) in [("authorized_keys", AccessChange::Disable {}), ("authorized_keys2", AccessChange::Revoke {})]
    {
        host.file("/home/bob/.ssh/authorized_keys", 0o600, &[&format!("{KEY} bob")]);
        host.file("/home/bob/.ssh/authorized_keys2", 0o600, &[&format!("{KEY} bob")]);
        let inventory = host.inventory();
        let grant = inventory
            .grants()
            .find(|grant| {
                grant.kind == GrantKind::Credential && grant.attribute("file").unwrap().ends_with(&format!("/{file}"))
            })
            .unwrap()
            .clone();
        assert_judged(host.judged(change, &grant), Judged::StillPresent, "lists SHA256");
    }
    fs::remove_file(host.path("/home/bob/.ssh/authorized_keys2")).unwrap();
    host.file("/home/bob/.ssh/authorized_keys", 0o600, &[&format!("{KEY} bob")]);
    let grant = host.grant(GrantKind::Credential, &["uid:1001"]);
    assert_judged(host.judged(AccessChange::Disable {}, &grant), Judged::Confirmed, "");
}

#[test]
fn k13_second_name_with_the_same_home_opens_the_account() {
    let host = base();
    host.change("/etc/passwd", "eve:x:1002", "bob2:x:1001:1001::/home/bob:/bin/bash\neve:x:1002");
    host.file("/home/bob/.ssh/authorized_keys", 0o600, &[&format!("{KEY} bob")]);
    let grant = host.grant(GrantKind::Account, &["uid:1001:bob2"]);
    assert_eq!(grant.principal.name, "bob2");
    let bob = host.inventory().grants().find(|g| g.key.as_str() == "account:uid:1001:bob").unwrap().clone();
    assert_judged(host.judged(AccessChange::Disable {}, &bob), Judged::StillPresent, "bob2");
}

#[test]
fn a01_second_uid_0_goes_unless_its_key_opens_root() {
    for (shared, wanted) in [(false, Judged::Confirmed), (true, Judged::StillPresent)] {
        let host = base();
        host.change("/etc/passwd", "www-data:x:33", "toor:x:0:0::/home/toor:/bin/bash\nwww-data:x:33");
        host.file("/home/toor/.ssh/authorized_keys", 0o600, &[&format!("{KEY} toor")]);
        host.file("/root/.ssh/authorized_keys", 0o600, &[&format!("{} root", if shared { KEY } else { OTHER_KEY })]);
        let change = if shared { AccessChange::Disable {} } else { AccessChange::Revoke {} };
        if shared {
            host.change("/etc/shadow", "root:*", "toor:!:19700:0:99999:7:::\nroot:*");
        }
        let grant = host.grant(GrantKind::Account, &["uid:0:toor"]);
        assert_judged(host.judged(change, &grant), wanted, if shared { "root with uid 0" } else { "" });
    }
}

#[test]
fn process_with_a_left_group_lingers() {
    let host = base();
    host.file(
        "/proc/77/status",
        0o444,
        &["Name:\tbash", "Uid:\t1001\t1001\t1001\t1001", "Gid:\t1001\t1001\t1001\t1001", "Groups:\t27 1001"],
    );
    host.file("/proc/78/status", 0o444, &["Name:\tbash", "Uid:\t1002\t1002\t1002\t1002", "Groups:\t27"]);
    let grant = host.membership("27", "bob");
    assert_judged(
        host.judged(AccessChange::Revoke {}, &grant),
        Judged::Lingering,
        "a process of uid 1001 with the group 27",
    );
}

#[test]
fn a10_rule_of_doas_keeps_root() {
    for (line, wanted) in [
        ("permit nopass bob", Judged::StillPresent),
        ("permit persist :ops as root", Judged::StillPresent),
        ("permit nopass bob as www-data", Judged::Confirmed),
        ("permit nopass eve", Judged::Confirmed),
    ] {
        let host = base();
        host.file("/etc/doas.conf", 0o600, &[line]);
        let grant = host.membership("27", "bob");
        let (judged, seen) = host.judged(AccessChange::Revoke {}, &grant);
        // What is left of a lower tier is not listed by the inventory, so that it is not known as harmless.
        let wanted = if line.contains("www-data") { Judged::Unknown } else { wanted };
        assert_eq!(judged, wanted, "{line} {seen:#?}");
    }
}

#[test]
fn su_and_polkit_for_the_principal_are_named() {
    let host = base();
    host.file("/etc/pam.d/su", 0o644, &["auth sufficient pam_wheel.so trust group=ops"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "members of ops become root");
    let host = base();
    host.file("/etc/polkit-1/rules.d/10-bob.rules", 0o644, &["if (subject.user == \"bob\") return polkit.Result.YES;"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Unknown, "polkit");
}

#[test]
fn right_to_become_another_administrator_is_named() {
    let host = base();
    host.rules(&["bob ALL=(carl) NOPASSWD: ALL", "carl ALL=(ALL) NOPASSWD: ALL"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::StillPresent, "as carl");
    let host = base();
    host.rules(&["bob ALL=(carl) NOPASSWD: ALL"]);
    let grant = host.membership("27", "bob");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Confirmed, "gives bob");
}

#[test]
fn sudo_answers_before_and_after() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let host = base();
    let grant = host.membership("27", "bob");
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    let before = host.verify(&planned).access.unwrap().answers;
    assert!(before.len() > 2 && before.iter().all(|one| matches!(one.answer, Answer::Allowed(_))), "{before:#?}");
    let asked: Vec<Witness> = before.into_iter().map(|one| one.witness).collect();
    host.apply(&planned).unwrap();
    let after = host
        .open()
        .observe(&TargetQuery::about(&planned).asking(WitnessQuery::Ask(&asked)))
        .unwrap()
        .access
        .unwrap()
        .answers;
    assert!(after.len() == asked.len() && after.iter().all(|one| one.answer == Answer::Denied), "{after:#?}");
}

#[test]
fn names_in_rules_are_compared_without_case() {
    assert_judged(bob_leaves_sudo(&["BOB ALL=(ALL:ALL) ALL"]), Judged::StillPresent, "gives bob");
    assert_judged(bob_leaves_sudo(&["%Ops ALL=(ALL:ALL) ALL"]), Judged::StillPresent, "gives %ops");
    assert_judged(bob_leaves_sudo(&["ALL, !BOB ALL=(ALL:ALL) ALL"]), Judged::Confirmed, "");
    for setting in ["!case_insensitive_user", "!case_insensitive_group"] {
        let rules = [&format!("Defaults {setting}"), "BOB ALL=(ALL:ALL) ALL", "%OPS ALL=(ALL:ALL) ALL"];
        let left = if setting.ends_with("user") { "gives %ops" } else { "gives bob" };
        assert_judged(bob_leaves_sudo(&rules), Judged::StillPresent, left);
    }
    let lost = "bob ALL=(www-data) /usr/bin/id";
    let left = "bob ALL=(WWW-Data) /usr/bin/id";
    assert_judged(bob_loses(lost, "(www-data) /usr/bin/id", left), Judged::StillPresent, "WWW-Data");
    let (lost, left) = ("bob ALL=(:docker) /usr/bin/id", "bob ALL=(:DOCKER) /usr/bin/id");
    assert_judged(bob_loses(lost, "(:docker) /usr/bin/id", left), Judged::StillPresent, "DOCKER");
}

#[test]
fn command_expression_beside_arguments_is_unknown() {
    let (lost, left) = ("bob ALL=(root) ^/usr/bin/ls$", "bob ALL=(root) /usr/bin/ls ^-l$");
    assert_judged(bob_loses(lost, "(root) ^/usr/bin/ls$", left), Judged::Unknown, "patterns");
}

#[test]
fn chain_of_other_users_keeps_root() {
    let chain = ["bob ALL=(eve) NOPASSWD: ALL", "eve ALL=(carl) NOPASSWD: ALL", "carl ALL=(ALL) NOPASSWD: ALL"];
    assert_judged(bob_leaves_sudo(&chain), Judged::StillPresent, "; as eve, ");
    assert_judged(bob_leaves_sudo(&chain), Judged::StillPresent, "; as carl, ");
    assert_judged(bob_leaves_sudo(&chain[..2]), Judged::Confirmed, "");
    let asks = [chain[0], "eve ALL=(carl) ALL", chain[2]];
    assert_judged(bob_leaves_sudo(&asks), Judged::Unknown, "password of eve");
}

#[test]
fn right_to_take_a_group_keeps_its_rules() {
    let left = |rule: &str| {
        let host = base();
        host.rules(&[rule]);
        let planned = host.plan(AccessChange::Revoke {}, &host.membership("27", "bob"));
        host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
        host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
        let after = host.verify(&planned);
        (judge(&planned, &after), after)
    };
    for rule in ["bob ALL=(:sudo) ALL", "bob ALL=(bob:sudo) ALL", "bob ALL=(:sudo) /usr/bin/bash"] {
        assert_judged(left(rule), Judged::StillPresent, "with the group sudo");
    }
    assert_judged(left("bob ALL=(:sudo) /usr/bin/id"), Judged::Confirmed, "/usr/bin/id with the group sudo");
}

#[test]
fn shell_as_another_user_is_every_command() {
    assert_judged(bob_leaves_sudo(&["bob ALL=(root) /usr/bin/bash"]), Judged::StillPresent, "everything");
    let carl = "carl ALL=(ALL) NOPASSWD: ALL";
    assert_judged(bob_leaves_sudo(&["bob ALL=(carl) /usr/bin/bash", carl]), Judged::StillPresent, "as carl");
    assert_judged(bob_leaves_sudo(&["bob ALL=(carl) /usr/bin/bash -n", carl]), Judged::Confirmed, "");
    assert_judged(bob_leaves_sudo(&["bob ALL=(carl) /usr/bin/id", carl]), Judged::Confirmed, "");
    let (lost, left) = ("bob ALL=(www-data) /usr/bin/id", "bob ALL=(www-data) /usr/bin/bash");
    assert_judged(bob_loses(lost, "(www-data) /usr/bin/id", left), Judged::StillPresent, "every command as itself");
}
