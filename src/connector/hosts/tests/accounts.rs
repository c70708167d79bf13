//! Tests of accounts: disabling, closing the shell, deleting, and reuse of names and ids.

use super::*;

fn account(host: &Host, name: &str) -> Grant {
    host.grant(GrantKind::Account, &[&format!(":{name}")])
}

#[test]
fn account_attributes_are_collected() {
    let host = Host::debian();
    let ana = account(&host, "ana");
    assert_eq!(ana.key.as_str(), "account:uid:1000:ana");
    let said: Vec<_> = ana.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(said, ["expires=never", "home=/home/ana", "login=yes", "password=set", "shell=/bin/bash"]);
    assert_eq!(account(&host, "root").attribute("superuser"), Some("yes"));
    assert_eq!(account(&host, "svc").attribute("password"), Some("locked"));
    assert_eq!(account(&host, "daemon").attribute("login"), Some("no"));
}

#[test]
fn disabled_account_is_locked_and_expired() {
    let host = Host::debian();
    let (shadow, svc) = (host.read("/etc/shadow"), account(&host, "bo"));
    let planned = host.plan(AccessChange::Disable {}, &svc);
    let text = "/etc/shadow: lock the password of \"bo\" with `!`, and set its expiry date to 1970-01-02 (so that SSH keys are refused as well)";
    assert_eq!(planned.operations[0].text, text);
    let receipt = host.apply(&planned).unwrap();
    assert!(!format!("{planned:?}{receipt:?}").contains("notarealhash"), "a hash never leaves its file");
    let wanted = shadow.replace("bo:$y", "bo:!$y").replace("hash:19700:0:99999:7:::\n", "hash:19700:0:99999:7::1:\n");
    let ana = wanted.lines().find(|line| line.starts_with("ana:")).unwrap();
    assert_eq!(host.read("/etc/shadow"), wanted.replace(ana, &ana.replace("7::1:", "7:::")));
    assert_shows(&planned, &host.look(&svc));
    let undo = host.open().compensate(&Action::new(planned.clone())).unwrap();
    let back = ActionSpec { operations: undo, precondition: account(&host, "bo").digest(), ..planned };
    host.apply(&back).unwrap();
    assert_eq!(host.read("/etc/shadow"), shadow);
}

#[test]
fn deleted_account_loses_keys_rules_and_memberships() {
    let host = Host::debian();
    host.file("/etc/sudoers.d/svc", 0o440, &["svc ALL=(root) /usr/bin/id", "bo ALL=(root) /usr/bin/id"]);
    let svc = account(&host, "svc");
    let planned = host.plan(AccessChange::Revoke {}, &svc);
    let calls: Vec<_> = planned.operations.iter().map(|operation| operation.call.as_str()).collect();
    assert_eq!(
        calls,
        [
            "edit:authorized-keys:remove",
            "edit:authorized-keys:remove",
            "edit:group:remove-member",
            "edit:sudoers:remove",
            "edit:passwd:remove",
            "edit:shadow:remove",
        ]
    );
    assert!(planned.irreversible.as_deref().is_some_and(|lost| lost.contains("uid:1001 can be assigned")));
    host.apply(&planned).unwrap();
    assert_gone(&host.look(&svc));
    for file in ["/etc/passwd", "/etc/shadow", "/etc/gshadow", "/etc/sudoers.d/svc"] {
        let text = host.read(file);
        assert!(!text.contains("svc:x:1001:1001") && !text.contains("svc:!:19700") && !text.contains(",svc"), "{text}");
    }
    assert_eq!(host.read("/etc/sudoers.d/svc"), "bo ALL=(root) /usr/bin/id\n");
    assert_eq!(host.read("/home/svc/.ssh/authorized_keys"), "# keys\n");
}

#[test]
fn account_with_the_same_uid_keeps_the_access() {
    let host = Host::debian();
    host.change("/etc/passwd", "bo:x:1002:", "twin:x:1001:1001::/:/bin/sh\nbo:x:1002:");
    let svc = host.grant(GrantKind::Account, &["uid:1001:svc"]);
    assert_present(&host.carry_out(AccessChange::Revoke {}, &svc), &["/etc/passwd has twin with uid 1001"]);
}

#[test]
fn reused_name_is_not_changed() {
    let host = Host::debian();
    let (svc, member) = (account(&host, "svc"), host.grant(GrantKind::Membership, &["membership:gid:27", "svc"]));
    let plans = [
        host.plan(AccessChange::Revoke {}, &svc),
        host.plan(AccessChange::Disable {}, &svc),
        host.plan(AccessChange::Revoke {}, &member),
    ];
    // svc is renamed, and a new user is named svc.
    host.change(
        "/etc/passwd",
        "svc:x:1001:1001::/home/svc:/bin/sh",
        "old:x:1001:1001::/home/old:/bin/sh\nsvc:x:1005:100::/home/svc:/bin/sh",
    );
    host.change("/etc/shadow", "svc:!:", "old:!:19700:0:99999:7:::\nsvc:!:");
    let before: Vec<_> =
        ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"].map(|file| host.read(file)).to_vec();
    for planned in &plans {
        match host.apply(planned) {
            Err(ConnectorError::PreconditionFailed(_)) => {}
            // uid 1001 is no longer in any list: no change is needed.
            Ok(receipt) => assert!(receipt.already, "{receipt:?}"),
            other => panic!("{other:?}"),
        }
    }
    let after: Vec<_> =
        ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"].map(|file| host.read(file)).to_vec();
    assert_eq!(after, before);
    assert_present(&host.look(&svc), &["/etc/passwd has old with uid 1001"]);
    assert_ne!(host.look(&svc).grant.map(|grant| grant.digest()), Some(svc.digest()));
}

#[test]
fn reused_uid_is_not_the_reviewed_account() {
    let host = Host::debian();
    let svc = account(&host, "svc");
    let planned = host.plan(AccessChange::Revoke {}, &svc);
    host.change("/etc/passwd", "svc:x:1001:1001::/home/svc:/bin/sh", "eva:x:1001:1001::/home/eva:/bin/bash");
    assert!(matches!(host.apply(&planned), Err(ConnectorError::PreconditionFailed(_))));
    assert!(host.read("/etc/passwd").contains("eva:x:1001"));
}

#[test]
fn shell_is_closed() {
    let host = Host::debian();
    let bo = account(&host, "bo");
    let planned = host.plan(AccessChange::Reduce { to: "nologin".to_owned() }, &bo);
    host.apply(&planned).unwrap();
    assert_shows(&planned, &host.look(&bo));
    assert!(host.read("/etc/passwd").contains("bo:x:1002:1002:Bo:/home/bo:/usr/sbin/nologin\n"));
    let open = AccessChange::Reduce { to: "/bin/zsh".to_owned() };
    assert!(matches!(host.plan_change(&open, &account(&host, "ana")), Err(UnsupportedChangeError::Harm { .. })));
}

#[test]
fn only_root_account_is_kept() {
    let host = Host::debian();
    let root = account(&host, "root");
    for change in [AccessChange::Revoke {}, AccessChange::Disable {}, AccessChange::Reduce { to: "nologin".to_owned() }]
    {
        assert!(matches!(host.plan_change(&change, &root), Err(UnsupportedChangeError::Harm { .. })), "{change}");
    }
}

#[test]
fn account_is_deleted_after_its_soak_period() {
    let mut host = Host::debian();
    host.config.soak_days = 7;
    let bo = account(&host, "bo");
    let refusal = host.plan_change(&AccessChange::Revoke {}, &bo).unwrap_err();
    assert!(refusal.to_string().contains("disabled for 7 days"), "{refusal}");
    let planned = host.plan(AccessChange::Disable {}, &bo);
    assert!(planned.operations[0].text.contains("expiry date to 2026-11-22"));
    host.apply(&planned).unwrap();
    let refusal = host.plan_change(&AccessChange::Revoke {}, &account(&host, "bo")).unwrap_err();
    assert!(
        matches!(&refusal, UnsupportedChangeError::Harm { instead, .. } if instead.contains("2026-11-29")),
        "{refusal:?}"
    );
    host.change("/etc/shadow", "::20779:", "::20700:");
    assert!(host.plan_change(&AccessChange::Revoke {}, &account(&host, "bo")).is_ok());
}

#[test]
fn processes_of_a_disabled_account_are_reported() {
    let host = Host::debian();
    host.file("/proc/4711/status", 0o444, &["Name:\tsleep", "Uid:\t1002\t1002\t1002\t1002"]);
    let bo = account(&host, "bo");
    let planned = host.plan(AccessChange::Disable {}, &bo);
    host.apply(&planned).unwrap();
    let sighting = host.verify(&planned);
    assert_eq!(sighting.access.unwrap().lingering, ["a process of uid:1002"]);
    let bo = account(&host, "bo");
    assert!(!host.carry_out(AccessChange::Revoke {}, &bo).access.unwrap().lingering.is_empty());
    fs::remove_dir_all(host.path("/proc/4711")).unwrap();
    assert_gone(&host.look(&bo));
}
