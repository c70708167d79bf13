//! Opening a campaign: population, assignments, worklists, and rejected openings.

use super::fixtures::{World, campaign_id, id, membership, system_id, time};
use crate::{
    campaign::{population, worklist},
    diag::RenderStyle,
    format::codec,
    inventory::{FileSource, TierOverrides},
    model::{
        AccessPath, AccessRoute, Attributes, Digest, Entitlement, Grant, GrantKind, Tier, Usage,
        file::{KeyState, PrincipalKind, Rating, Review, Selector, files_digest},
    },
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn observed() -> &'static str {
    "2026-11-22T05:00:00Z"
}

/// A world in which every kind of fact occurs in a worklist.
fn telling() -> World {
    let mut world = World::new()
        .left("li", "2026-09-30T00:00:00Z")
        .person("eve", &["db:10"])
        .principal("svc-export", PrincipalKind::Service, Some("li"), &["db:11"])
        .principal("sealed", PrincipalKind::BreakGlass, Some("ana"), &["db:12"]);
    world.entry("eve").owner = Some(id("ana"));
    world.entry("svc-export").purpose = Some("Nightly export of orders".to_owned());
    let (mut export, _) = membership("db", "11", "reporting_admin", Tier::T1);
    export.expands_to = ["orders.read", "orders.write", "customers.read", "payments.read", "audit.read", "x"]
        .map(|name| Entitlement { id: name.to_owned(), name: name.to_owned() })
        .into();
    export.attributes = Attributes::from_iter([("admin_option".to_owned(), "true".to_owned())]);
    export.paths.push(AccessPath { via: AccessRoute::Group, ids: "11/7".to_owned(), text: "through ops".to_owned() });
    let (hostile, _) = membership("db", "13", "wr\u{202e}iter", Tier::T2);
    let hostile = Grant {
        principal: crate::model::Principal { name: "ev\u{1b}[2Jil\"".to_owned(), ..hostile.principal },
        ..hostile
    };
    world
        .collected(
            "db",
            vec![
                (export, Usage::At(time("2026-07-02T05:00:00Z"))),
                membership("db", "10", "reader", Tier::T3),
                (membership("db", "12", "superuser", Tier::T0).0, Usage::NeverSince(time("2025-01-01T00:00:00Z"))),
                (hostile, Usage::Unknown("statistics are off".into())),
            ],
            observed(),
        )
        .judged()
}

#[test]
fn worklist_item_contains_all_facts() {
    let opened = telling().open().unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/cases/campaign");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!("campaign", codec::render(&opened.campaign));
        for sheet in &opened.sheets {
            let name = sheet.path.trim_start_matches("campaigns/2026-q4/").replace('/', "-");
            insta::assert_snapshot!(name.trim_end_matches(".toml"), codec::render(&sheet.review));
        }
    });
}

#[test]
fn worklists_are_governed_files_without_decisions() {
    let opened = telling().open().unwrap();
    for (path, bytes) in opened.files().filter(|(path, _)| path.starts_with("reviews/")) {
        let review: Review =
            codec::parse(&path, &bytes).unwrap_or_else(|problems| panic!("{}", problems.render(RenderStyle::plain())));
        assert!(review.items.iter().all(|item| item.decision.is_none() && item.reason.is_empty()));
        assert_eq!(review.digest, opened.digest);
    }
    let (_, written) = opened.files().find(|(path, _)| path == "campaign.toml").unwrap();
    assert_eq!(Digest::of(written), opened.digest);
}

#[test]
fn item_is_assigned_to_first_eligible_candidate() {
    let mut world = World::new()
        .person("boss", &["db:1"])
        .person("eve", &["db:2"])
        .person("tom", &["db:3"])
        .principal("etl", PrincipalKind::Service, Some("dora"), &["db:4"])
        .principal("bot", PrincipalKind::Agent, Some("etl"), &["db:5"])
        .principal("export", PrincipalKind::Service, Some("ana"), &["db:6"])
        .person("gone", &[])
        .left("gone", "2026-01-01T00:00:00Z");
    world.entry("eve").owner = Some(id("ana"));
    world.entry("tom").owner = Some(id("gone"));
    world.entry("export").deputy = Some(id("li"));
    world.entry("tom").deputy = Some(id("li"));
    world.entry("dora").accounts = vec!["db:7".to_owned()];
    world.registered("dan").subjects = vec!["db:8".to_owned()];
    let holders = ["1", "2", "3", "4", "5", "6", "7", "8", "99"];
    let grants = holders.map(|holder| membership("db", holder, "reader", Tier::T2)).into();
    let world = world.collected("db", grants, observed());
    let expected = [
        ("1_login", "dora"),  // boss has no manager: the system owner
        ("2_login", "ana"),   // the manager
        ("3_login", "li"),    // the manager left: the deputy
        ("4_login", "dan"),   // dora owns the account and the system: her deputy
        ("5_login", "dan"),   // dora owns its owner
        ("6_login", "dora"),  // neither owner nor deputy of an account may review it
        ("7_login", "dan"),   // dora's own account
        ("8_login", "dora"),  // dan's own account, by the registry
        ("99_login", "dora"), // uncorrelated account
    ];
    let expected = expected.map(|(account, reviewer)| (account.to_owned(), reviewer.to_owned()));
    assert_eq!(world.reviewers(), BTreeMap::from(expected));
}

#[test]
fn tier_with_two_signers_gets_two_eligible_reviewers() {
    let mut world = World::new().person("eve", &["db:2"]);
    world.entry("eve").owner = Some(id("ana"));
    world.entry("dora").accounts = vec!["db:3".to_owned()];
    world.thresholds.t0 = 2;
    world.registered("dan").keys[0].state = KeyState::Retired;
    let grants = vec![membership("db", "2", "root", Tier::T0), membership("db", "3", "reader", Tier::T2)];
    let mut world = world.collected("db", grants, observed());
    assert_eq!(world.reviewers()["2_login"], "ana+dora");
    assert_eq!(world.reviewers()["3_login"], "fay");

    world.thresholds.t0 = 9;
    insta::assert_snapshot!(world.refused(), @r"
    error[no-reviewer]: `root` of `2_login` on `db` (T0) needs 9 reviewers; eligible: 4
    --> policies/privileged.toml
     = note: `ana` is eligible
     = note: `dora` is eligible
     = note: `fay` is eligible
     = note: `gus` is eligible
     = note: `dan` has no active key
     = help: name other fallbacks in the definition, or add a key for one of them in `trust/registry`
    ");
}

#[test]
fn account_tier_follows_access_unless_excepted() {
    let (login, usage) = membership("db", "10", "login", Tier::T2);
    let login = Grant { kind: GrantKind::Account, ..login };
    let grants = vec![(login.clone(), usage), membership("db", "10", "admin", Tier::T0)];
    let mut world = World::new().person("eve", &["db:10"]).collected("db", grants, observed());
    let told = |world: &World| -> Vec<String> {
        let sheets = world.open().unwrap().sheets;
        let items = sheets.iter().flat_map(|sheet| &sheet.review.items);
        items
            .map(|item| {
                let by = item.summary.split("; ").find(|fact| fact.contains("exception")).unwrap_or("computed");
                format!("{} {}: {by}", item.tier, item.entitlement)
            })
            .collect()
    };
    assert_eq!(told(&world), ["T0 account login: computed", "T0 membership admin: computed"]);
    let mut exception = super::fixtures::exception(&world.repo, login.digest());
    exception.lower_tier_to = Some(Tier::T2);
    exception.rating = Rating::Critical;
    world.lowered = TierOverrides::of([&exception], world.now);
    assert_eq!(
        told(&world),
        [
            "T0 membership admin: computed",
            "T2 account login: T2 by exception exc-1 until 2026-12-20T00:00:00Z, T0 by what it gives"
        ]
    );
}

#[test]
fn incomplete_opening_reports_all_problems() {
    let mut world = World::new().system("old", Tier::T2).system("young", Tier::T2).system("part", Tier::T2);
    let one = || vec![membership("db", "1", "reader", Tier::T2)];
    world = world.collected("old", one(), "2026-11-01T00:00:00Z").collected("young", one(), "2026-12-01T00:00:00Z");
    let loaded = world.inventories.get_mut(&system_id("part")).unwrap();
    loaded.inventory = crate::model::Inventory::new(
        system_id("part"),
        time(observed()),
        loaded.digest,
        false,
        Vec::new(),
        BTreeMap::new(),
    );
    world.inventories.remove(&system_id("db"));
    world.definition.selectors.push(Selector { systems: vec![system_id("ghost")], ..Selector::default() });
    insta::assert_snapshot!(world.refused(), @r#"
    error[inventory-missing]: `db` has no inventory at 0123456789ab
     |
     = help: tenure collect db, then commit and merge the inventory

    error[inventory-stale]: the inventory of `old` is 22 days old; the definition allows at most 5
    --> inventory/old/observation.toml
     = help: tenure collect old, then commit and merge the inventory

    error[inventory-partial]: the inventory of `part` is partial
    --> inventory/part/observation.toml
     = help: tenure collect part, then commit and merge the inventory

    error[inventory-timestamp-future]: the inventory of `young` is dated 2026-12-01T00:00:00Z, which is in the future
    --> inventory/young/observation.toml
     = help: check the clocks of this machine and of the collecting machine

    error[unknown-system]: `ghost` is selected, but no signed version of it is in use
      --> policies/privileged.toml:12:12
       |
    12 | systems = ["ghost"]
       |            ^^^^^^^ no such system
       |
       = help: sign one: `tenure system add ghost`, or remove it from the selectors
    "#);
}

#[test]
fn empty_population_is_rejected() {
    insta::assert_snapshot!(World::new().refused(), @r"
    error[population-empty]: no grant matches any selector
    --> policies/privileged.toml
     = note: a campaign without items would appear complete
     = help: widen the selectors, or collect again with `tenure collect`
    ");
    let mut world = World::new();
    world.definition.selectors.clear();
    world.definition.window_days = 0;
    let problems = world.open().unwrap_err();
    let codes: Vec<_> = problems.sorted().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["no-selector", "no-window"]);
}

#[test]
fn selectors_include_unknown_values() {
    let world = World::new()
        .person("eve", &["db:1"])
        .principal("etl", PrincipalKind::Service, Some("ana"), &["db:2"])
        .principal("lost", PrincipalKind::Service, Some("gone"), &["db:3"])
        .system("hosts", Tier::T1);
    let used = |holder: &str, tier, usage| (membership("db", holder, "reader", tier).0, usage);
    let grants = vec![
        used("1", Tier::T2, Usage::At(time("2026-11-20T00:00:00Z"))),
        used("2", Tier::T0, Usage::At(time("2026-01-01T00:00:00Z"))),
        used("3", Tier::T2, Usage::NeverSince(time("2026-11-20T00:00:00Z"))),
        used("4", Tier::T3, Usage::Unknown("off".into())),
    ];
    let hosts = vec![membership("hosts", "0", "sudo", Tier::T3)];
    let world = world.collected("db", grants, observed()).collected("hosts", hosts, observed());
    let taken = |selector: Selector| {
        let definition =
            crate::model::file::CampaignDefinition { selectors: vec![selector], ..world.definition.clone() };
        world.with_setting(|setting| {
            let population = population(&campaign_id(), &definition, setting);
            let names: BTreeSet<_> = population.items().map(|(_, member)| member.subject()).collect();
            names.into_iter().collect::<Vec<_>>().join(" ")
        })
    };
    let any = Selector::default;
    assert_eq!(taken(any()), "db:1 db:2 db:3 db:4 hosts:0");
    assert_eq!(taken(Selector { systems: vec![system_id("db")], ..any() }), "db:1 db:2 db:3 db:4");
    assert_eq!(taken(Selector { kinds: vec![GrantKind::Account], ..any() }), "");
    assert_eq!(taken(Selector { tiers: vec![Tier::T0, Tier::T1], ..any() }), "db:2 hosts:0");
    assert_eq!(taken(Selector { unused_days: Some(90), ..any() }), "db:2 db:3 db:4");
    assert_eq!(taken(Selector { orphaned: Some(true), ..any() }), "db:3 db:4 hosts:0");
    assert_eq!(taken(Selector { orphaned: Some(false), ..any() }), "db:1 db:2");
    let services = vec![PrincipalKind::Service];
    assert_eq!(taken(Selector { principals: services, ..any() }), "db:2 db:3 db:4 hosts:0");
}

#[test]
fn long_worklists_are_split_and_files_never_collide() {
    let mut world = World::new().person("dora-2", &[]).signs("dora-2").person("eve", &["db:1000"]);
    world.entry("eve").owner = Some(id("dora-2"));
    let mut grants: Vec<_> = (0..100).map(|n| membership("db", &n.to_string(), "reader", Tier::T2)).collect();
    grants.extend((100..130).map(|n| membership("db", &n.to_string(), "writer", Tier::T1)));
    grants.push(membership("db", "1000", "reader", Tier::T2));
    let opened = world.collected("db", grants, observed()).open().unwrap();
    let files: Vec<_> = opened
        .sheets
        .iter()
        .map(|sheet| (sheet.path.rsplit('/').next().unwrap(), sheet.review.reviewer.as_str(), sheet.review.items.len()))
        .collect();
    assert_eq!(
        files,
        [
            ("dora-2.toml", "dora-2", 1),
            ("dora-3.toml", "dora", 25),
            ("dora-4.toml", "dora", 75),
            ("dora-5.toml", "dora", 5),
            ("dora.toml", "dora", 25),
        ]
    );
}

#[test]
fn campaign_is_reproducible_from_its_pins() {
    let world = telling();
    let opened = world.open().unwrap();
    let campaign = &opened.campaign;
    world.with_setting(|setting| {
        let population = population(&campaign.id, &campaign.definition, setting);
        assert_eq!((population.digest(), population.len() as u64), (campaign.population, campaign.items));
        let again =
            worklist(&campaign.id, opened.digest, &campaign.definition, &population, campaign.opened_at, setting);
        assert_eq!(again, opened.sheets);
    });
    let files = [("principals/b.toml", Digest::of("b")), ("principals/a.toml", Digest::of("a"))];
    let mut turned = files;
    turned.reverse();
    assert_eq!(files_digest(files), files_digest(turned));
    assert_ne!(files_digest(files), files_digest([files[0]]));
}

#[test]
fn campaign_is_published_once_and_atomically() {
    let root = tempfile::tempdir().unwrap();
    let opened = telling().open().unwrap();
    opened.publish(root.path()).unwrap();
    let tree = crate::inventory::WorkTree::new(root.path());
    for (path, bytes) in opened.files() {
        assert_eq!(tree.read(&format!("campaigns/2026-q4/{path}")).unwrap(), Some(bytes), "{path}");
    }
    assert_eq!(std::fs::read_dir(root.path().join("campaigns")).unwrap().count(), 1);
    assert!(opened.publish(root.path()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// For random grants: every item is in exactly one file, there is no self-review, and the order of input does not
    /// matter.
    #[test]
    fn every_item_is_assigned_once_and_never_to_its_holder(
        held in proptest::collection::vec((0..9_u32, 0..6_u32, 0..4_usize), 1..60),
        owners in proptest::collection::vec(0..7_usize, 6),
        turn in 0..60_usize,
    ) {
        let names = ["ana", "dan", "dora", "fay", "gus", "li"];
        let mut world = World::new();
        for (index, name) in names.iter().enumerate() {
            world.entry(name).accounts = vec![format!("db:{index}")];
            world.entry(name).owner = names.get(owners[index]).map(|owner| id(owner));
        }
        let mut world = world.principal("svc", PrincipalKind::Service, names.get(owners[0]).copied(), &["db:6"]);
        world.thresholds.t0 = 2;
        let tiers = [Tier::T0, Tier::T1, Tier::T2, Tier::T3];
        let mut grants: Vec<_> = held.iter().map(|(h, r, t)| membership("db", &h.to_string(), &r.to_string(), tiers[*t])).collect();
        grants.sort_by(|a, b| a.0.key.cmp(&b.0.key));
        grants.dedup_by(|a, b| a.0.key == b.0.key);
        let count = grants.len();
        let mut turned = grants.clone();
        turned.rotate_left(turn % count);
        let world = world.collected("db", grants, observed());
        let opened = world.open().unwrap();
        let ids: Vec<_> = opened.sheets.iter().flat_map(|s| s.review.items.iter().map(|item| item.id)).collect();
        prop_assert_eq!(ids.len(), count);
        prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count);
        for sheet in &opened.sheets {
            let signers: BTreeSet<_> = std::iter::once(&sheet.review.reviewer).chain(&sheet.review.cosigners).collect();
            for item in &sheet.review.items {
                prop_assert_eq!(signers.len(), if item.tier == Tier::T0 { 2 } else { 1 });
                for (index, name) in names.iter().enumerate() {
                    let holds = item.subject == format!("db:{index}");
                    let owns = item.subject == "db:6" && owners[0] == index;
                    prop_assert!(!(signers.contains(&id(name)) && (holds || owns)), "{} {}", name, item.subject);
                }
            }
        }
        let again = world.collected("db", turned, observed()).open().unwrap();
        prop_assert!(again.files().eq(opened.files()));
    }
}
