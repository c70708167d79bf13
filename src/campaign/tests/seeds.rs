//! Seeded control items: like the real ones in all that a reviewer is shown, in no count, told by the salt alone.

use super::world::{World, membership, time};
use crate::{
    campaign::{OpenedCampaign, seeded},
    diag::Diagnostics,
    format::codec,
    model::{
        ItemId, Stance, Strategy, Tier, Usage,
        file::{Item, PrincipalKind, Review, Stage, seeds},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Sixty memberships of one system, in some of which policy sees something wrong.
fn world(count: u32) -> World {
    let grants = (0..60).map(|n| {
        let tier = if n % 7 == 0 { Tier::T1 } else { Tier::T2 };
        let (grant, usage) = membership("db", &format!("{}", 1000 + n), "reader", tier);
        (grant, if n % 4 == 0 { Usage::At(time("2026-08-01T00:00:00Z")) } else { usage })
    });
    let mut world = World::new().ruled(IDLE).collected("db", grants.collect(), "2026-11-22T05:00:00Z");
    for n in 0..60 {
        let owner = ["ana", "li", "dora"][n % 3];
        world =
            world.principal(&format!("svc-{n}"), PrincipalKind::Person, Some(owner), &[&format!("db:{}", 1000 + n)]);
    }
    world.definition.seeded = Some(count);
    world
}

fn opened(count: u32, stages: &[(u32, &str)]) -> Result<OpenedCampaign, Diagnostics> {
    let mut world = world(count);
    let stage = |(ask, who): &(u32, &str)| Stage {
        name: (*who).to_owned(),
        days: 7,
        reviewers: vec![(*who).to_owned()],
        ask: *ask,
        outcome: Strategy::AllMustAccept,
        stop_on: vec![Stance::Revoke],
        advance_on: Vec::new(),
    };
    world.definition.stages = stages.iter().map(stage).collect();
    world.open_seeded("salt")
}

fn asked(opened: &OpenedCampaign) -> BTreeMap<ItemId, BTreeSet<(u32, String)>> {
    let mut asked: BTreeMap<ItemId, BTreeSet<(u32, String)>> = BTreeMap::new();
    for sheet in &opened.sheets {
        for item in &sheet.review.items {
            let to = (sheet.review.stage(), sheet.review.reviewer.to_string());
            asked.entry(item.id).or_default().insert(to);
        }
    }
    asked
}

#[test]
fn seeded_items_are_in_no_count_and_committed_to() {
    let mut plain = world(0);
    plain.definition.seeded = None;
    let plain = plain.open().unwrap();
    let opened = opened(3, &[]).unwrap();
    assert_eq!((opened.campaign.items, opened.campaign.population), (plain.campaign.items, plain.campaign.population));
    assert_eq!(opened.campaign.systems, plain.campaign.systems);
    let ids = seeded(&opened.campaign.id, "salt", 3);
    assert_eq!(opened.campaign.seeds, Some(seeds("salt", &ids)));
    let all: BTreeSet<ItemId> = asked(&opened).into_keys().collect();
    let real: BTreeSet<ItemId> = asked(&plain).into_keys().collect();
    assert_eq!(all.difference(&real).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    for sheet in &opened.sheets {
        let text = codec::render(&sheet.review);
        assert!(codec::parse::<Review>(&sheet.path, text.as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn nothing_in_a_worklist_tells_a_seeded_item_apart() {
    let opened = opened(6, &[(2, "owner"), (1, "system-owner")]).unwrap();
    let ids = seeded(&opened.campaign.id, "salt", 6);
    let is_seeded = |item: &&Item| ids.contains(&item.id);
    let all: Vec<&Item> = opened.sheets.iter().flat_map(|sheet| &sheet.review.items).collect();
    let asked = asked(&opened);
    let real: Vec<_> = asked.iter().filter(|(item, _)| !ids.contains(item)).map(|(_, to)| to.clone()).collect();
    for item in all.iter().copied().filter(is_seeded) {
        // Asked in every stage, by as many, and of the same people as others.
        assert!(real.contains(&asked[&item.id]), "{item:?}");
        // In the words of others: nothing but the names is its own.
        let same = |other: &&&Item| {
            !ids.contains(&other.id)
                && (&other.entitlement, &other.recommend, other.severity, other.tier)
                    == (&item.entitlement, &item.recommend, item.severity, item.tier)
                && other.facts == item.facts
        };
        assert!(all.iter().any(|other| same(&other)), "{item:?}");
        assert!(item.is_flagged() && item.recommend.starts_with("disable"), "plainly wrong: {item:?}");
        assert_eq!(all.iter().filter(|other| other.subject == item.subject && other.id != item.id).count(), 0);
    }
    for sheet in &opened.sheets {
        // In the order of others, and no page larger than theirs.
        let order: Vec<_> = sheet.review.items.iter().map(|item| (item.tier, item.severity.is_none())).collect();
        assert!(order.is_sorted(), "{order:?}");
        let subjects = |flagged: bool, tier: Tier| {
            let of = sheet.review.items.iter().filter(move |item| item.tier == tier && item.is_flagged() == flagged);
            of.map(|item| &item.subject).collect::<Vec<_>>()
        };
        assert!(subjects(true, Tier::T2).is_sorted());
        assert!(sheet.review.items.len() <= if order[0].0 <= Tier::T1 { 25 } else { 75 });
    }
}

#[test]
fn every_reviewer_is_given_one_before_any_is_given_two() {
    let opened = opened(3, &[]).unwrap();
    let ids = seeded(&opened.campaign.id, "salt", 3);
    let given: BTreeSet<_> =
        asked(&opened).into_iter().filter(|(item, _)| ids.contains(item)).map(|(_, to)| to).collect();
    assert_eq!(given.len(), 3, "{given:?}");
}

#[test]
fn the_salt_alone_says_which_they_are() {
    let campaign = opened(3, &[]).unwrap();
    let id = &campaign.campaign.id;
    assert_eq!(seeded(id, "salt", 3), seeded(id, "salt", 3));
    assert_ne!(seeded(id, "salt", 3), seeded(id, "other", 3));
    assert!(campaign.files().eq(opened(3, &[]).unwrap().files()));
    assert_ne!(world(3).open_seeded("other").unwrap().campaign.seeds, campaign.campaign.seeds);
}

#[test]
fn without_a_salt_or_anything_to_look_like_nothing_is_opened() {
    let code = |found: Result<OpenedCampaign, Diagnostics>| found.unwrap_err().sorted()[0].code;
    assert_eq!(code(world(3).open()), "salt-missing");
    assert_eq!(code(opened(500, &[])), "seeds-no-model");
    let mut blind = world(3);
    blind.pack = crate::policy::Pack::default();
    assert_eq!(code(blind.open_seeded("salt")), "seeds-no-model");
}

const IDLE: &str = r#"schema = "tenure/rules/v1"
title = "One rule"

[[rule]]
id = "NHI-LIF-02"
title = "It is used"
over = "grant"
applies = "true"
fails = "usage.idle_days > 45"
requires = ["usage.idle_days"]
severity = "medium"
verdict = "disable"
advice = "disable it"
maps = []
"#;
