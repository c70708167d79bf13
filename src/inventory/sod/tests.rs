//! Violations of separation of duties, before and after a change.

use super::*;
use crate::{
    inventory::test_fixtures::{entry, held, id, inventory, people, system_id},
    model::{
        GrantKind,
        file::{PrincipalKind, PrincipalRecord},
    },
    policy::{PackSources, PolicyPack},
};

const RULES: &str = r#"schema = "tenure/rules/v1"
title = "Duties"

[[pair]]
id = "SOD-DEPLOY-AUDIT"
title = "A principal that deploys must not change the audit log"
severity = "high"
rule = "HUM-SOD-01"

[pair.left]
capability = "deploy"
when = "name == \"deploy\""

[pair.right]
capability = "change the audit log"
when = "name == \"audit\" && kind == \"privilege\""
"#;

fn pack() -> PolicyPack {
    let sources = PackSources::read([("policies/duties.rules.toml", RULES.as_bytes())])
        .unwrap_or_else(|problems| panic!("{}", problems.render(crate::diag::RenderStyle::plain())));
    PolicyPack::compile(sources, &[]).unwrap()
}

/// `ana` deploys on hosts through a group; an identity of her identity changes the audit log of a database through a
/// nested role.
fn world() -> (Vec<Inventory>, IdentityDirectory) {
    let web = inventory(
        "web",
        vec![
            held("uid:1", GrantKind::Membership, "gid:5", Tier::T3),
            held("gid:5", GrantKind::Rule, "deploy", Tier::T1),
            held("uid:2", GrantKind::Rule, "deploy", Tier::T1),
        ],
    );
    let db = inventory(
        "db",
        vec![
            held("10", GrantKind::Membership, "role/20", Tier::T2),
            held("20", GrantKind::Membership, "role/30", Tier::T2),
            held("30", GrantKind::Privilege, "audit", Tier::T1),
            held("11", GrantKind::Privilege, "audit", Tier::T1),
        ],
    );
    let owned = |who: &str, owner: &str, accounts: &[&str]| PrincipalRecord {
        owner: Some(id(owner)),
        ..entry(who, PrincipalKind::Service, accounts)
    };
    let people = people(vec![
        entry("ana", PrincipalKind::Person, &["web:uid:1"]),
        owned("bot", "ana", &[]),
        owned("job", "bot", &["db:10"]),
        entry("bo", PrincipalKind::Person, &["web:uid:2"]),
        entry("cy", PrincipalKind::Person, &["db:11"]),
    ]);
    (vec![web, db], people)
}

fn told(separation: &SodAnalysis) -> Vec<String> {
    separation.clashes().iter().map(|clash| format!("{}: {clash}", clash.holder)).collect()
}

#[test]
fn violation_is_found_across_systems_roles_and_identities() {
    let (inventories, people) = world();
    let pack = pack();
    let separation = SodAnalysis::judge(&inventories, &people, &pack.pairs());
    assert_eq!(
        told(&separation),
        ["ana: SOD-DEPLOY-AUDIT: deploy (deploy on web, in gid:5) and change the audit log (audit on db, in role/20, \
          in role/30, through bot, which they own, through job, which it own)"]
    );
    assert_eq!(separation.names("ana"), Some(BTreeSet::from(["SOD-DEPLOY-AUDIT"])));
    assert_eq!(separation.names("bo"), Some(BTreeSet::new()));
    let group = inventories[0].of_principal("uid:1").next().unwrap();
    let other: Vec<_> = separation.by(group).map(|(clash, side)| (&clash.pair, &side.does)).collect();
    assert_eq!(other, [(&"SOD-DEPLOY-AUDIT".to_owned(), &"change the audit log".to_owned())]);
}

#[test]
fn change_keeps_resolves_or_creates_violation() {
    let (inventories, people) = world();
    let pack = pack();
    let (web, db) = (system_id("web"), system_id("db"));
    let key = |system: usize, holder: &str| inventories[system].of_principal(holder).next().unwrap().key.clone();
    let after = |change: &ProposedChange<'_>| {
        let separation = SodAnalysis::judge_after(&inventories, &people, &pack.pairs(), change);
        separation.clashes().iter().map(|clash| clash.holder.clone()).collect::<Vec<_>>()
    };
    let (group, inner, unrelated) = (key(0, "uid:1"), key(1, "30"), key(0, "uid:2"));
    let removed = |system, key| ProposedChange { removed: [(system, key)].into(), ..ProposedChange::default() };
    assert_eq!(after(&removed(&web, &group)), Vec::<String>::new());
    assert_eq!(after(&removed(&db, &inner)), Vec::<String>::new(), "a removal from a role applies to its members");
    assert_eq!(after(&removed(&web, &unrelated)), ["ana"]);
    let bot = id("bot");
    let transferred = ProposedChange { transferred: [(&bot, id("bo"))].into(), ..ProposedChange::default() };
    assert_eq!(after(&transferred), ["bo"], "the new owner violates the rule");
    let reduced = |to| ProposedChange { reduced: [((&web, &unrelated), to)].into(), ..ProposedChange::default() };
    assert_eq!(after(&reduced("nothing much")), ["ana"]);
}

#[test]
fn uncorrelated_account_is_its_own_holder() {
    let both = vec![held("1", GrantKind::Rule, "deploy", Tier::T1), held("1", GrantKind::Privilege, "audit", Tier::T1)];
    let (inventories, pack) = ([inventory("web", both)], pack());
    let separation = SodAnalysis::judge(&inventories, &people(vec![]), &pack.pairs());
    assert_eq!(separation.of("web:1").len(), 1);
    assert!(SodAnalysis::judge(&inventories, &people(vec![]), &PolicyPack::default().pairs()).clashes().is_empty());
}
