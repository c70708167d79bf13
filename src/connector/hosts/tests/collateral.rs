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
fn exclusion_from_a_shared_alias_changes_no_other_grant() {
    let host = base();
    host.rules(&["User_Alias D = carl, dan", "D ALL=(www-data) ALL"]);
    let before = other_rule(&host, "uid:1004:dan").digest();
    let carl = host.grant(GrantKind::Account, &["uid:1003:carl"]);
    let planned = host.plan(AccessChange::Revoke {}, &carl);
    host.apply(&planned).unwrap();
    assert_eq!(planned.effects, []);
    assert_eq!(other_rule(&host, "uid:1004:dan").digest(), before);
}

/// Plans changes of two grants on one read, as one run does, and makes both.
fn both(host: &Host, changes: [(AccessChange, &Grant); 2]) {
    let plans = changes.map(|(change, grant)| host.plan(change, grant));
    for planned in &plans {
        host.apply(planned).unwrap_or_else(|error| panic!("{}: {error}", planned.grant.key));
    }
    for planned in &plans {
        let seen = host.verify(planned);
        let judged = super::remaining::judge(planned, &seen);
        assert_eq!(judged, Judged::Confirmed, "{} {seen:#?}", planned.grant.key);
    }
}

#[test]
fn d2_two_members_of_one_alias_line_are_removed() {
    let host = base();
    host.rules(&["User_Alias D = carl, dan, eve", "D ALL=(www-data) ALL"]);
    let [carl, dan] = ["uid:1003:carl", "uid:1004:dan"].map(|who| other_rule(&host, who));
    both(&host, [(AccessChange::Revoke {}, &carl), (AccessChange::Revoke {}, &dan)]);
    assert!(host.read("/etc/sudoers.d/rules").ends_with("D, !carl, !dan ALL=(www-data) ALL\n"));
}

#[test]
fn d2_group_and_member_of_one_alias_are_removed() {
    let host = base();
    host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
    host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
    host.rules(&["User_Alias D = %ops, carl, dan", "D ALL=(www-data) ALL"]);
    let [ops, carl] = ["gid:2001:ops", "uid:1003:carl"].map(|who| other_rule(&host, who));
    both(&host, [(AccessChange::Revoke {}, &ops), (AccessChange::Revoke {}, &carl)]);
    assert!(host.read("/etc/sudoers.d/rules").ends_with("dan ALL=(www-data) ALL\n"));
}

#[test]
fn d2_one_alias_is_reduced_and_removed() {
    let host = base();
    host.rules(&["User_Alias D = carl, dan", "D ALL=(root) /usr/bin/id, /usr/bin/w"]);
    let [carl, dan] = ["uid:1003:carl", "uid:1004:dan"].map(|who| other_rule(&host, who));
    both(&host, [(reduce("/usr/bin/id"), &carl), (AccessChange::Revoke {}, &dan)]);
    let rules = host.read("/etc/sudoers.d/rules");
    assert!(
        rules.ends_with("D, !carl, !dan ALL=(root) /usr/bin/id, /usr/bin/w\ncarl ALL=(root) /usr/bin/id\n"),
        "{rules}"
    );
}

#[test]
fn d2_rule_of_a_group_and_its_member_are_removed() {
    let host = base();
    host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
    host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
    host.rules(&["%ops ALL=(root) /usr/bin/id"]);
    let (rule, member) = (other_rule(&host, "gid:2001:ops"), host.membership("2001", "carl"));
    both(&host, [(AccessChange::Revoke {}, &rule), (AccessChange::Revoke {}, &member)]);
}

#[test]
fn d2_two_members_of_a_line_are_removed() {
    let host = base();
    host.rules(&["carl, dan, eve ALL=(root) /usr/bin/id : ALL=(www-data) /usr/bin/w"]);
    let find = |who: &str, what: &str| {
        host.inventory()
            .grants()
            .find(|g| g.key.as_str().contains(who) && g.attribute("commands") == Some(what))
            .unwrap()
            .clone()
    };
    let (carl, dan) = (find("uid:1003:carl", "(root) /usr/bin/id"), find("uid:1004:dan", "(www-data) /usr/bin/w"));
    both(&host, [(AccessChange::Revoke {}, &carl), (AccessChange::Revoke {}, &dan)]);
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

/// Follows the advice of a refused plan, and then makes the change as it was reviewed.
fn follow_advice(host: &Host, grant: &Grant) {
    let refused = host.plan_change(&AccessChange::Revoke {}, grant).unwrap_err();
    let UnsupportedChangeError::Harm { why, instead } = &refused else { panic!("{refused:?}") };
    assert!(why.contains("would gain"), "{why}");
    let inventory = host.inventory();
    let first = inventory.grants().find(|one| instead.contains(&format!("`revoke` on {} first", one.key)));
    let first = first.unwrap_or_else(|| panic!("{instead}"));
    host.apply(&host.plan(AccessChange::Revoke {}, first)).unwrap();
    let now = host.inventory().grant(&grant.key).unwrap().clone();
    assert_eq!(now.digest(), grant.digest(), "the decision would lapse");
    assert_judged(host.judged(AccessChange::Revoke {}, &now), Judged::Confirmed, "");
}

#[test]
fn d1_advice_about_a_denial_leads_to_done() {
    let host = base();
    host.file("/etc/sudoers.d/a", 0o440, &["dan ALL=NOPASSWD: ALL"]);
    host.rules(&["dan ALL=(ALL) /usr/bin/bash, /usr/bin/w, !ALL"]);
    follow_advice(&host, &other_rule(&host, "uid:1004:dan"));
}

#[test]
fn d3_group_whose_rule_only_denies_is_not_left() {
    let host = base();
    host.file("/etc/sudoers.d/a", 0o440, &["carl ALL=(root) /usr/bin/id"]);
    host.rules(&["%ops ALL=(root) !/usr/bin/id"]);
    follow_advice(&host, &host.membership("2001", "carl"));
}

#[test]
fn d3_group_that_denies_all_is_not_left() {
    let host = base();
    host.file("/etc/sudoers.d/a", 0o440, &["ALL ALL=(root) /usr/bin/id"]);
    host.rules(&["%ops ALL=(ALL:ALL) !ALL"]);
    follow_advice(&host, &host.membership("2001", "carl"));
}

#[test]
fn d3_excluded_group_is_not_left() {
    let host = base();
    host.rules(&["ALL, !%ops ALL=(root) /usr/bin/id"]);
    follow_advice(&host, &host.membership("2001", "carl"));
}

#[test]
fn d3_denial_since_the_collection_names_the_next_step() {
    let host = base();
    let grant = host.membership("2001", "carl");
    let planned = host.plan(AccessChange::Revoke {}, &grant);
    host.file("/etc/sudoers.d/a", 0o440, &["carl ALL=(root) /usr/bin/id"]);
    host.rules(&["%ops ALL=(root) !/usr/bin/id"]);
    let before = host.read("/etc/group");
    let refused = host.apply(&planned).unwrap_err();
    let ConnectorError::PreconditionFailed(why) = &refused else { panic!("{refused:?}") };
    assert!(why.contains("carl would gain /usr/bin/id as root; decide `revoke` on sudo:/etc/sudoers.d/a:"), "{why}");
    assert_eq!(host.read("/etc/group"), before);
}

#[test]
fn c5_group_of_a_target_list_can_be_left() {
    for rule in
        ["carl ALL=(dan:ops) /usr/bin/id", "carl ALL=(:ops) /usr/bin/id", "carl ALL=(root:ops,docker) NOPASSWD: ALL"]
    {
        for (group, gid) in [("docker", "998"), ("ops", "2001")] {
            let host = base();
            host.change("/etc/group", "docker:x:998:", "docker:x:998:carl");
            host.change("/etc/gshadow", "docker:!::", "docker:!::carl");
            host.rules(&[rule]);
            let grant = host.membership(gid, "carl");
            host.apply(&host.plan(AccessChange::Revoke {}, &grant))
                .unwrap_or_else(|error| panic!("{rule} {group}: {error}"));
        }
    }
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
    let refused = host.plan_change(&AccessChange::Revoke {}, &grant).unwrap_err();
    assert!(
        matches!(&refused, UnsupportedChangeError::Harm { why, .. } if why.contains("carl would gain /usr/bin/id as root")),
        "{refused:?}"
    );
}

#[test]
fn account_and_rule_that_excludes_it_are_removed() {
    for rule in ["ALL, !dan ALL=(root) /usr/bin/id", "%ops, !dan ALL=(root) /usr/bin/id"] {
        for account_first in [true, false] {
            let host = base();
            host.change("/etc/group", "ops:x:2001:bob,carl", "ops:x:2001:bob,carl,dan");
            host.change("/etc/gshadow", "ops:!::bob,carl", "ops:!::bob,carl,dan");
            host.change("/etc/group", "sudo:x:27:bob", "sudo:x:27:");
            host.change("/etc/gshadow", "sudo:!::bob", "sudo:!::");
            host.rules(&[rule]);
            let holder = if rule.starts_with("ALL") { "everyone" } else { "gid:2001:ops" };
            let (account, rule) = (host.grant(GrantKind::Account, &["uid:1004:dan"]), other_rule(&host, holder));
            let mut changes = [(AccessChange::Revoke {}, &account), (AccessChange::Revoke {}, &rule)];
            if !account_first {
                changes.reverse();
            }
            both(&host, changes);
        }
    }
}
