//! Tests of the verdict: each combination of paths, sessions and answers has one result.

use super::*;
use crate::{
    enforce::tests::fixtures::planned,
    model::{AccessPath, AccessRoute, Digest, GrantKey, ItemId, Overlap, SurvivalKind, SurvivingPath, Tier},
};

fn path(overlap: Overlap, tier: Tier, listed: bool) -> RemainingPath {
    RemainingPath {
        path: AccessPath { via: AccessRoute::Role, ids: "r".into(), text: "by role r".into() },
        overlap,
        tier,
        grant: listed.then(|| (GrantKey::parse("role:r").unwrap(), Digest::of("r"))),
        allows: vec![witness("read")],
    }
}

fn witness(request: &str) -> Witness {
    Witness { principal: "1".into(), request: request.into() }
}

fn answered(request: &str, answer: Answer) -> WitnessAnswer {
    WitnessAnswer { witness: witness(request), answer }
}

fn seen(paths: Vec<RemainingPath>, lingering: &[&str], answers: Vec<WitnessAnswer>) -> GrantObservation {
    let lingering = lingering.iter().map(|text| (*text).to_owned()).collect();
    GrantObservation { grant: None, access: Ok(RemainingAccess { paths, lingering, answers, probe: "p".into() }) }
}

fn verdict(seen: &GrantObservation) -> VerificationKind {
    judge(&planned(1), seen).kind
}

fn part() -> Overlap {
    Overlap::Part("one table".into())
}

#[test]
fn whole_path_is_still_present_at_any_tier() {
    for tier in [Tier::T0, Tier::T2, Tier::T3] {
        assert_eq!(verdict(&seen(vec![path(Overlap::Whole, tier, true)], &[], vec![])), VerificationKind::StillPresent);
    }
}

#[test]
fn part_is_left_only_when_listed_and_of_a_lower_tier() {
    let of = |tier, listed| judge(&planned(1), &seen(vec![path(part(), tier, listed)], &[], vec![]));
    assert_eq!(of(Tier::T2, true).kind, VerificationKind::StillPresent, "the same tier");
    assert_eq!(of(Tier::T1, true).kind, VerificationKind::StillPresent, "a more critical tier");
    assert_eq!(of(Tier::T3, false).kind, VerificationKind::Unknown);
    let left = of(Tier::T3, true);
    assert_eq!(left.kind, VerificationKind::Confirmed);
    assert_eq!(left.left, ["by role r, for one table"]);
}

#[test]
fn doubt_is_unknown_and_outranked_only_by_presence() {
    let doubt = || path(Overlap::CannotTell("a regular expression".into()), Tier::T3, true);
    assert_eq!(verdict(&seen(vec![doubt()], &["1 session"], vec![])), VerificationKind::Unknown);
    let both = seen(vec![doubt(), path(Overlap::Whole, Tier::T3, true)], &[], vec![]);
    assert_eq!(verdict(&both), VerificationKind::StillPresent);
}

#[test]
fn open_session_lingers() {
    assert_eq!(verdict(&seen(vec![], &["1 session"], vec![])), VerificationKind::Lingering);
}

#[test]
fn grant_kept_by_a_decision_is_kept_and_not_confirmed() {
    let mut action = planned(1);
    action.survives = vec![SurvivingPath {
        text: "by role r".into(),
        verdict: SurvivalKind::Kept,
        grant: Some(GrantKey::parse("role:r").unwrap()),
        digest: Some(Digest::of("r")),
        kept_by: Some(ItemId::parse("itm-0000000000000001").unwrap()),
    }];
    let kept = judge(&action, &seen(vec![path(Overlap::Whole, Tier::T2, true)], &[], vec![]));
    assert_eq!(kept.kind, VerificationKind::Kept);
    action.survives[0].digest = Some(Digest::of("an earlier form"));
    let changed = judge(&action, &seen(vec![path(Overlap::Whole, Tier::T2, true)], &[], vec![]));
    assert_eq!(changed.kind, VerificationKind::StillPresent, "the kept grant has changed");
}

#[test]
fn allowed_request_without_an_explaining_path_refutes() {
    let allowed = || vec![answered("read", Answer::Allowed("asked".into()))];
    let refuted = judge(&planned(1), &seen(vec![], &[], allowed()));
    assert_eq!(refuted.kind, VerificationKind::StillPresent);
    assert_eq!(refuted.disagreements, [witness("read")]);
    let entries = refuted.entries(&planned(1).id, VerificationLevel::V3);
    assert!(matches!(&entries[1], RecordPayload::Finding(finding) if finding.code == "model-disagrees"));
    let explained = judge(&planned(1), &seen(vec![path(part(), Tier::T3, true)], &[], allowed()));
    assert_eq!(explained.kind, VerificationKind::Confirmed, "the part that is left permits it");
}

#[test]
fn allowed_request_refutes_a_path_that_cannot_be_compared() {
    let doubt = path(Overlap::CannotTell("a regular expression".into()), Tier::T3, true);
    let seen = seen(vec![doubt], &[], vec![answered("read", Answer::Allowed("asked".into()))]);
    let refuted = judge(&planned(1), &seen);
    assert_eq!(refuted.kind, VerificationKind::StillPresent);
    assert!(refuted.disagreements.is_empty(), "that path may be the one");
}

#[test]
fn level_needs_an_answer_where_the_target_can_be_asked() {
    let level =
        |answers: Vec<WitnessAnswer>, oracle| judge(&planned(1), &seen(vec![], &[], answers)).level(true, oracle);
    assert_eq!(level(vec![], false), VerificationLevel::V4);
    assert_eq!(level(vec![], true), VerificationLevel::V3, "it was not asked");
    assert_eq!(level(vec![answered("read", Answer::CannotAsk("no sudo".into()))], true), VerificationLevel::V3);
    assert_eq!(level(vec![answered("read", Answer::Denied)], true), VerificationLevel::V4);
}

#[test]
fn failed_read_is_unknown() {
    assert_eq!(verdict(&GrantObservation::unknown("timeout")), VerificationKind::Unknown);
}
