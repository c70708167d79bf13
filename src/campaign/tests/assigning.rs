//! Tests of stages at opening: assigned reviewers, skipped candidates with the reason, and invalid definitions.

use super::fixtures::{World, campaign_id, id, membership, time};
use crate::{
    campaign::OpenedCampaign,
    diag::RenderStyle,
    model::{
        PrincipalId, ReviewResult, Strategy, Tier,
        file::{KeyState, PrincipalKind, ReviewerCapacity, Selector, Stage},
    },
};
use std::collections::{BTreeMap, BTreeSet};

fn stage(name: &str, reviewers: &[&str], ask: u32) -> Stage {
    Stage {
        name: name.to_owned(),
        days: 7,
        reviewers: reviewers.iter().map(|word| (*word).to_owned()).collect(),
        reviewers_per_item: ask,
        strategy: Strategy::AllMustAccept,
        stop_on: Vec::new(),
        advance_on: Vec::new(),
        sample_percent: None,
    }
}

/// `eve` and `tom` are in the team of `ana`, who manages them; `fay` and `gus` are auditors.
fn company() -> World {
    let mut world = World::new().person("eve", &["db:1"]).person("tom", &["db:2"]).signs("eve").signs("tom");
    for name in ["ana", "eve", "tom"] {
        world.entry(name).team = Some("orders".to_owned());
        world.entry(name).owner = (name != "ana").then(|| id("ana"));
    }
    for name in ["fay", "gus"] {
        world.registered(name).groups = vec!["auditors".to_owned()];
    }
    let grants = ["1", "2"].map(|holder| membership("db", holder, "reader", Tier::T2)).into();
    world.collected("db", grants, "2026-11-22T05:00:00Z")
}

/// Returns the reviewer of each holder's item in each stage, with the last fact of the item.
fn asked(opened: &OpenedCampaign) -> BTreeMap<String, Vec<(u32, String, String)>> {
    let mut asked: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for sheet in &opened.sheets {
        for item in &sheet.review.items {
            let told = item.summary.split("; asked as ").nth(1).unwrap_or_default().to_owned();
            let one = (sheet.review.stage(), sheet.review.reviewer.to_string(), told);
            asked.entry(item.principal.clone()).or_default().push(one);
        }
    }
    asked.values_mut().for_each(|one| one.sort());
    asked
}

fn opened(world: &World) -> OpenedCampaign {
    world.open().unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())))
}

fn one(stage: u32, reviewer: &str, told: &str) -> (u32, String, String) {
    (stage, reviewer.to_owned(), told.to_owned())
}

#[test]
fn each_stage_has_worklists_with_distinct_reviewers() {
    let mut world = company();
    world.definition.stages =
        vec![stage("team", &["manager"], 1), stage("control", &["manager", "group:auditors", "system-owner"], 2)];
    let opened = opened(&world);
    assert_eq!(opened.campaign.items, 2, "a grant is one item, regardless of the number of reviewers");
    for (holder, seen) in asked(&opened) {
        assert_eq!(seen.len(), 3, "{holder}: {seen:?}");
        assert_eq!(seen[0], one(1, "ana", "manager"));
        let auditors: Vec<_> = seen[1..].iter().map(|(stage, reviewer, _)| (*stage, reviewer.as_str())).collect();
        assert_eq!(auditors, [(2, "fay"), (2, "gus")]);
        assert!(seen[1].2.starts_with("member of the group auditors, as ana reviews it in stage 1"), "{seen:?}");
    }
    let files: Vec<_> = opened.sheets.iter().map(|sheet| (sheet.path.as_str(), sheet.review.stage)).collect();
    let reviews = format!("campaigns/{}/reviews/db", campaign_id());
    assert_eq!(
        files,
        [
            (format!("{reviews}/ana.toml").as_str(), None),
            (format!("{reviews}/fay.toml").as_str(), Some(2)),
            (format!("{reviews}/gus.toml").as_str(), Some(2)),
        ]
    );
}

#[test]
fn reviewer_of_two_stages_has_a_file_for_each() {
    let mut world = company();
    world.definition.stages = vec![stage("one", &["person:fay"], 1), stage("two", &["person:gus"], 1)];
    // `gus` reviews the access of `fay` in the first stage, and a fallback in the second.
    world.entry("fay").accounts = vec!["db:1".to_owned()];
    world.entry("eve").accounts.clear();
    world.definition.fallback = id("dora");
    world.definition.second_fallback = id("dan");
    world.definition.stages[0].reviewers.push("person:gus".to_owned());
    world.definition.stages[1].reviewers.push("person:fay".to_owned());
    let seen = asked(&opened(&world));
    assert_eq!(
        seen["1_login"],
        [
            one(1, "gus", "reviewer named in the definition, as fay would review their own access"),
            one(2, "dora", "fallback, as gus reviews it in stage 1 and fay would review their own access"),
        ]
    );
    let gus: Vec<_> = opened(&world).sheets.into_iter().filter(|sheet| sheet.path.contains("/gus")).collect();
    let files: Vec<_> =
        gus.iter().map(|sheet| (sheet.path.rsplit('/').next().unwrap(), sheet.review.stage())).collect();
    assert_eq!(files, [("gus-2.toml", 2), ("gus.toml", 1)]);
}

#[test]
fn team_reviews_its_members_but_not_themselves() {
    let mut world = company();
    world.definition.stages = vec![stage("peers", &["team"], 2)];
    let seen = asked(&opened(&world));
    let names = |holder: &str| seen[holder].iter().map(|(_, name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(names("1_login"), ["ana", "tom"]);
    assert_eq!(names("2_login"), ["ana", "eve"]);
}

#[test]
fn manager_of_machine_is_manager_of_its_owner() {
    let mut world = company().principal("etl", PrincipalKind::Service, Some("eve"), &["db:9"]);
    world.definition.stages = vec![stage("managers", &["owner", "deputy", "manager"], 1)];
    let world = world.collected("db", vec![membership("db", "9", "writer", Tier::T2)], "2026-11-22T05:00:00Z");
    let told = "manager, as eve would review the access of `etl`, an identity they own";
    assert_eq!(asked(&opened(&world))["9_login"], [one(1, "ana", told)]);
}

#[test]
fn leaving_or_keyless_reviewer_is_skipped() {
    let mut world = company();
    world.entry("ana").end_date = Some(time("2026-12-01T00:00:00Z"));
    world.definition.stages = vec![stage("one", &["manager", "system-owner", "system-deputy"], 1)];
    world.registered("dora").keys[0].state = KeyState::Retired;
    let told = "deputy for the system, as ana leaves on 2026-12-01 and dora has no active key";
    assert_eq!(asked(&opened(&world))["1_login"], [one(1, "dan", told)]);
    // A principal who leaves the day after the window ends is eligible.
    world.entry("ana").end_date = Some(time("2026-12-08T00:00:00Z"));
    assert_eq!(asked(&opened(&world))["1_login"], [one(1, "ana", "manager")]);
    // The same applies without stages.
    world.definition.stages.clear();
    world.entry("ana").end_date = Some(time("2026-12-01T00:00:00Z"));
    let told = "deputy for the system, as ana leaves on 2026-12-01 and dora has no active key";
    assert_eq!(asked(&opened(&world))["1_login"], [one(1, "dan", told)]);
}

#[test]
fn reviewer_at_capacity_is_skipped_until_none_is_left() {
    let holders: Vec<String> = (0..5).map(|number| format!("1{number}")).collect();
    let grants = holders.iter().map(|holder| membership("db", holder, "reader", Tier::T2)).collect();
    let mut world = World::new().collected("db", grants, "2026-11-22T05:00:00Z");
    world.definition.max_items_per_reviewer = Some(ReviewerCapacity { t0: 1, t1: 1, t2: 2, t3: 1 });
    let mut count: BTreeMap<PrincipalId, usize> = BTreeMap::new();
    let sheets = opened(&world).sheets;
    sheets
        .iter()
        .for_each(|sheet| *count.entry(sheet.review.reviewer.clone()).or_default() += sheet.review.items.len());
    assert_eq!(count, BTreeMap::from([(id("dora"), 2), (id("dan"), 2), (id("fay"), 1)]));
    let last = sheets.iter().find(|sheet| sheet.review.reviewer == id("fay")).unwrap();
    let told = "asked as fallback, as dora already has 2 items of T2 and dan already has 2 items of T2";
    assert!(last.review.items[0].summary.ends_with(told), "{}", last.review.items[0].summary);

    world.definition.max_items_per_reviewer = Some(ReviewerCapacity { t0: 1, t1: 1, t2: 1, t3: 1 });
    let refused = world.refused();
    assert!(
        refused.contains("`gus` already has 1 item of T2") && refused.contains("raise `[max_items_per_reviewer]`"),
        "{refused}"
    );
}

#[test]
fn skipped_candidates_of_large_group_are_limited() {
    let mut world = World::new();
    let names: Vec<String> = (0..50).map(|n| format!("g{n:02}")).collect();
    for name in &names {
        world = world.person(name, &[]).signs(name);
        world.registered(name).groups = vec!["all".to_owned()];
    }
    world.definition.max_items_per_reviewer = Some(ReviewerCapacity { t0: 1, t1: 1, t2: 1, t3: 1 });
    world.definition.stages = vec![stage("all", &["group:all"], 1)];
    let grants = (0..50).map(|n| membership("db", &format!("{n}"), "reader", Tier::T2)).collect();
    let world = world.collected("db", grants, "2026-11-22T05:00:00Z");
    let opened = opened(&world);
    let reviewers: BTreeSet<_> = opened.sheets.iter().map(|sheet| &sheet.review.reviewer).collect();
    assert_eq!(reviewers.len(), 50, "each member has one item, and no fallback is needed");
    let told = opened.sheets.iter().map(|sheet| sheet.review.items[0].summary.matches("has 1 item").count());
    assert!(told.clone().max() <= Some(32), "{:?}", told.max());
}

#[test]
fn each_of_several_reviewers_has_their_own_cosigners() {
    let mut world = company().person("pat", &[]).person("kim", &[]).signs("pat").signs("kim");
    world.thresholds.t2 = 2;
    world.definition.window_days = 30;
    world.definition.stages = vec![stage("two", &["manager", "person:pat", "system-owner", "system-deputy"], 2)];
    let opened = opened(&world);
    let of = |holder: &str| {
        let has =
            |sheet: &&crate::campaign::WorklistFile| sheet.review.items.iter().any(|item| item.principal == holder);
        let signers =
            |sheet: &crate::campaign::WorklistFile| (sheet.review.reviewer.clone(), sheet.review.cosigners.clone());
        opened.sheets.iter().filter(has).map(signers).collect::<Vec<_>>()
    };
    assert_eq!(of("1_login"), [(id("ana"), vec![id("dora")]), (id("pat"), vec![id("dan")])]);
    world.definition.stages.push(stage("three", &["person:kim"], 1));
    let opened = world.open().unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())));
    let last = opened.sheets.iter().find(|sheet| sheet.review.stage == Some(2)).unwrap();
    assert_eq!((&last.review.reviewer, last.review.cosigners.as_slice()), (&id("kim"), &[id("fay")][..]));
    world.definition.stages.push(stage("four", &["person:kim"], 1));
    let refused = world.refused();
    assert!(refused.contains("needs 2 reviewers in stage 3; eligible: 1"), "{refused}");
    assert!(refused.contains("`fay` reviews it in stage 2"), "{refused}");
}

#[test]
fn sampled_stage_asks_about_the_sample_only() {
    let mut world = company();
    world.definition.stages = vec![stage("first", &["person:ana"], 1), stage("second", &["person:gus"], 1)];
    let in_second = |world: &World| {
        let opened = opened(world);
        let campaign = &opened.campaign;
        let of = |stage: u32| {
            let sheets = opened.sheets.iter().filter(move |sheet| sheet.review.stage() == stage);
            sheets.flat_map(|sheet| sheet.review.items.iter().map(|item| item.id)).collect::<BTreeSet<_>>()
        };
        assert_eq!(of(1).len(), 2, "all items are in the first stage");
        let sample = campaign.definition.sample(2, (&campaign.id, &campaign.population), &of(1));
        assert_eq!(of(2), sample.unwrap_or(of(1)));
        of(2).len()
    };
    assert_eq!(in_second(&world), 2);
    for (percent, expected) in [(100, 2), (1, 1)] {
        world.definition.stages[1].sample_percent = Some(percent);
        assert_eq!(in_second(&world), expected, "{percent} %");
    }
}

#[test]
fn definition_errors_have_spans() {
    let mut world = company();
    world.definition.remind_percent = vec![75, 50, 100];
    world.definition.recurrence_days = Some(3);
    world.definition.second_fallback = id("fay");
    world.definition.stages = vec![
        Stage {
            days: 9,
            stop_on: vec![ReviewResult::Revoke],
            advance_on: vec![ReviewResult::Accept, ReviewResult::Revoke],
            sample_percent: Some(10),
            ..stage("one", &["owner", "boss", "group:nobody", "person:zoe"], 1)
        },
        // With `advance_on`, all other results stop.
        Stage { stop_on: vec![ReviewResult::Revoke], advance_on: vec![ReviewResult::Accept], ..stage("two", &[], 0) },
        Stage { sample_percent: Some(101), ..stage("three", &["owner"], 1) },
    ];
    world.definition.selectors =
        vec![Selector { new_since: Some(campaign_id()), subjects: vec!["li".to_owned()], ..Selector::default() }];
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/cases/campaign");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("definition", world.refused()));
}
