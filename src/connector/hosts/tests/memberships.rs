//! Tests of memberships: removal from all lists, and other paths to the same access.

use super::*;

fn svc_in_sudo(host: &Host) -> Grant {
    host.grant(GrantKind::Membership, &["membership:gid:27:sudo:uid:1001:svc"])
}

#[test]
fn membership_is_removed_from_both_files_only() {
    let host = Host::debian();
    let (group, gshadow) = (host.read("/etc/group"), host.read("/etc/gshadow"));
    let grant = svc_in_sudo(&host);
    assert_eq!(grant.expands_to.len(), 1, "the sudo rule of the group");
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    assert_eq!(
        planned.operations[0].text,
        "/etc/group, /etc/gshadow: remove \"svc\" from the members of \"sudo\" (gid 27)"
    );
    assert!(planned.survives.is_empty());
    assert_eq!(planned.loses[0].principal, "svc");
    let receipt = host.apply(&planned).unwrap();
    assert_eq!(receipt.text, "replaced /etc/group, /etc/gshadow");
    assert_gone(&host.look(&grant));
    assert_eq!(host.read("/etc/group"), group.replace("sudo:x:27:ana,svc", "sudo:x:27:ana"));
    assert_eq!(host.read("/etc/gshadow"), gshadow.replace("sudo:*::ana,svc", "sudo:*::ana"));
    assert!(host.apply(&planned).unwrap().already, "the second run needs no change");
    let undo = host.open().compensate(&Action::new(planned)).unwrap();
    assert_eq!(undo[0].text, "/etc/group: add uid:1001:svc to the members of gid:27:sudo");
}

#[test]
fn own_sudo_rule_keeps_the_access_of_the_group() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/svc", 0o440, &["svc ALL=(ALL) NOPASSWD: ALL"]);
    let grant = svc_in_sudo(&host);
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    assert_eq!(planned.survives.len(), 1, "the plan lists the remaining path: {:?}", planned.survives);
    host.apply(&planned).unwrap();
    assert_present(&host.look(&grant), &["/etc/sudoers.d/svc:1 gives svc sudo (ALL) NOPASSWD: ALL"]);
}

#[test]
fn every_other_path_into_the_group_is_found() {
    let ways: [(&str, &str, &str, &str); 5] = [
        ("/etc/passwd", "svc:x:1001:1001:", "svc:x:1001:27:", "primary group"),
        ("/etc/group", "docker:x:998:", "wheel:x:27:svc\ndocker:x:998:", "of wheel"),
        ("/etc/passwd", "bo:x:1002:", "twin:x:1001:1001::/:/bin/sh\nbo:x:1002:", "twin is a member"),
        ("/etc/gshadow", "sudo:*::", "sudo:$y$j9T$not.a.real.salt$notarealhash::", "with the password"),
        ("/etc/sudoers", "%sudo\t", "%svc ALL=(ALL) ALL\n%sudo\t", "gives %svc sudo"),
    ];
    for (file, from, to, words) in ways {
        let host = Host::debian();
        host.change(file, from, to);
        if words.starts_with("twin") {
            host.change("/etc/group", "sudo:x:27:ana", "sudo:x:27:twin,ana");
        }
        let grant = svc_in_sudo(&host);
        assert_present(&host.carry_out(AccessChange::Revoke {}, &grant), &[words]);
    }
}

#[test]
fn group_administrator_is_removed_from_that_list_too() {
    let host = Host::debian();
    host.change("/etc/gshadow", "sudo:*::ana,svc", "sudo:*:svc:ana,svc");
    let grant = svc_in_sudo(&host);
    assert_eq!(grant.attribute("administrator"), Some("yes"));
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &grant));
    assert!(host.read("/etc/gshadow").contains("sudo:*::ana\n"));
}

#[test]
fn uid_0_keeps_all_access() {
    let host = Host::debian();
    host.change("/etc/passwd", "svc:x:1001:", "svc:x:0:");
    let grant = host.grant(GrantKind::Membership, &["membership:gid:27:sudo:uid:0:svc"]);
    assert_present(&host.carry_out(AccessChange::Revoke {}, &grant), &["uid 0"]);
}

#[test]
fn primary_group_is_not_removed() {
    let host = Host::debian();
    let grant = host.grant(GrantKind::Membership, &["primary:gid:1001"]);
    let refusal = host.plan_change(&AccessChange::Revoke {}, &grant).unwrap_err();
    assert!(
        matches!(&refusal, UnsupportedChangeError::Harm { why, .. } if why.contains("primary group of svc")),
        "{refusal:?}"
    );
}

#[test]
fn group_password_is_a_separate_credential() {
    let host = Host::debian();
    host.change("/etc/gshadow", "docker:!:", "docker:$y$j9T$not.a.real.salt$notarealhash:");
    let grant = host.grant(GrantKind::Credential, &["group-password:gid:998"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &grant));
    assert!(host.read("/etc/gshadow").contains("docker:!$y$"));
}

#[test]
fn member_without_an_account_is_collected() {
    let host = Host::debian();
    host.change("/etc/group", "docker:x:998:bo", "docker:x:998:bo,ghost");
    let grant = host.grant(GrantKind::Membership, &["gid:998", "name:ghost"]);
    assert_gone(&host.carry_out(AccessChange::Revoke {}, &grant));
}
