//! Authority and timing of decisions in stages, on real repositories, by the walk and by the gate.

use crate::support::governed::*;
use tenure::{
    diag::RenderStyle,
    model::{
        PrincipalId, ReviewResult, StagePosition, Strategy, Tier, Timestamp, Verdict,
        file::{
            CampaignDefinition, Exception, GovernedFile as _, Item, NoResponseAction, NoResponseOutcome,
            NoResponseTerms, PrincipalKind, PrincipalRecord, PrincipalStatus, Principals, Rating, Review, Stage,
        },
    },
    trust::{VotingSlot, check},
};

const NONE: [&str; 0] = [];

/// Returns `count` items of tier T3 that no principal of these tests holds.
fn few(count: usize) -> Vec<Item> {
    let strangers = ["mo", "pat", "li", "zoe", "kim", "lou"];
    let template = items().remove(0);
    let item = |name: &&str| {
        let key = tenure::model::GrantKey::parse(&format!("membership/{name}/writers")).unwrap();
        let campaign = tenure::model::CampaignId::parse(CAMPAIGN).unwrap();
        let system = tenure::model::SystemId::parse(SYSTEM).unwrap();
        Item {
            id: tenure::model::ItemId::of(&campaign, &system, &key),
            grant_digest: tenure::model::Digest::of(name),
            subject: format!("{SYSTEM}:{name}"),
            principal: (*name).to_owned(),
            tier: Tier::T3,
            ..template.clone()
        }
    };
    strangers.iter().take(count).map(item).collect()
}

/// Returns a stage with two reviewers for each item.
fn stage(name: &str, outcome: Strategy) -> Stage {
    Stage {
        name: name.to_owned(),
        days: 7,
        reviewers: vec!["owner".to_owned()],
        reviewers_per_item: 1,
        strategy: outcome,
        stop_on: Vec::new(),
        advance_on: Vec::new(),
        sample_percent: None,
    }
}

fn two_stages(definition: &mut CampaignDefinition) {
    definition.on_no_response = NoResponseAction::Disable;
    definition.stages = vec![stage("owners", Strategy::OneDenyDenies), stage("systems", Strategy::OneDenyDenies)];
}

/// Returns the codes of the rejections of a change to `files` by the walk, and asserts that the gate returns the same.
fn refused(world: &mut TestHistory, files: &Files) -> Vec<&'static str> {
    let walk = world.codes_after(files);
    assert_eq!(gate(world, files), walk, "the gate and the walk");
    walk
}

/// Returns the codes of the rejections of a change to `files` by the gate.
fn gate(world: &mut TestHistory, files: &Files) -> Vec<&'static str> {
    let head = world.commit(&[world.main], files, "a change");
    let checked = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    let mut gate: Vec<_> = checked.problems.sorted().iter().map(|problem| problem.code).collect();
    gate.sort_unstable();
    gate.dedup();
    gate
}

#[test]
fn only_who_was_asked_decides() {
    let mut world = TestHistory::founded();
    let items = few(2);
    world.open_stages(&items, &[("dora", 1), ("emil", 1)], |_| {});
    let by = |world: &TestHistory, who: &str| world.answer(who, 1, &items[0], Verdict::Revoke, |_| {});
    for who in ["dora-2", "emil-2"] {
        let files = by(&world, who);
        assert_eq!(refused(&mut world, &files), NONE, "{who} was asked");
    }
    for who in ["ana", "ben"] {
        let files = by(&world, who);
        assert_eq!(refused(&mut world, &files), NONE, "{who} is a fallback, and nobody has answered");
    }
    for who in ["cleo", "fay"] {
        let files = by(&world, who);
        assert_eq!(refused(&mut world, &files), ["decision-not-own"], "{who}");
    }
    let files = by(&world, "fay");
    let head = world.commit(&[world.main], &files, "a change");
    let checked = check(&world.repository, world.pin, Some(world.main), head, None).unwrap();
    let told = checked.problems.render(RenderStyle::plain()).replace(&items[0].id.to_string(), "itm-1");
    insta::assert_snapshot!(told);
}

#[test]
fn who_was_asked_is_what_the_owners_signed() {
    let mut world = TestHistory::founded();
    let items = few(2);
    let before = (world.main, world.files.clone());
    world.open_stages(&items, &[("dora", 1)], |_| {});
    let mut files = world.files.clone();
    let stub: tenure::model::file::Review = parse(&files, &review_path("dora"));
    files.remove(&review_path("dora"));
    let other = tenure::model::file::Review { reviewer: PrincipalId::parse("fay").unwrap(), ..stub };
    put(&mut files, &review_path("fay"), &other);
    (world.main, world.files) = before;
    assert_eq!(
        world.codes_after(&files),
        ["assignment-mismatch", "campaign-missing"],
        "the worklist of another reviewer"
    );
}

/// Two stages, of which the second asks about a part of the items.
fn sampled_second_stage(definition: &mut CampaignDefinition) {
    two_stages(definition);
    definition.stages[1].sample_percent = Some(70);
}

#[test]
fn sampled_stage_must_ask_about_its_sample() {
    let mut world = TestHistory::founded();
    let items = few(6);
    let before = (world.main, world.files.clone());
    world.open_stages(&items, &[("dora", 1), ("emil", 2)], sampled_second_stage);
    assert_eq!(world.codes(), NONE);
    let opened = world.files.clone();
    (world.main, world.files) = before;
    let sampled: Review = parse(&opened, &review_path("emil"));
    let other = items.iter().find(|item| sampled.items.iter().all(|own| own.id != item.id)).unwrap();
    let added = [sampled.items.as_slice(), std::slice::from_ref(other)].concat();
    let swapped = [&sampled.items[1..], std::slice::from_ref(other)].concat();
    for (name, asked) in [("added", added), ("removed", sampled.items[1..].to_vec()), ("swapped", swapped)] {
        let mut files = opened.clone();
        let mut campaign: tenure::model::file::Campaign = parse(&files, &campaign_path());
        let (dora, emil) = (PrincipalId::parse("dora").unwrap(), PrincipalId::parse("emil").unwrap());
        let first = items.iter().map(|item| (&item.id, 1, &dora));
        let second = asked.iter().map(|item| (&item.id, 2, &emil));
        campaign.assignments = Some(tenure::model::file::assignments_digest(first.chain(second)));
        put(&mut files, &campaign_path(), &campaign);
        sign(&mut files, &campaign_path(), "ana");
        let digest = tenure::model::Digest::of(&files[&campaign_path()]);
        let first: Review = parse(&files, &review_path("dora"));
        put(&mut files, &review_path("dora"), &Review { digest, ..first });
        put(&mut files, &review_path("emil"), &Review { digest, items: asked, ..sampled.clone() });
        assert!(refused(&mut world, &files).contains(&"sample-mismatch"), "{name}");
    }
}

#[test]
fn item_outside_the_sample_ends_with_its_first_stage() {
    let mut world = TestHistory::founded();
    let items = few(6);
    world.open_stages(&items, &[("dora", 1), ("emil", 2)], sampled_second_stage);
    let sample: Review = parse(&world.files, &review_path("emil"));
    let (within, outside): (Vec<_>, Vec<_>) =
        items.iter().partition(|item| sample.items.iter().any(|own| own.id == item.id));
    assert!(within.len() >= 2 && outside.len() >= 2, "{} of 6", within.len());
    let mut files = world.answer("dora-2", 1, within[0], Verdict::Certify, |_| {});
    world.answer_in(&mut files, "dora-3", 1, outside[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), NONE);
    world.merge(&files);
    let at = |world: &TestHistory, item: &Item| {
        let governed = world.governed();
        governed.openings().values().next().unwrap().course(&item.id).at
    };
    assert_eq!(at(&world, outside[0]), StagePosition::Ended(1), "no later stage asks about it");
    assert_eq!(at(&world, within[0]), StagePosition::Advancing(1));

    // Without a response, the item outside has no later stage that could answer.
    let silent = |outcome| {
        let of = |item: &&Item| {
            if within.iter().any(|own| own.id == item.id) { NoResponseOutcome::Advance } else { outcome }
        };
        items
            .iter()
            .filter(|item| item.id != within[0].id && item.id != outside[0].id)
            .map(|item| (item, of(&item)))
            .collect::<Vec<_>>()
    };
    let advanced = world.close(1, 2, &silent(NoResponseOutcome::Advance), |_| {});
    assert_eq!(refused(&mut world, &advanced), ["stage-close-wrong"]);
    let closed = world.close(1, 2, &silent(NoResponseOutcome::Disable), |_| {});
    assert_eq!(refused(&mut world, &closed), NONE);
    world.merge(&closed);
    let later = |world: &TestHistory, item: &Item| world.answer("emil-2", 2, item, Verdict::Certify, |_| {});
    let files = later(&world, outside[0]);
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "it is not in the sample");
    let files = later(&world, within[0]);
    assert_eq!(refused(&mut world, &files), NONE);
}

#[test]
fn somebody_judges_for_somebody_by_a_signed_delegation() {
    let mut world = TestHistory::founded();
    let items = few(2);
    world.open_stages(&items, &[("dora", 1), ("emil", 1)], |_| {});
    // One reviewer has left in between, and one is about to leave.
    let mut files = world.files.clone();
    let mut people: Principals = parse(&files, "principals.toml");
    for (name, status, ends) in
        [("gus", PrincipalStatus::Left, None), ("cleo", PrincipalStatus::Active, Some("2026-11-15T00:00:00Z"))]
    {
        people.principals.retain(|entry| entry.id.as_str() != name);
        people.principals.push(PrincipalRecord {
            status,
            end_date: ends.map(|ends| Timestamp::parse(ends).unwrap()),
            ..PrincipalRecord::new(PrincipalId::parse(name).unwrap(), PrincipalKind::Person)
        });
    }
    people.principals.sort_by(|a, b| a.id.cmp(&b.id));
    put(&mut files, "principals.toml", &people);
    world.merge(&files);
    let unfit = [
        ("to somebody who has left", world.delegation("dora", "gus", |_| {})),
        ("to somebody who leaves meanwhile", world.delegation("dora", "cleo", |_| {})),
        ("to herself", world.delegation("dora", "dora", |_| {})),
        ("to nobody", world.delegation("dora", "mallory", |_| {})),
        ("for ever", world.delegation("dora", "fay", |one| one.until = one.until.plus_days(1))),
        ("by somebody who was not asked", world.delegation("cleo", "fay", |_| {})),
    ];
    for (name, files) in unfit {
        assert_eq!(refused(&mut world, &files), ["delegation-ineligible"], "{name}");
    }
    let mut forged = world.delegation("dora", "fay", |_| {});
    let path = "delegations/dora-to-fay.toml";
    forged.remove(&signature_path(path, "dora"));
    sign(&mut forged, path, "fay");
    assert_eq!(refused(&mut world, &forged), ["signer-not-named"], "whoever takes cannot give");

    let elsewhere = world.delegation("dora", "fay", |one| {
        one.systems = vec![tenure::model::SystemId::parse("pg-other").unwrap()];
    });
    world.merge(&elsewhere);
    let files = world.answer("fay", 1, &items[0], Verdict::Revoke, |_| {});
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "on another system only");
    let files = world.answer("emil-2", 1, &items[0], Verdict::Abstain, |item| item.to = Some("gus".to_owned()));
    assert_eq!(
        refused(&mut world, &files),
        ["reassignment-invalid"],
        "nor is an item handed on to somebody who has left"
    );
    let soon = world.delegation("dora", "cleo", |one| one.until = one.until.plus_days(-16));
    assert_eq!(refused(&mut world, &soon), NONE, "as long as they are here");

    let given = world.delegation("dora", "fay", |one| one.id = PrincipalId::parse("leave").unwrap());
    let mut both = given.clone();
    world.answer_in(&mut both, "fay", 1, &items[0], Verdict::Revoke, |_| {});
    assert_eq!(refused(&mut world, &both), NONE, "in one merge with the decision");
    world.merge(&both);
    let governed = world.governed();
    let bound = &governed.bound(&governed.reviews()[0].campaign, &items[0].id)[0];
    let opening = &governed.openings()[&governed.reviews()[0].campaign];
    let VotingSlot::Assigned(index) = bound.slot else { panic!("{bound:?}") };
    assert_eq!((bound.by.as_str(), opening.reviewers()[index as usize].as_str()), ("fay", "dora"));

    let files = world.answer("dora-2", 1, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["duplicate-decision"], "one place, one decision");
    let reference = bound.reference();
    let files =
        world.answer("dora-2", 1, &items[0], Verdict::Certify, |item| item.supersedes = Some(reference.clone()));
    assert_eq!(refused(&mut world, &files), NONE, "it is her place");
    let files = world.answer("emil-2", 1, &items[0], Verdict::Certify, |item| item.supersedes = Some(reference));
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "and not his");

    let on = world.delegation("fay", "ben", |_| {});
    assert_eq!(refused(&mut world, &on), ["delegation-ineligible"], "what was delegated is not hers to delegate");
    let both = world.delegation("emil", "fay", |_| {});
    world.merge(&both);
    let files = world.answer("fay-2", 1, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["duplicate-response"], "nobody answers for two");
    let files = world.answer("fay-2", 1, &items[1], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), NONE, "but for one of them");
}

#[test]
fn an_item_is_handed_on_once() {
    let mut world = TestHistory::founded();
    let items = few(2);
    world.open_stages(&items, &[("dora", 1), ("emil", 1)], |_| {});
    let hand = |to: &str| {
        let to = to.to_owned();
        move |item: &mut Item| item.to = Some(to)
    };
    for (to, why) in [("mallory", "nobody"), ("emil", "asked already"), ("dora", "herself"), ("Not An Id", "no id")] {
        let files = world.answer("dora-2", 1, &items[0], Verdict::Abstain, hand(to));
        assert_eq!(refused(&mut world, &files), ["reassignment-invalid"], "{why}");
    }
    let mut handed = world.files.clone();
    let abstained = world.answer_in(&mut handed, "dora-2", 1, &items[0], Verdict::Abstain, hand("fay"));
    let mut both = handed.clone();
    let decided = |item: &mut Item| item.supersedes = Some(abstained.clone());
    world.answer_in(&mut both, "fay", 1, &items[0], Verdict::Certify, decided);
    assert_eq!(refused(&mut world, &both), NONE, "handed on and decided in one merge");
    world.merge(&handed);
    let files = world.answer("fay", 1, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["duplicate-decision"], "whose place it takes is said");
    let files = world.answer("fay", 1, &items[1], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "another item");
    let files = world.answer("gus", 1, &items[0], Verdict::Certify, decided);
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "another person");
    let files = world.answer("fay", 1, &items[0], Verdict::Abstain, |item| {
        decided(item);
        hand("gus")(item);
    });
    assert_eq!(refused(&mut world, &files), ["reassignment-invalid"], "only once");
    let files = world.answer("dora-3", 1, &items[0], Verdict::Abstain, |item| {
        decided(item);
        hand("gus")(item);
    });
    assert_eq!(refused(&mut world, &files), ["reassignment-invalid"], "and not to somebody else instead");
    let files = world.answer("fay", 1, &items[0], Verdict::Certify, decided);
    assert_eq!(refused(&mut world, &files), NONE);
    let files = world.answer("dora-3", 1, &items[0], Verdict::Certify, decided);
    assert_eq!(refused(&mut world, &files), NONE, "until then it is still hers");
}

#[test]
fn fallback_decides_unanswered_and_undecided_items() {
    let mut world = TestHistory::founded();
    let items = few(1);
    world.open_stages(&items, &[("dora", 1)], |_| {});
    let mut files = world.files.clone();
    let abstained = world.answer_in(&mut files, "dora-2", 1, &items[0], Verdict::Abstain, |_| {});
    world.merge(&files);
    let files = world.answer("ana", 1, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "nobody is silent");
    let replace = |item: &mut Item| item.supersedes = Some(abstained.clone());
    let mut files = world.files.clone();
    let certified = world.answer_in(&mut files, "ana", 1, &items[0], Verdict::Certify, replace);
    assert_eq!(refused(&mut world, &files), NONE);
    world.merge(&files);
    let files = world.answer("ben", 1, &items[0], Verdict::Revoke, |item| item.supersedes = Some(certified.clone()));
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "a decision is not a fallback's to replace");
    let files = world.answer("ana-2", 1, &items[0], Verdict::Revoke, |item| item.supersedes = Some(certified.clone()));
    assert_eq!(refused(&mut world, &files), NONE, "but their own");
}

#[test]
fn a_closed_stage_takes_no_more_decisions() {
    let mut world = TestHistory::founded();
    let items = few(3);
    world.open_stages(&items, &[("dora", 1), ("emil", 2)], two_stages);
    let early = world.answer("emil-2", 2, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &early), ["stage-not-open"]);
    let unknown = world.answer("emil-2", 3, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &unknown), ["unknown-stage"]);

    let mut files = world.files.clone();
    world.answer_in(&mut files, "dora-2", 1, &items[0], Verdict::Certify, |_| {});
    let revoked = world.answer_in(&mut files, "dora-3", 1, &items[1], Verdict::Revoke, |_| {});
    world.merge(&files);
    let early = |world: &TestHistory| world.answer("emil-2", 2, &items[0], Verdict::Certify, |_| {});
    let files = early(&world);
    assert_eq!(refused(&mut world, &files), ["stage-not-open"], "not closed");

    let silent = [(&items[2], NoResponseOutcome::Advance)];
    let closes = [
        ("second first", world.close(2, 0, &[], |_| {}), "stage-out-of-order"),
        ("nobody is silent", world.close(1, 3, &[], |_| {}), "stage-close-wrong"),
        ("disable at once", world.close(1, 2, &[(&items[2], NoResponseOutcome::Disable)], |_| {}), "stage-close-wrong"),
        ("wrong count", world.close(1, 3, &silent, |_| {}), "stage-close-wrong"),
        ("elsewhere", world.close(1, 2, &silent, |close| close.base = "0".repeat(40)), "stage-close-place"),
        (
            "other name",
            world.close(1, 2, &silent, |c| "root".clone_into(&mut c.no_response[0].principal)),
            "item-altered",
        ),
        (
            "before it opened",
            world.close(1, 2, &silent, |c| c.closed_at = c.closed_at.plus_days(-30)),
            "stage-close-wrong",
        ),
    ];
    for (name, files, code) in closes {
        assert_eq!(refused(&mut world, &files), [code], "{name}");
    }
    let mut by_anybody = world.close(1, 2, &silent, |_| {});
    by_anybody.remove(&signature_path(&close_path(1), "ana"));
    assert_eq!(refused(&mut world, &by_anybody), ["below-threshold"]);
    sign(&mut by_anybody, &close_path(1), "fay");
    assert_eq!(refused(&mut world, &by_anybody), ["not-in-group"]);

    let mut with_an_answer = world.close(1, 2, &silent, |_| {});
    world.answer_in(&mut with_an_answer, "dora-4", 1, &items[2], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &with_an_answer), ["stage-close-stale"], "what came with it counts");

    let closed = world.close(1, 2, &silent, |_| {});
    assert_eq!(refused(&mut world, &closed), NONE);
    world.merge(&closed);
    let late = world.answer("dora-4", 1, &items[2], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &late), ["decision-late"]);
    let late = world.answer("dora-4", 1, &items[1], Verdict::Certify, |item| item.supersedes = Some(revoked.clone()));
    assert_eq!(refused(&mut world, &late), ["decision-late"], "nor a change of mind");
    let late = world.answer("ana", 1, &items[2], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &late), ["decision-late"], "nor a fallback, where the next stage is asked");
    let files = early(&world);
    assert_eq!(refused(&mut world, &files), NONE, "the next stage is asked");
    let stopped = world.answer("emil-2", 2, &items[1], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &stopped), ["stage-not-open"], "what was revoked is asked no further");
}

#[test]
fn what_contradicts_itself_in_one_merge_picks_no_side() {
    let mut world = TestHistory::founded();
    let items = few(2);
    world.open_stages(&items, &[("dora", 1), ("emil", 1)], |_| {});
    let item = &items[0];
    let two = |world: &TestHistory, one: &str, other: &str, names: Option<&String>| {
        let mut files = world.answer(one, 1, item, Verdict::Certify, |item| item.supersedes = names.cloned());
        world.answer_in(&mut files, other, 1, item, Verdict::Revoke, |item| item.supersedes = names.cloned());
        files
    };
    let files = two(&world, "ana", "ben", None);
    assert_eq!(refused(&mut world, &files), ["duplicate-decision"], "two fallbacks");
    let mut files = world.delegation("dora", "fay", |_| {});
    world.answer_in(&mut files, "fay", 1, item, Verdict::Certify, |_| {});
    world.answer_in(&mut files, "dora-2", 1, item, Verdict::Revoke, |_| {});
    assert_eq!(refused(&mut world, &files), ["duplicate-decision"], "who delegates, and to whom");
    let files = two(&world, "dora-2", "emil-2", None);
    assert_eq!(refused(&mut world, &files), NONE, "two who were asked do not contradict themselves");
    let mut files = two(&world, "dora-3", "dora-4", None);
    assert_eq!(refused(&mut world, &files), ["duplicate-decision"], "one reviewer, two files");
    world.answer_in(&mut files, "dora-5", 1, &items[1], Verdict::Certify, |_| {});

    // It is merged in spite of the gate.
    world.merge(&files);
    let counts = |world: &TestHistory| {
        let governed = world.governed();
        let campaign = &governed.reviews()[0].campaign;
        items.iter().map(|item| governed.bound(campaign, &item.id).len()).collect::<Vec<_>>()
    };
    assert_eq!((world.codes(), world.reviews(), counts(&world)), (vec!["duplicate-decision"], 1, vec![0, 1]));
    let told: Vec<String> = world.governed().findings().iter().map(|finding| finding.subject.clone()).collect();
    assert_eq!(told, [review_path("dora-3"), review_path("dora-4")], "both are told");
    let mut files = world.files.clone();
    let decided = world.answer_in(&mut files, "dora-6", 1, item, Verdict::Revoke, |_| {});
    assert_eq!(gate(&mut world, &files), NONE, "it is decided once more");
    world.merge(&files);
    assert_eq!(counts(&world), [1, 1]);

    let files = two(&world, "dora-7", "dora-8", Some(&decided));
    assert_eq!(gate(&mut world, &files), ["duplicate-decision"], "two take the place of one");
    world.merge(&files);
    assert_eq!((world.reviews(), counts(&world)), (2, vec![1, 1]));
    assert_eq!(world.governed().bound(&world.governed().reviews()[0].campaign, &item.id)[0].reference(), decided);
    let other = tenure::trust::reference(&review_path("dora-6"), tenure::model::Digest::of("another"));
    let files = world.answer("dora-9", 1, item, Verdict::Certify, |item| item.supersedes = Some(other));
    assert_eq!(gate(&mut world, &files), ["stale-supersedes"], "another digest");
    let files = world.answer("dora-9", 1, item, Verdict::Certify, |item| item.supersedes = Some(decided));
    assert_eq!(gate(&mut world, &files), NONE);
    world.merge(&files);
    assert_eq!((world.reviews(), counts(&world)), (3, vec![1, 1]));
}

#[test]
fn a_stage_is_closed_once() {
    let mut world = TestHistory::founded();
    let items = few(1);
    world.open_stages(&items, &[("dora", 1), ("dora", 2)], |definition| {
        two_stages(definition);
        definition.stages[0].advance_on = vec![ReviewResult::NoResponse];
    });
    let silent = [(&items[0], NoResponseOutcome::Advance)];
    let closed = world.close(1, 0, &silent, |_| {});
    world.merge(&closed);
    let again = world.close(1, 0, &silent, |close| close.closed_at = close.closed_at.plus_days(1));
    assert_eq!(refused(&mut world, &again), ["signed-file-edited"], "by another close in its place");
    let mut gone = world.files.clone();
    gone.retain(|path, _| !path.starts_with(&close_path(1)));
    assert_eq!(refused(&mut world, &gone), ["signed-file-deleted"], "nor opened again");
    assert_eq!(world.governed().openings().values().next().unwrap().closed(), 1);
}

#[test]
fn silence_takes_effect_by_a_signed_list_within_a_cap() {
    let mut world = TestHistory::founded();
    let items = few(3);
    world.open_stages(&items, &[("dora", 1)], |definition| {
        definition.on_no_response = NoResponseAction::Disable;
        definition.max_no_response_removals = Some(2);
    });
    let all: Vec<_> = items.iter().map(|item| (item, NoResponseOutcome::Disable)).collect();
    let files = world.close(1, 0, &all, |_| {});
    assert_eq!(refused(&mut world, &files), ["no-response-limit"]);
    let kept = world.close(1, 0, &items.iter().map(|item| (item, NoResponseOutcome::Open)).collect::<Vec<_>>(), |_| {});
    assert_eq!(refused(&mut world, &kept), ["stage-close-wrong"], "what silence comes to is not a choice");
    let files = world.answer("dora-2", 1, &items[0], Verdict::Certify, |_| {});
    world.merge(&files);
    let files = world.close(1, 1, &all[1..], |_| {});
    assert_eq!(refused(&mut world, &files), NONE);
    world.merge(&files);
    let files = world.answer("ana", 1, &items[1], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["decision-late"], "silence has settled it");
}

#[test]
fn what_is_open_for_good_goes_to_a_fallback() {
    let mut world = TestHistory::founded();
    let items = few(2);
    world.open_stages(&items, &[("dora", 1)], |_| {});
    let mut files = world.files.clone();
    let looked_into = world.answer_in(&mut files, "dora-2", 1, &items[0], Verdict::Investigate, |_| {});
    world.merge(&files);
    let files = world.close(1, 1, &[(&items[1], NoResponseOutcome::Open)], |_| {});
    world.merge(&files);
    assert_eq!(world.codes(), NONE);
    let late = world.answer("dora-3", 1, &items[1], Verdict::Revoke, |_| {});
    assert_eq!(refused(&mut world, &late), ["decision-late"]);
    let silent = world.answer("ana", 1, &items[1], Verdict::Revoke, |_| {});
    assert_eq!(refused(&mut world, &silent), NONE);
    let named = world.answer("ana", 1, &items[0], Verdict::Revoke, |item| item.supersedes = Some(looked_into.clone()));
    assert_eq!(refused(&mut world, &named), ["stale-supersedes"], "it replaces the result, not the response");
    let undecided = world.answer("ana", 1, &items[0], Verdict::Revoke, |_| {});
    assert_eq!(refused(&mut world, &undecided), NONE);
    world.merge(&undecided);
    let files = world.answer("ana-2", 1, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["decision-late"], "it is settled now");
}

#[test]
fn a_delegation_ends_with_the_time_that_owners_have_told() {
    let mut world = TestHistory::founded();
    let items = few(1);
    world.open_stages(&items, &[("dora", 1), ("dora", 2)], |definition| {
        two_stages(definition);
        definition.stages[0].advance_on = vec![ReviewResult::NoResponse];
    });
    let files = world.delegation("dora", "fay", |one| one.until = one.until.plus_days(-25));
    world.merge(&files);
    let files = world.answer("fay", 1, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), NONE);
    let files = world.close(1, 0, &[(&items[0], NoResponseOutcome::Advance)], |_| {});
    world.merge(&files);
    let files = world.answer("fay", 2, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), ["decision-not-own"], "the stage was closed after its end");
    let files = world.answer("dora-3", 2, &items[0], Verdict::Certify, |_| {});
    assert_eq!(refused(&mut world, &files), NONE);
}

/// Returns the files of main with an exception for an item, for this number of days, signed by all its approvers.
fn excepted(world: &TestHistory, item: &Item, days: i64, change: impl FnOnce(&mut Exception)) -> Files {
    let mut files = world.files.clone();
    let from = Timestamp::parse("2026-12-05T00:00:00Z").unwrap();
    let mut exception = Exception {
        schema: Exception::KIND.schema().to_owned(),
        repo: world.founding.repo.clone(),
        id: PrincipalId::parse(&format!("exc-{days}")).unwrap(),
        item: item.id,
        grant_digest: item.grant_digest,
        subject: item.subject.clone(),
        rule: None,
        lower_tier_to: None,
        rating: Rating::Medium,
        owner: PrincipalId::parse("fay").unwrap(),
        approver: PrincipalId::parse("cleo").unwrap(),
        approvers: Vec::new(),
        reason: "the owner is away, and the job runs every night".to_owned(),
        compensating: "its use is looked at every week".to_owned(),
        proof_days: None,
        first_found: from,
        valid_from: from,
        until: from.plus_days(days),
        renews: None,
    };
    change(&mut exception);
    let path = format!("exceptions/{}.toml", exception.id);
    put(&mut files, &path, &exception);
    for approver in std::iter::once(&exception.approver).chain(&exception.approvers) {
        sign(&mut files, &path, approver.as_str());
    }
    files
}

#[test]
fn exception_for_unanswered_item_is_short_and_final() {
    let mut world = TestHistory::founded();
    let item = Item { tier: Tier::T1, ..few(1).remove(0) };
    world
        .open_stages(std::slice::from_ref(&item), &[("dora", 1)], |own| own.on_no_response = NoResponseAction::Disable);
    let files = excepted(&world, &item, 90, |_| {});
    assert_eq!(refused(&mut world, &files), NONE, "somebody may still answer");
    let files = excepted(&world, &item, 90, |one| one.subject = format!("{SYSTEM}:pat"));
    assert_eq!(world.codes_after(&files), ["exception-mismatch"], "whose access it is says who may not accept it");

    let silent = [(&item, NoResponseOutcome::Except)];
    let mut together = world.close(1, 0, &silent, |_| {});
    let path = "exceptions/exc-90.toml";
    let long = excepted(&world, &item, 90, |_| {});
    together.extend(long.into_iter().filter(|(own, _)| own.starts_with(path)));
    assert_eq!(refused(&mut world, &together), ["exception-no-response"], "in one merge with the close");

    let closed = world.close(1, 0, &silent, |_| {});
    world.merge(&closed);
    let long = excepted(&world, &item, 90, |_| {});
    assert_eq!(refused(&mut world, &long), ["exception-no-response"]);
    let head = world.commit(&[world.main], &long, "a change");
    let told = check(&world.repository, world.pin, Some(world.main), head, None)
        .unwrap()
        .problems
        .render(RenderStyle::plain());
    insta::assert_snapshot!(told.replace(&item.id.to_string(), "itm-1"));
    let files = excepted(&world, &item, 90, |one| {
        (one.rule, one.lower_tier_to) = (Some(tenure::model::file::LOWERED_TIER.to_owned()), Some(Tier::T2));
    });
    assert_eq!(refused(&mut world, &files), NONE, "what lowers a tier lets nothing stand");
    let files = excepted(&world, &item, 14, |one| one.grant_digest = tenure::model::Digest::of("another"));
    assert_eq!(refused(&mut world, &files), ["exception-mismatch"]);
    let short = excepted(&world, &item, 14, |_| {});
    assert_eq!(refused(&mut world, &short), NONE);
    world.merge(&short);

    let reference = world.governed().exceptions()[0].reference();
    let again = excepted(&world, &item, 13, |one| one.renews = Some(reference));
    assert_eq!(refused(&mut world, &again), ["exception-no-response"], "time is bought once");
    let other = excepted(&world, &item, 13, |one| one.rule = Some("NHI-PRV-01".to_owned()));
    assert_eq!(refused(&mut world, &other), ["exception-no-response"], "whatever rule it names");

    // A fallback reviewer decides: the item is then decided by people, and only the rating limits the duration.
    let mut decided = world.answer("ana", 1, &item, Verdict::Certify, |_| {});
    let mut review: Review = parse(&decided, &review_path("ana"));
    review.cosigners = vec![PrincipalId::parse("ben").unwrap()];
    put(&mut decided, &review_path("ana"), &review);
    for name in ["ana", "ben"] {
        sign(&mut decided, &review_path("ana"), name);
    }
    assert_eq!(refused(&mut world, &decided), NONE);
    world.merge(&decided);
    let other = excepted(&world, &item, 90, |one| one.rule = Some("NHI-PRV-01".to_owned()));
    assert_eq!(refused(&mut world, &other), NONE);
}

#[test]
fn the_mandate_says_how_short_that_is_and_who_answers_for_it() {
    let mut world = TestHistory::founded();
    let registry = world.registry(|registry| {
        let gus = registry.principals.iter_mut().find(|one| one.id.as_str() == "gus").unwrap();
        gus.groups = vec!["accountable-executive".to_owned()];
    });
    world.merge(&registry);
    let mandate = world.mandate(|mandate| {
        let groups = vec!["accountable-executive".to_owned()];
        mandate.no_response = Some(NoResponseTerms { max_days: 7, max_renewals: 1, approver_groups: groups });
    });
    world.merge(&mandate);
    assert_eq!(world.codes(), NONE);
    let allowed = String::from_utf8(world.files["trust/allowed_signers"].clone()).unwrap();
    let gus = allowed.lines().find(|line| line.starts_with("gus ")).unwrap();
    assert!(gus.contains("exception.v1@tenure"), "ssh-keygen knows it too: {gus}");
    let item = Item { tier: Tier::T1, ..few(1).remove(0) };
    world
        .open_stages(std::slice::from_ref(&item), &[("dora", 1)], |own| own.on_no_response = NoResponseAction::Disable);
    let closed = world.close(1, 0, &[(&item, NoResponseOutcome::Except)], |_| {});
    world.merge(&closed);
    let with_gus = |one: &mut Exception| one.approvers = vec![PrincipalId::parse("gus").unwrap()];
    let files = excepted(&world, &item, 8, with_gus);
    assert_eq!(refused(&mut world, &files), ["exception-no-response"]);
    let files = excepted(&world, &item, 7, |_| {});
    assert_eq!(refused(&mut world, &files), ["below-threshold"], "the executive has not signed");
    let files = excepted(&world, &item, 7, with_gus);
    assert_eq!(refused(&mut world, &files), NONE);
    world.merge(&files);
    let reference = world.governed().exceptions()[0].reference();
    let files = excepted(&world, &item, 6, |one| {
        with_gus(one);
        one.renews = Some(reference);
    });
    assert_eq!(refused(&mut world, &files), NONE, "once more, by this mandate");
}
