//! Changes that must give no right to an account, and take none that the plan does not name.

use super::remaining::{Judged, assert_judged, base};
use super::*;

fn reduce(to: &str) -> AccessChange {
    AccessChange::Reduce { to: to.to_owned() }
}

fn other_rule(host: &Host, who: &str) -> Grant {
    host.grant(GrantKind::Rule, &["sudoers.d/rules", who])
}

#[test]
fn k05_long_options_of_a_key_are_kept() {
    let host = base();
    let from = (0..40).map(|n| format!("10.{n}.0.0/16")).collect::<Vec<_>>().join(",");
    let line = format!("from=\"{from}\",command=\"/usr/bin/backup\" {KEY} bob");
    host.file("/home/bob/.ssh/authorized_keys", 0o600, &[&line]);
    let grant = host.grant(GrantKind::Credential, &["uid:1001:bob"]);
    let to = format!("from=\"{from}\",command=\"/usr/bin/backup\",no-pty");
    host.apply(&host.plan(reduce(&to), &grant)).unwrap();
    assert_eq!(host.read("/home/bob/.ssh/authorized_keys"), format!("{to} {KEY} bob\n"));
    let grant = host.grant(GrantKind::Credential, &["uid:1001:bob"]);
    let refused = host.plan_change(&reduce("no-pty"), &grant).unwrap_err();
    assert!(matches!(refused, UnsupportedChangeError::Harm { .. }), "{refused:?}");
}

#[test]
fn digest_of_an_alias_is_kept() {
    let host = base();
    let sum = "a".repeat(56);
    host.rules(&[&format!("Cmnd_Alias Z = sha224:{sum} /usr/bin/id, /usr/bin/w"), "bob ALL=(root) Z"]);
    let grant = other_rule(&host, "uid:1001:bob");
    host.apply(&host.plan(reduce("/usr/bin/id"), &grant)).unwrap();
    assert!(host.read("/etc/sudoers.d/rules").ends_with(&format!("bob ALL=(root) sha224:{sum} /usr/bin/id\n")));
}

#[test]
fn row_54_s16_exclusion_after_a_member_is_kept() {
    let host = base();
    host.rules(&["eve, %ops, !carl ALL=(ALL:ALL) ALL"]);
    let grant = other_rule(&host, "gid:2001");
    host.apply(&host.plan(reduce("(root) /usr/bin/id"), &grant)).unwrap();
    let rules = host.read("/etc/sudoers.d/rules");
    assert_eq!(rules, "eve, !carl ALL=(ALL:ALL) ALL\n%ops, !carl ALL=(root) /usr/bin/id\n");
}

#[test]
fn row_54_s15_member_named_beside_its_group_is_kept() {
    let host = base();
    host.change("/etc/group", "ops:x:2001:bob,carl", "ops:x:2001:bob,carl,eve");
    host.rules(&["User_Alias OPS = %ops, eve", "OPS ALL=(root) /usr/bin/id"]);
    let grant = other_rule(&host, "gid:2001");
    host.apply(&host.plan(AccessChange::Revoke {}, &grant)).unwrap();
    assert_eq!(host.read("/etc/sudoers.d/rules"), "User_Alias OPS = %ops, eve\neve ALL=(root) /usr/bin/id\n");
}

#[test]
fn exclusion_from_a_shared_alias_is_a_predicted_effect() {
    let host = base();
    host.rules(&["User_Alias D = carl, dan", "D ALL=(www-data) ALL"]);
    let carl = host.grant(GrantKind::Account, &["uid:1003:carl"]);
    let planned = host.plan(AccessChange::Revoke {}, &carl);
    host.apply(&planned).unwrap();
    let dan = other_rule(&host, "uid:1004:dan");
    let predicted: Vec<_> = planned.effects.iter().filter(|effect| effect.grant == dan.key).collect();
    assert_eq!(predicted.len(), 1);
    assert_eq!(predicted[0].after, Some(dan.digest()));
}

#[test]
fn member_listed_twice_is_removed_without_harm() {
    let host = base();
    host.rules(&["User_Alias D = dan, carl, dan", "D, dan ALL=(www-data) /usr/bin/id"]);
    let grant = other_rule(&host, "uid:1004:dan");
    assert_judged(host.judged(AccessChange::Revoke {}, &grant), Judged::Confirmed, "");
    assert!(host.inventory().of_principal("uid:1003").any(|grant| grant.kind == GrantKind::Rule));
}

#[test]
fn row_54_denial_that_hides_a_rule_is_not_removed() {
    let host = base();
    host.file("/etc/sudoers.d/a", 0o440, &["dan ALL=NOPASSWD: ALL"]);
    host.rules(&["dan ALL=(ALL) /usr/bin/bash, /usr/bin/w, !ALL"]);
    let grant = other_rule(&host, "uid:1004:dan");
    let refused = host.plan_change(&AccessChange::Revoke {}, &grant).unwrap_err();
    assert!(matches!(&refused, UnsupportedChangeError::Harm { why, .. } if why.contains("would gain")), "{refused:?}");
}

#[test]
fn group_whose_rule_only_denies_is_not_left() {
    let host = base();
    host.file("/etc/sudoers.d/a", 0o440, &["carl ALL=(root) /usr/bin/id"]);
    host.rules(&["%ops ALL=(root) !/usr/bin/id"]);
    let grant = host.membership("2001", "carl");
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    let before = host.read("/etc/group");
    let refused = host.apply(&planned).unwrap_err();
    assert!(
        matches!(&refused, ConnectorError::PreconditionFailed(why) if why.contains("carl would gain /usr/bin/id as root")),
        "{refused:?}"
    );
    assert_eq!(host.read("/etc/group"), before);
}

#[test]
fn excluded_group_is_not_left() {
    let host = base();
    host.rules(&["ALL, !%ops ALL=(root) /usr/bin/id"]);
    let grant = host.membership("2001", "carl");
    let refused = host.plan_change(&AccessChange::Revoke {}, &grant).unwrap_err();
    assert!(matches!(&refused, UnsupportedChangeError::Harm { why, .. } if why.contains("excludes")), "{refused:?}");
}

#[test]
fn right_to_run_as_a_member_is_not_taken_unnamed() {
    let host = base();
    host.rules(&["eve ALL=(%ops) /usr/bin/id"]);
    let grant = host.membership("2001", "carl");
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    let refused = host.apply(&planned).unwrap_err();
    assert!(
        matches!(&refused, ConnectorError::PreconditionFailed(why) if why.contains("eve would lose")),
        "{refused:?}"
    );
}

#[test]
fn denial_of_a_name_in_other_case_is_seen() {
    let host = base();
    host.file("/etc/sudoers.d/a", 0o440, &["carl ALL=(root) /usr/bin/id"]);
    host.rules(&["%OPS ALL=(root) !/usr/bin/id"]);
    let grant = host.membership("2001", "carl");
    let refused = host.apply(&host.plan(AccessChange::Revoke {}, &grant)).unwrap_err();
    assert!(
        matches!(&refused, ConnectorError::PreconditionFailed(why) if why.contains("carl would gain /usr/bin/id as root")),
        "{refused:?}"
    );
}
