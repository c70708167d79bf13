//! Tests of decision contexts: sections, contents and order.

use super::fixtures::{World, campaign_id, membership, system_id, time};
use crate::{
    campaign::{ContextIndex, ContextSources, DecisionContext, PriorDecision},
    inventory::IdentityDirectory,
    model::{
        CampaignId, Digest, Entitlement, Grant, GrantKey, GrantKind, Inventory, SystemId, Tier, Timestamp, Usage,
        Verdict,
        file::{PrincipalKind, Principals},
    },
};
use std::collections::BTreeMap;

/// A privilege of a role.
fn privilege(role: &str, name: &str, tier: Tier) -> (Grant, Usage) {
    let (grant, usage) = membership("db", role, name, tier);
    let key = GrantKey::parse(&format!("privilege:{role}:{}", name.replace(' ', "_"))).unwrap();
    (Grant { kind: GrantKind::Privilege, key, ..grant }, usage)
}

/// `li` is a member of `reporting`, which is a member of `admin`; the service `export` has read access of its own.
fn held() -> Vec<(Grant, Usage)> {
    let named = |id: &str| Entitlement { id: id.to_owned(), name: id.to_owned() };
    let (mut li, usage) = membership("db", "10", "reporting", Tier::T2);
    li.expands_to = vec![named("DELETE ON TABLE shop.backups"), named("SELECT ON TABLE shop.orders")];
    vec![
        (li, usage),
        membership("db", "reporting", "admin", Tier::T1),
        privilege("reporting", "SELECT ON TABLE shop.orders", Tier::T2),
        privilege("admin", "DELETE ON TABLE shop.backups", Tier::T1),
        membership("db", "20", "reading", Tier::T2),
    ]
}

fn world() -> World {
    World::new()
        .principal("export", PrincipalKind::Service, Some("ana"), &["db:20"])
        .person("mo", &["db:10"])
        .collected("db", held(), "2026-11-22T05:00:00Z")
}

/// Decisions and pinned inventories of earlier campaigns.
#[derive(Default)]
struct Past {
    earlier: Vec<PriorDecision>,
    then: BTreeMap<(CampaignId, SystemId), Inventory>,
}

impl Past {
    /// Adds a decision of `fay` on the membership of mo, from a time when it gave only these entitlements.
    fn decided(mut self, campaign: &str, when: &str, verdict: Verdict, gives: &[&str], world: &World) -> Self {
        let item = item(world, "10_login");
        let mut grants: Vec<Grant> = held().into_iter().map(|(grant, _)| grant).collect();
        grants[0].expands_to.retain(|one| gives.contains(&one.name.as_str()));
        grants.retain(|grant| grant.kind != GrantKind::Privilege || gives.contains(&grant.entitlement.name.as_str()));
        let grant = grants[0].digest();
        let id = CampaignId::parse(campaign).unwrap();
        let then = Inventory::new(system_id("db"), time(when), Digest::ZERO, true, grants, BTreeMap::new());
        self.then.insert((id.clone(), system_id("db")), then);
        let reason = format!("in-use-needed: stated in {campaign}");
        let item = crate::model::file::Item { decision: Some(verdict), reason, grant_digest: grant, ..item };
        self.earlier.push(PriorDecision {
            campaign: id,
            opened_at: time(when),
            reviewer: super::fixtures::id("fay"),
            item,
        });
        self
    }
}

fn item(world: &World, holder: &str) -> crate::model::file::Item {
    let opened = world.open().unwrap();
    let items = opened.sheets.into_iter().flat_map(|sheet| sheet.review.items);
    items.into_iter().find(|item| item.principal == holder).unwrap()
}

fn card(world: &World, holder: &str, past: &Past) -> DecisionContext {
    let opened = world.open().unwrap();
    let item = item(world, holder);
    let file = Principals { schema: "tenure/principals/v1".to_owned(), principals: world.entries.clone() };
    let (people, _) = IdentityDirectory::new([("principals.toml", file)]);
    let (rules, certified) = (BTreeMap::new(), BTreeMap::new());
    let library = ContextIndex::new(ContextSources {
        campaign: &opened.campaign,
        inventories: &world.inventories,
        people: &people,
        systems: &world.systems,
        rules: &rules,
        earlier: &past.earlier,
        then: &past.then,
        certified: &certified,
        lowered: &world.lowered,
    });
    library.dossier(&item, &system_id("db"), Timestamp::parse("2026-12-07").unwrap())
}

fn said(dossier: &DecisionContext, title: &str) -> String {
    let chapter = dossier.chapters.iter().find(|chapter| chapter.title == title).unwrap();
    chapter.lines.iter().map(|line| format!("{}{}\n", if line.marked { "! " } else { "" }, line.text)).collect()
}

#[test]
fn decision_context_has_sections_in_reading_order() {
    let dossier = card(&world().judged(), "20_login", &Past::default());
    let titles: Vec<&str> = dossier.chapters.iter().map(|chapter| chapter.title).collect();
    let order = [
        "What it is",
        "Recommended",
        "Use",
        "Grant",
        "Access",
        "Peers",
        "Risk",
        "What breaks",
        "No response",
        "Question",
        "In the file",
    ];
    assert_eq!(titles, order);
    let whole: Vec<String> = titles.iter().map(|title| format!("{title}\n{}", said(&dossier, title))).collect();
    insta::assert_snapshot!("card", whole.join("\n"));
}

#[test]
fn role_contents_show_most_critical_first_and_depth() {
    let mut world = world();
    world.systems.get_mut(&system_id("db")).unwrap().connector = "postgres".to_owned();
    let access = said(&card(&world, "10_login", &Past::default()), "Access");
    assert!(access.contains("can delete from shop.backups; can read shop.orders"), "{access}");
    assert!(access.contains("gives 3 entitlements, 2 of them T1"), "{access}");
    let (risky, plain) = (access.find("DELETE ON TABLE"), access.find("SELECT ON TABLE"));
    assert!(risky.is_some() && risky < plain, "{access}");
    assert!(access.contains("roles nested 2 deep"), "{access}");
}

#[test]
fn history_shows_last_certification_and_changes() {
    let world = world();
    let all = ["DELETE ON TABLE shop.backups", "SELECT ON TABLE shop.orders"];
    let past = Past::default().decided("2026-q2", "2026-05-01", Verdict::Certify, &all[1..], &world).decided(
        "2026-q3",
        "2026-08-01",
        Verdict::Abstain,
        &all,
        &world,
    );
    let dossier = card(&world, "10_login", &past);
    let grant = said(&dossier, "Grant");
    assert!(
        grant.contains("last certified by fay in 2026-q2 (2026-05-01): in-use-needed: stated in 2026-q2"),
        "{grant}"
    );
    assert!(grant.contains("earlier: abstain by fay in 2026-q3"), "{grant}");
    let access = said(&dossier, "Access");
    let changed =
        "! changed since it was certified (2026-05-01): it gained 1: DELETE ON TABLE shop.backups (T1, in admin)";
    assert!(access.contains(changed), "{access}");

    let same = Past::default().decided("2026-q3", "2026-08-01", Verdict::Certify, &all, &world);
    let access = said(&card(&world, "10_login", &same), "Access");
    assert!(access.contains("unchanged since it was certified (2026-08-01)"), "{access}");
}

#[test]
fn unknown_data_is_marked_in_every_section() {
    let mut world = world();
    world.entries.retain(|entry| entry.id.as_str() != "export");
    let dossier = card(&world, "20_login", &Past::default());
    for chapter in &dossier.chapters {
        assert!(!chapter.lines.is_empty(), "{}", chapter.title);
    }
    assert!(said(&dossier, "What it is").contains("no principal claims it"));
    assert!(said(&dossier, "Grant").contains("no earlier campaign decided on it"));
    assert!(said(&dossier, "What breaks").contains("consumers: unknown"));
    assert_eq!(dossier.chapters.len(), 11, "{}", campaign_id());
}
