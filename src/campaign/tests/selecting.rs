//! Selection of grants: by earlier campaigns, rules, expressions, events, and within roles.

use super::fixtures::{World, campaign_id, id, membership, system_id, time};
use crate::{
    campaign::{PriorCampaigns, population},
    inventory::LoadedInventory,
    model::{
        CampaignId, Digest, Entitlement, Grant, GrantKey, GrantKind, Inventory, ItemId, Principal, Severity, Tier,
        Usage, Verdict,
        file::{Rule, Rules, Scope, Selector, Stage},
    },
    policy::{PackSources, PolicyPack},
};
use std::collections::BTreeMap;

const OBSERVED: &str = "2026-11-22T05:00:00Z";

fn earlier() -> CampaignId {
    CampaignId::parse("2026-q3").unwrap()
}

fn inventory(grants: &[(Grant, Usage)]) -> Inventory {
    let grants = grants.iter().map(|(grant, _)| grant.clone());
    Inventory::new(system_id("db"), time(OBSERVED), Digest::ZERO, true, grants, BTreeMap::new())
}

/// Returns the selected grants, each as `holder entitlement`.
fn taken(world: &World, selector: Selector) -> Vec<String> {
    let mut definition = world.definition.clone();
    definition.selectors = vec![selector];
    world.with_setting(|setting| {
        let population = population(&campaign_id(), &definition, setting);
        let text = |grant: &Grant| format!("{} {}", grant.principal.id, grant.entitlement.name);
        let mut taken: Vec<_> = population.items().map(|(_, member)| text(member.grant)).collect();
        taken.sort();
        taken
    })
}

fn holding(grants: Vec<(Grant, Usage)>) -> World {
    World::new().collected("db", grants, OBSERVED)
}

#[test]
fn selects_grants_new_or_changed_since_campaign() {
    let old = ["1", "2", "3"].map(|holder| membership("db", holder, "reader", Tier::T2));
    let mut now = old.to_vec();
    now[1].0.attributes.insert("admin".to_owned(), "yes".to_owned());
    now.remove(2);
    now.push(membership("db", "4", "reader", Tier::T2));
    let mut world = holding(now);
    world.earlier = PriorCampaigns::default();
    world.earlier.pin(&earlier(), &inventory(&old));
    let new = Selector { new_since: Some(earlier()), ..Selector::default() };
    assert_eq!(taken(&world, new), ["4 reader"]);
    let changed = Selector { changed_since: Some(earlier()), ..Selector::default() };
    assert_eq!(taken(&world, changed), ["2 reader", "4 reader"]);
}

#[test]
fn selects_only_unanswered_items() {
    let grants = ["1", "2"].map(|holder| membership("db", holder, "reader", Tier::T2));
    let mut world = holding(grants.to_vec());
    world.earlier.add_unanswered(&earlier(), [ItemId::of(&earlier(), &system_id("db"), &grants[1].0.key)]);
    let again = Selector { unanswered_in: Some(earlier()), ..Selector::default() };
    assert_eq!(taken(&world, again), ["2 reader"]);
}

#[test]
fn event_selects_affected_accounts() {
    let world = holding(["1", "2"].map(|holder| membership("db", holder, "reader", Tier::T2)).into());
    let touched = Selector { subjects: vec!["db:2".to_owned(), "db:9".to_owned()], ..Selector::default() };
    assert_eq!(taken(&world, touched), ["2 reader"]);
}

#[test]
fn unknown_selector_results_are_selected() {
    let rule = Rule {
        id: "T-TEAM-01".to_owned(),
        title: "Teams other than orders do not read".to_owned(),
        scope: Scope::Grant,
        when: "grant.kind == 'membership'".to_owned(),
        violation: "principal.team != 'orders'".to_owned(),
        requires_attributes: vec!["principal.team".to_owned()],
        severity: Severity::High,
        recommend: Verdict::Revoke,
        remediation: "revoke it".to_owned(),
        controls: Vec::new(),
        note: None,
        limits: Vec::new(),
        severities: Vec::new(),
    };
    let rules =
        Rules { schema: "tenure/rules/v1".to_owned(), title: "Teams".to_owned(), rules: vec![rule], pairs: Vec::new() };
    let text = crate::format::codec::render(&rules);
    let sources = PackSources::read([("policies/teams.rules.toml", text.as_bytes())]).unwrap();
    let holders = ["1", "2", "3"].map(|holder| membership("db", holder, "reader", Tier::T2));
    let mut world = holding(holders.into()).person("eve", &["db:1"]).person("tom", &["db:2"]);
    world.pack = PolicyPack::compile(sources, &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
    world.entry("eve").team = Some("orders".to_owned());
    world.entry("tom").team = Some("books".to_owned());
    // Account 3 is uncorrelated: its team is unknown.
    let cel = Selector { condition: Some("principal.team == 'books'".to_owned()), ..Selector::default() };
    assert_eq!(taken(&world, cel), ["2 reader", "3 reader"]);
    for rule in ["T-TEAM-01", "*"] {
        let found = Selector { findings: vec![rule.to_owned()], ..Selector::default() };
        assert_eq!(taken(&world, found), ["2 reader", "3 reader"], "{rule}");
    }
}

#[test]
fn expression_yields_reviewers() {
    let mut world = holding(vec![membership("db", "1", "reader", Tier::T2)]).person("eve", &["db:1"]);
    world.entry("eve").sponsor = Some(id("li"));
    let mut stage = Stage {
        name: "sponsors".to_owned(),
        days: 14,
        reviewers: vec!["cel:[principal.sponsor, 'dan']".to_owned()],
        reviewers_per_item: 2,
        strategy: crate::model::Strategy::AllMustAccept,
        stop_on: Vec::new(),
        advance_on: Vec::new(),
        sample_percent: None,
    };
    world.definition.stages = vec![stage.clone()];
    let reviewers = |world: &World| {
        let sheets = world.open().unwrap_or_else(|problems| panic!("{problems:?}")).sheets;
        sheets.into_iter().map(|sheet| sheet.review.reviewer.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(reviewers(&world), ["dan", "li"]);
    // An unknown result yields no reviewers, and the fallbacks are asked.
    world.entry("eve").accounts.clear();
    assert_eq!(reviewers(&world), ["fay", "gus"]);
    stage.reviewers = vec!["cel:principal.sponser".to_owned()];
    world.definition.stages = vec![stage];
    let refused = world.refused();
    assert!(refused.contains("policies/privileged.toml:12:19") && refused.contains("principal.sponsor"), "{refused}");
}

#[test]
fn system_without_items_must_be_allowed() {
    let empty = |may_be_empty: &[&str]| {
        let mut world = holding(vec![membership("db", "1", "reader", Tier::T2)]).system("hr", Tier::T3);
        world.definition.allow_empty = may_be_empty.iter().map(|name| system_id(name)).collect();
        world
    };
    let refused = empty(&[]).refused();
    assert!(refused.contains("no grant on `hr` matches any selector"), "{refused}");
    assert!(refused.contains("write `allow_empty = [\"hr\"]`"), "{refused}");
    assert_eq!(empty(&["hr"]).open().unwrap().campaign.items, 1);
}

/// A role `7` with two members, one privilege of its own, and one named entitlement without a grant.
fn role() -> World {
    let mut grants = vec![
        membership("db", "1", "7", Tier::T2),
        membership("db", "2", "7", Tier::T2),
        membership("db", "1", "8", Tier::T2),
    ];
    let named = Entitlement { id: "stats/all".to_owned(), name: "read all statistics".to_owned() };
    grants[0].0.expands_to = vec![named.clone()];
    grants[1].0.expands_to = vec![named];
    let mut held = membership("db", "7", "SELECT orders", Tier::T1);
    held.0.kind = GrantKind::Privilege;
    held.0.principal = Principal { id: "7".to_owned(), name: "reporting".to_owned() };
    let mut account = held.clone();
    account.0.kind = GrantKind::Account;
    account.0.key = GrantKey::parse("account:7").unwrap();
    account.0.entitlement = Entitlement { id: "account".to_owned(), name: "account".to_owned() };
    grants.extend([held, account]);
    holding(grants)
}

#[test]
fn role_contents_are_reviewed_once() {
    let world = role();
    let contents = Selector { role_contents: Some(true), ..Selector::default() };
    assert_eq!(taken(&world, contents), ["7 SELECT orders", "7 read all statistics"]);
    let others = Selector { role_contents: Some(false), ..Selector::default() };
    assert_eq!(taken(&world, others), ["1 7", "1 8", "2 7", "7 account"]);
    assert_eq!(taken(&world, Selector::default()), ["1 7", "1 8", "2 7", "7 SELECT orders", "7 account"]);
}

#[test]
fn changed_role_selects_members_or_contents() {
    let world = role();
    let of = |role_contents, role: &str| {
        taken(&world, Selector { role_contents, roles: vec![format!("db:{role}")], ..Selector::default() })
    };
    assert_eq!(of(None, "7"), ["1 7", "2 7"], "only the memberships, and no other grants of the members");
    assert_eq!(of(Some(true), "7"), ["7 SELECT orders", "7 read all statistics"]);
    assert_eq!(of(None, "9"), [""; 0]);
    assert_eq!(of(Some(true), "9"), [""; 0]);
    let elsewhere = Selector { roles: vec!["web:7".to_owned()], ..Selector::default() };
    assert_eq!(taken(&world, elsewhere), [""; 0]);
}

#[test]
fn synthetic_role_grant_has_its_own_key() {
    let world = role();
    let LoadedInventory { inventory, .. } = &world.inventories[&system_id("db")];
    let unlisted = crate::campaign::synthetic_role_grants(inventory);
    assert_eq!(unlisted.len(), 1, "{unlisted:?}");
    assert!(crate::campaign::is_unlisted(&unlisted[0].key));
    assert_eq!((unlisted[0].principal.id.as_str(), unlisted[0].entitlement.id.as_str()), ("7", "stats/all"));
}
