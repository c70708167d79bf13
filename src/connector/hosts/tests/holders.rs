//! Holders of a revoked rule, and other spellings of its command, its users and its target users.

use super::{
    remaining::{Judged, assert_judged, base},
    *,
};

/// Revokes the rule in the first lines, beside the other one.
fn after_revoking(lost: &[&str], left: &str) -> (Judged, GrantObservation) {
    let host = host();
    host.file("/etc/sudoers.d/lost", 0o440, lost);
    host.rules(&[left]);
    let grant = host.grant(GrantKind::Rule, &["sudoers.d/lost"]);
    host.judged(AccessChange::Revoke {}, &grant)
}

/// Returns a host with dan in g1 and g2, with second names for a gid and a uid, and with a group without members.
fn host() -> Host {
    let host = base();
    host.change("/etc/group", "ops:x:2001:bob,carl", "ops:x:2001:bob,carl,bob2");
    let more = ["docker:x:998:", "g1:x:2002:dan", "g2:x:2003:dan", "wheel:x:27:eve", "empty:x:2009:", ""];
    host.change("/etc/group", "docker:x:998:\n", &more.join("\n"));
    host.change("/etc/passwd", "eve:x:1002", "bob2:x:1001:1001::/home/bob2:/bin/bash\neve:x:1002");
    host.file("/etc/netgroup", 0o644, &["net"]);
    host.change("/etc/sudoers", "%sudo ALL=(ALL:ALL) ALL\n", "");
    host
}

fn assert_after(users: &str, left: &str, wanted: Judged) {
    let lost = format!("{users} ALL = (root) /usr/*/id");
    let (judged, seen) = after_revoking(&[&lost], left);
    assert_eq!(judged, wanted, "{lost}; {left}: {seen:#?}");
}

#[test]
fn rule_without_accounts_leaves_rules_of_principal() {
    for users in ["%g2, !%g1", "%empty", "%#2009", "%unlisted", "jdoe", "#4711", "+net"] {
        let who = users.split(',').next().unwrap();
        assert_after(users, &format!("{who} ALL = (#0) /usr/bin/../bin/id"), Judged::StillPresent);
        assert_after(users, &format!("{who} ALL = (#0) /usr/bin/../bin/w"), Judged::Confirmed);
        assert_after(users, &format!("{who} ALL = (www-data) /usr/bin/id"), Judged::Confirmed);
        assert_after(users, "%ops ALL = (root) /usr/bin/id", Judged::Confirmed);
    }
}

#[test]
fn place_of_an_exclusion_decides_about_the_holder() {
    let left = "dan ALL = (#0) /usr/bin/../bin/id";
    assert_after("!%g1, %g2", left, Judged::StillPresent);
    assert_after("%g2, !%g1, %g2", left, Judged::StillPresent);
    assert_after("%g2, !%ops", left, Judged::StillPresent);
    assert_after("%g2, !%g1", left, Judged::Confirmed);
    assert_after("%g2, !%#2002", left, Judged::Confirmed);
    assert_after("%g2, !dan", left, Judged::Confirmed);
}

#[test]
fn exclusion_of_a_second_name_excludes_no_user() {
    let left = "bob ALL = (root) /usr/bin/id";
    for users in ["%ops, !%wheel", "%ops, !bob2", "%sudo, !%wheel", "bob, !bob2", "%sudo, %wheel"] {
        assert_after(users, left, Judged::StillPresent);
    }
    for users in ["%ops, !%sudo", "%ops, !%#27"] {
        assert_after(users, "%ops ALL = (root) /usr/bin/id", Judged::StillPresent);
    }
}

#[test]
fn aliases_in_aliases_keep_their_exclusions() {
    let aliases = ["User_Alias IN = %g2, !%g1", "User_Alias OUT = IN, !carl", "User_Alias DAN = ALL, !dan"];
    let judged = |users: &str, left: &str| {
        let lost = format!("{users} ALL = (root) /usr/*/id");
        after_revoking(&[&aliases[..], &[&lost]].concat(), left)
    };
    assert_judged(judged("OUT", "%g2 ALL = (#0) /bin/id"), Judged::StillPresent, "gives %g2");
    assert_judged(judged("OUT", "dan ALL = (#0) /bin/id"), Judged::Confirmed, "");
    assert_judged(judged("!DAN", "dan ALL = (#0) /bin/id"), Judged::StillPresent, "gives dan");
    assert_judged(judged("OUT", "OUT ALL = (#0) /bin/id"), Judged::StillPresent, "gives %g2");
}

#[test]
fn spellings_of_a_path_are_the_same_command() {
    let targets = ["(root)", "(#0)", "(ALL)", "(%#0)", "(%root)"];
    let left = [
        "/usr/bin/../bin/id",
        "/usr/./bin/id",
        "/usr//bin/id",
        "/bin/../bin/id",
        "/usr/bin/",
        "/usr/bin/../bin/",
        "/usr/bin//",
        "/usr/bin/./",
        "/usr/*/../bin/id",
        "/u*/b?n/i[d]",
        "/usr/./*/id",
        "/bin/*",
        "/usr/*/",
    ];
    let lost = ["/usr/*/id", "/usr/bin/", "/usr/bin/../bin/id", "/bin/./id", "/usr//*/i?"];
    for (at, (lost, left)) in lost.iter().flat_map(|one| left.iter().map(move |other| (one, other))).enumerate() {
        let rule = format!("bob ALL = {} {left}", targets[at % targets.len()]);
        let (judged, seen) = after_revoking(&[&format!("bob ALL = (root) {lost}")], &rule);
        assert!(!matches!(judged, Judged::Confirmed | Judged::Lingering), "{lost}; {rule}: {seen:#?}");
    }
    for left in ["(#33) /usr/bin/id", "(%#33) /usr/bin/id", "(root) /usr/bin/../bin/w", "(root) /usr/sbin/"] {
        let rule = format!("bob ALL = {left}");
        assert_judged(after_revoking(&["bob ALL = (root) /usr/*/../bin/id"], &rule), Judged::Confirmed, "");
    }
}
