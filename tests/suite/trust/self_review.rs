//! Rejection of self-review: every link to the access, on every path to a decision, on real repositories.

use crate::support::governed::*;
use tenure::model::{
    CampaignId, Digest, GrantKey, ItemId, PrincipalId, ReviewResult, Strategy, SystemId, Tier, Verdict,
    file::{
        Item, KeyState, NoResponseOutcome, PrincipalKind, PrincipalRecord, PrincipalStatus, Principals,
        RegistryPrincipal, Review, Stage,
    },
};

/// The ways in which an account belongs to `dora`, and the account.
const LINKS: [(&str, &str); 7] = [
    ("own account", "dora"),
    ("own second account", "dora-admin"),
    ("own non-human identity", "svc-export"),
    ("identity whose deputy she is", "backup"),
    ("agent she stands up for", "agent"),
    ("identity of an own identity", "etl"),
    ("identity of a group she is in", "shared"),
];

/// An account that belongs to none of the principals.
const STRANGER: &str = "mo";

/// The way in which a principal decides, the change, and the expected code of its rejection.
type By = (&'static str, fn(&TestHistory, &Item) -> Files, &'static str);

/// Paths for items assigned to `dora`, `emil` and the group `ops`, which signs with its own key.
const ASKED: [By; 5] = [
    ("as reviewer", |world, item| world.answer("dora-2", 1, item, Verdict::Certify, |_| {}), "self-review"),
    ("as cosigner", cosigned, "self-review"),
    (
        "as who delegated",
        |world, item| {
            let mut files = world.delegation("dora", "fay", |_| {});
            world.answer_in(&mut files, "fay", 1, item, Verdict::Certify, |_| {});
            files
        },
        "self-review",
    ),
    (
        "by choosing who decides",
        |world, item| world.answer("dora-2", 1, item, Verdict::Abstain, |item| item.to = Some("gus".to_owned())),
        "self-review",
    ),
    ("through a group", |world, item| world.answer("ops-2", 1, item, Verdict::Certify, |_| {}), "self-review"),
];

/// Paths for items assigned to `emil`, with `dora` as fallback reviewer.
const NOT_ASKED: [By; 3] = [
    ("as fallback", |world, item| world.answer("dora", 1, item, Verdict::Certify, |_| {}), "self-review"),
    (
        "as delegate",
        |world, item| {
            let mut files = world.delegation("emil", "dora", |_| {});
            world.answer_in(&mut files, "dora", 1, item, Verdict::Certify, |_| {});
            files
        },
        "self-review",
    ),
    (
        "as whom it is handed on to",
        |world, item| world.answer("emil-2", 1, item, Verdict::Abstain, |item| item.to = Some("dora".to_owned())),
        "reassignment-invalid",
    ),
];

fn cosigned(world: &TestHistory, item: &Item) -> Files {
    let mut files = world.answer("emil-2", 1, item, Verdict::Certify, |_| {});
    let mut review: Review = parse(&files, &review_path("emil-2"));
    review.cosigners = vec![PrincipalId::parse("dora").unwrap()];
    put(&mut files, &review_path("emil-2"), &review);
    sign(&mut files, &review_path("emil-2"), "emil");
    sign(&mut files, &review_path("emil-2"), "dora");
    files
}

/// Returns a world with a campaign over all these accounts and these reviewers.
fn world(asked: &[(&str, u32)], fallback: &str) -> TestHistory {
    let mut world = TestHistory::founded();
    let files = world.registry(|registry| {
        registry.principals[3].groups.push("ops".to_owned());
        registry.principals.push(RegistryPrincipal {
            id: PrincipalId::parse("ops").unwrap(),
            subjects: Vec::new(),
            groups: Vec::new(),
            keys: vec![registry_key("ops", KeyState::Active)],
        });
    });
    world.merge(&files);
    let mut files = world.files.clone();
    let mut people: Principals = parse(&files, "principals.toml");
    let id = |name: &str| Some(PrincipalId::parse(name).unwrap());
    let all: [(&str, &str, Option<&str>, Option<&str>); 5] = [
        ("agent", "cleo", None, Some("dora")),
        ("backup", "cleo", Some("dora"), None),
        ("bot", "dora", None, None),
        ("etl", "bot", None, None),
        ("shared", "ops", None, None),
    ];
    for (name, owner, deputy, sponsor) in all {
        people.principals.push(PrincipalRecord {
            accounts: vec![format!("{SYSTEM}:{name}")],
            owner: id(owner),
            deputy: deputy.and_then(id),
            sponsor: sponsor.and_then(id),
            status: PrincipalStatus::Active,
            ..PrincipalRecord::new(PrincipalId::parse(name).unwrap(), PrincipalKind::Service)
        });
    }
    put(&mut files, "principals.toml", &people);
    world.merge(&files);
    let all: Vec<Item> = LINKS.iter().map(|(_, account)| *account).chain([STRANGER]).map(item).collect();
    let stages = asked.iter().map(|(_, stage)| *stage).max().unwrap();
    world.open_stages(&all, asked, |definition| {
        definition.fallback = PrincipalId::parse(fallback).unwrap();
        definition.stages = (1..=stages).map(stage).collect();
    });
    assert_eq!(world.codes(), Vec::<&str>::new());
    world
}

/// Returns a stage that advances when there is no response.
fn stage(number: u32) -> Stage {
    Stage {
        name: format!("stage {number}"),
        days: 7,
        reviewers: vec!["owner".to_owned()],
        reviewers_per_item: 1,
        strategy: Strategy::OneDenyDenies,
        stop_on: Vec::new(),
        advance_on: vec![ReviewResult::NoResponse],
        sample_percent: None,
    }
}

fn item(account: &str) -> Item {
    let key = GrantKey::parse(&format!("membership/{account}/writers")).unwrap();
    Item {
        id: ItemId::of(&CampaignId::parse(CAMPAIGN).unwrap(), &SystemId::parse(SYSTEM).unwrap(), &key),
        grant_digest: Digest::of(account),
        subject: format!("{SYSTEM}:{account}"),
        tier: Tier::T3,
        principal: account.to_owned(),
        ..items().remove(0)
    }
}

fn hold(mut world: TestHistory, paths: &[By]) {
    for (path, by, code) in paths {
        let honest = by(&world, &item(STRANGER));
        assert_eq!(world.codes_after(&honest), Vec::<&str>::new(), "{path}: what is nobody's here");
        for (link, account) in LINKS {
            let files = by(&world, &item(account));
            assert_eq!(world.codes_after(&files), [*code], "{link}, {path}");
        }
    }
}

#[test]
fn nobody_who_is_asked_decides_on_their_own() {
    hold(world(&[("dora", 1), ("emil", 1), ("ops", 1)], "ana"), &ASKED);
}

#[test]
fn nobody_who_stands_in_decides_on_their_own() {
    hold(world(&[("emil", 1)], "dora"), &NOT_ASKED);
}

#[test]
fn nobody_who_is_asked_later_decides_on_their_own() {
    let mut world = world(&[("emil", 1), ("dora", 2)], "ana");
    let all: Vec<Item> = LINKS.iter().map(|(_, account)| *account).chain([STRANGER]).map(item).collect();
    let silent: Vec<_> = all.iter().map(|item| (item, NoResponseOutcome::Advance)).collect();
    let closed = world.close(1, 0, &silent, |_| {});
    world.merge(&closed);
    assert_eq!(world.codes(), Vec::<&str>::new());
    let later: [By; 2] = [
        (
            "as the reviewer of a second stage",
            |world, item| world.answer("dora-2", 2, item, Verdict::Certify, |_| {}),
            "self-review",
        ),
        (
            "as who delegated in a second stage",
            |world, item| {
                let mut files = world.delegation("dora", "fay", |_| {});
                world.answer_in(&mut files, "fay", 2, item, Verdict::Certify, |_| {});
                files
            },
            "self-review",
        ),
    ];
    hold(world, &later);
}

#[test]
fn nobody_merges_what_keeps_their_own() {
    let mut world = world(&[("emil", 1)], "ana");
    let (main, files) = (world.main, world.files.clone());
    let mut codes = |account: &str, verdict, merger: Option<&str>| {
        let decided = world.answer("emil-2", 1, &item(account), verdict, |_| {});
        match merger {
            Some(merger) => world.merge_signed(&decided, merger),
            None => world.merge(&decided),
        };
        let codes = world.codes();
        let reviews = world.reviews();
        (world.main, world.files) = (main, files.clone());
        (codes, reviews)
    };
    for (link, account) in LINKS {
        assert_eq!(codes(account, Verdict::Certify, Some("dora")), (vec!["self-review"], 0), "{link}");
        assert_eq!(codes(account, Verdict::Certify, Some("gus")), (vec![], 1), "{link}, merged by another");
        assert_eq!(codes(account, Verdict::Revoke, Some("dora")), (vec![], 1), "{link}: what takes it away counts");
        assert_eq!(codes(account, Verdict::Certify, None), (vec![], 1), "{link}: an unsigned merge tells nothing");
    }
    assert_eq!(codes(STRANGER, Verdict::Certify, Some("dora")), (vec![], 1));
}

#[test]
fn a_merge_is_no_signature() {
    let mut world = TestHistory::new();
    let files = world.decided(|review| decide(review, 1, Verdict::Revoke), &["dora"]);
    world.merge_signed(&files, "emil");
    assert_eq!((world.codes(), world.reviews()), (vec!["below-threshold"], 0), "tier T1 needs two who sign the file");
}
