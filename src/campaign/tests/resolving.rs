//! Tests of the resolution of decisions, and of the campaign status.

use super::fixtures::{BASE, World, id, membership, time};
use crate::{
    campaign::{
        CampaignStatus, ExceptionState, ExceptionStatus, ItemState, OpenedCampaign, ReopenReason, ResolutionSummary,
        StatusInputs,
        aggregate::{self, ReviewedItem, SignedReview},
        close, status,
    },
    diag::RenderStyle,
    model::{
        ActionId, Digest, GrantKey, ItemId, RunId, SystemId, Tier, Timestamp, Verdict, VerificationLevel,
        file::{Item, Rating, Remediation, Review},
        history::EvidenceHistory,
        record::{
            IntentRecorded, OutcomeKind, OutcomeRecorded, Record, RecordPayload, VerificationKind, VerificationRecorded,
        },
    },
    trust::VotingSlot,
};
use proptest::prelude::*;

/// An opened campaign with four items for `dora`, her signed reviews, and the evidence.
struct Round {
    world: World,
    opened: OpenedCampaign,
    reviews: Vec<(String, Review)>,
    history: EvidenceHistory,
    seq: u64,
    exceptions: Vec<ExceptionStatus>,
}

impl Round {
    fn new() -> Self {
        let tiers = [Tier::T2, Tier::T2, Tier::T1, Tier::T3];
        let grants = tiers.iter().enumerate().map(|(n, tier)| membership("db", &n.to_string(), "reader", *tier));
        let world = World::new().collected("db", grants.collect(), "2026-11-22T05:00:00Z");
        let opened = world.open().unwrap();
        Self { world, opened, reviews: Vec::new(), history: EvidenceHistory::default(), seq: 0, exceptions: Vec::new() }
    }

    fn item(&self, holder: &str) -> ItemId {
        let all = self.opened.sheets.iter().flat_map(|sheet| &sheet.review.items);
        all.into_iter().find(|item| item.subject == format!("db:{holder}")).unwrap().id
    }

    /// Signs a file with one decision; `replaces` is the number of the file whose decision it supersedes.
    fn decides(mut self, holder: &str, verdict: Verdict, replaces: Option<usize>) -> Self {
        let mut review = self.opened.sheets[0].review.clone();
        let item = self.item(holder);
        review.items.retain(|one| one.id == item);
        review.items[0].decision = Some(verdict);
        review.items[0].reason = format!("decided in file {}", self.reviews.len());
        review.items[0].supersedes = replaces.map(|number| self.reference(number));
        let path = format!("campaigns/2026-q4/reviews/db/dora-{}.toml", self.reviews.len() + 2);
        self.reviews.push((path, review));
        self
    }

    fn until(mut self, until: &str) -> Self {
        self.reviews.last_mut().unwrap().1.items[0].until = Some(time(until));
        self
    }

    fn reference(&self, number: usize) -> String {
        format!("{}@{}", self.reviews[number].0, digest(&self.reviews[number].1))
    }

    fn resolved(&self) -> ResolutionSummary {
        self.resolved_in(&(0..self.reviews.len()).collect::<Vec<_>>())
    }

    fn resolved_in(&self, order: &[usize]) -> ResolutionSummary {
        let (signers, reviewers) = (["dora".to_owned()], [id("dora")]);
        let signed = order.iter().map(|&number| {
            let (path, review) = &self.reviews[number];
            SignedReview { review, path, digest: digest(review), signers: &signers, slots: &[VotingSlot::Assigned(0)] }
        });
        let items = self.opened.sheets.iter().flat_map(|sheet| &sheet.review.items);
        let system = &self.opened.sheets[0].review.system;
        let round = aggregate::DecisionAggregator {
            campaign: &self.opened.campaign,
            items: items
                .map(|item| put(system, item))
                .collect::<std::collections::BTreeMap<_, _>>()
                .into_iter()
                .collect(),
            reviewers: &reviewers,
            closes: Vec::new(),
        };
        round.resolve(signed, self.world.now)
    }

    fn action(&self, holder: &str, verdict: Verdict) -> ActionId {
        let item = self.item(holder);
        let grant =
            self.opened.sheets.iter().flat_map(|s| &s.review.items).find(|one| one.id == item).unwrap().grant_digest;
        ActionId::of(&self.world.repo, &item, &grant, verdict.as_str())
    }

    fn records(mut self, entry: RecordPayload) -> Self {
        let record = Record {
            v: 1,
            seq: self.seq,
            prev: Digest::ZERO.hex(),
            run: RunId::parse("0190b1a0-0000-7000-8000-000000000000").unwrap(),
            t: self.world.now,
            entry,
        };
        self.history.push(&record, Digest::ZERO);
        self.seq += 1;
        self
    }

    fn intends(self, holder: &str, verdict: Verdict) -> Self {
        let intent = IntentRecorded {
            action: self.action(holder, verdict),
            plan: Digest::ZERO,
            system: self.opened.sheets[0].review.system.clone(),
            item: self.item(holder),
            grant: GrantKey::parse("k").unwrap(),
            precondition: Digest::ZERO,
            verb: verdict.to_string(),
            witnesses: Vec::new(),
        };
        self.records(RecordPayload::Intent(intent))
    }

    fn comes_to(self, holder: &str, verdict: Verdict, result: OutcomeKind) -> Self {
        let outcome = OutcomeRecorded {
            action: self.action(holder, verdict),
            intent: self.history.action(&self.action(holder, verdict)).unwrap().intent,
            result,
            class: None,
            text: "permission denied".to_owned(),
            successor: None,
            deposited: None,
        };
        self.records(RecordPayload::Outcome(outcome))
    }

    fn reads(self, holder: &str, verdict: Verdict, result: VerificationKind, level: VerificationLevel) -> Self {
        let seen = VerificationRecorded {
            action: self.action(holder, verdict),
            result,
            level,
            paths: vec!["ops".to_owned()],
            left: Vec::new(),
            answers: Vec::new(),
            probe: "role postgres".to_owned(),
        };
        self.records(RecordPayload::Verification(seen))
    }

    fn status(&self) -> CampaignStatus {
        status(&StatusInputs {
            campaign: &self.opened.campaign,
            sheets: &self.opened.sheets,
            resolved: &self.resolved(),
            history: &self.history,
            exceptions: &self.exceptions,
            missed: &std::collections::BTreeMap::new(),
            stage_ends: None,
            settlers: &|_| vec![id("fay")],
            is_unreviewable: &|_| false,
            is_here: &|_| true,
            late: &std::collections::BTreeSet::new(),
            unsigned: &std::collections::BTreeMap::new(),
            systems: &self.world.systems,
            now: self.world.now,
        })
    }

    fn state(&self, holder: &str) -> ItemState {
        let item = self.item(holder);
        self.status().items.into_iter().find(|one| one.item == item).unwrap().state
    }
}

fn put<'a>(system: &'a SystemId, item: &'a Item) -> (&'a ItemId, ReviewedItem<'a>) {
    let Item { id, grant_digest: grant, subject, tier, .. } = item;
    (id, ReviewedItem { system, grant: *grant, subject, tier: *tier, assignments: &[(1, 0)] })
}

fn digest(review: &Review) -> Digest {
    Digest::of(crate::format::codec::render(review))
}

#[test]
fn superseded_decision_is_not_an_outcome() {
    let round = Round::new().decides("0", Verdict::Certify, None).decides("0", Verdict::Revoke, Some(0));
    let resolved = round.resolved();
    assert!(resolved.findings.is_empty() && resolved.open.is_empty());
    let verdicts: Vec<_> = resolved.decided.iter().map(|one| (one.verdict, one.basis.path.as_str())).collect();
    assert_eq!(verdicts, [(Verdict::Revoke, "campaigns/2026-q4/reviews/db/dora-3.toml")]);
    assert_eq!(resolved.decided[0].basis.signers, ["dora"]);
}

#[test]
fn conflicting_decisions_leave_item_open() {
    let twice = Round::new().decides("0", Verdict::Certify, None).decides("0", Verdict::Revoke, None);
    let forked = Round::new().decides("0", Verdict::Investigate, None).decides("0", Verdict::Revoke, Some(0)).decides(
        "0",
        Verdict::Certify,
        Some(0),
    );
    let mut stray = Round::new().decides("0", Verdict::Revoke, None);
    stray.reviews[0].1.items[0].supersedes = Some(format!("campaigns/old.toml@{}", Digest::ZERO));
    for round in [twice, forked, stray] {
        let resolved = round.resolved();
        assert!(resolved.decided.is_empty());
        assert_eq!(resolved.open[&round.item("0")], ReopenReason::Contradictory);
        assert_eq!(resolved.findings[0].code, "contradictory-decisions");
        assert_eq!(round.state("0"), ItemState::Undecided);
    }
}

#[test]
fn abstained_investigated_or_expired_item_stays_open() {
    let round = Round::new()
        .decides("0", Verdict::Abstain, None)
        .decides("1", Verdict::Investigate, None)
        .decides("2", Verdict::Certify, None)
        .until("2026-11-23T05:00:00Z")
        .decides("3", Verdict::Certify, None)
        .until("2026-11-23T05:00:01Z");
    let resolved = round.resolved();
    assert_eq!(resolved.decided.len(), 1);
    assert_eq!(resolved.open[&round.item("0")], ReopenReason::Abstained(None));
    assert_eq!(resolved.open[&round.item("1")], ReopenReason::Investigated);
    assert_eq!(resolved.open[&round.item("2")], ReopenReason::Expired(time("2026-11-23T05:00:00Z")));
}

#[test]
fn reviews_of_another_campaign_do_not_count() {
    let mut round = Round::new().decides("0", Verdict::Revoke, None);
    round.reviews[0].1.campaign = crate::model::CampaignId::parse("2026-q3").unwrap();
    assert!(round.resolved().decided.is_empty());
}

#[test]
fn item_state_follows_evidence() {
    use OutcomeKind::{Already, Applied, Drifted, Failed, Manual, Unknown};
    let decided = || Round::new().decides("0", Verdict::Revoke, None);
    assert_eq!(Round::new().state("0"), ItemState::Undecided);
    assert_eq!(Round::new().decides("0", Verdict::Certify, None).state("0"), ItemState::Kept);
    assert_eq!(decided().state("0"), ItemState::Decided);
    let intended = || decided().intends("0", Verdict::Revoke);
    assert_eq!(intended().state("0"), ItemState::Intended);
    let after = |result| intended().comes_to("0", Verdict::Revoke, result);
    let outcomes = [
        (Already, ItemState::Applied),
        (Applied, ItemState::Applied),
        (Drifted, ItemState::Drifted),
        (Failed, ItemState::Failed),
        (Manual, ItemState::Manual),
        (Unknown, ItemState::Unknown),
    ];
    for (result, state) in outcomes {
        assert_eq!(after(result).state("0"), state);
    }
    let seen = |result| after(Applied).reads("0", Verdict::Revoke, result, VerificationLevel::V3).state("0");
    assert_eq!(seen(VerificationKind::Confirmed), ItemState::Confirmed);
    assert_eq!(seen(VerificationKind::Lingering), ItemState::Lingering);
    assert_eq!(seen(VerificationKind::StillPresent), ItemState::StillPresent);
    assert_eq!(seen(VerificationKind::Unknown), ItemState::Unknown);

    // The access was gone and reappeared: the last read counts.
    let back = after(Applied).reads("0", Verdict::Revoke, VerificationKind::Confirmed, VerificationLevel::V3);
    let back = back.reads("0", Verdict::Revoke, VerificationKind::StillPresent, VerificationLevel::V3);
    assert_eq!(back.state("0"), ItemState::StillPresent);
    // Reads before a new intent do not count.
    let again = back.intends("0", Verdict::Revoke).comes_to("0", Verdict::Revoke, Failed);
    assert_eq!(again.state("0"), ItemState::Failed);
}

#[test]
fn confirmation_requires_level_of_tier() {
    let at = |level, remediation| {
        let mut round = Round::new().decides("2", Verdict::Revoke, None).intends("2", Verdict::Revoke);
        round.world.systems.values_mut().for_each(|system| system.remediation = remediation);
        let round = round.comes_to("2", Verdict::Revoke, OutcomeKind::Applied);
        round.reads("2", Verdict::Revoke, VerificationKind::Confirmed, level).state("2")
    };
    assert_eq!(at(VerificationLevel::V3, Remediation::Automatic), ItemState::Applied);
    assert_eq!(at(VerificationLevel::V4, Remediation::Automatic), ItemState::Confirmed);
    assert_eq!(at(VerificationLevel::V2, Remediation::Manual), ItemState::Confirmed);
}

fn exception(round: &Round, holder: &str, validity: ExceptionState) -> ExceptionStatus {
    let id_of = round.item(holder);
    let item = round.opened.sheets.iter().flat_map(|s| &s.review.items).find(|one| one.id == id_of).unwrap();
    ExceptionStatus {
        id: id("exc-1"),
        path: "exceptions/exc-1.toml".to_owned(),
        validity,
        item: item.id,
        grant_digest: item.grant_digest,
        lower_tier_to: None,
        subject: item.subject.clone(),
        rule: None,
        rating: Rating::Low,
        owner: id("fay"),
        approvers: vec!["gus".to_owned()],
        since: time("2026-11-23T05:00:00Z"),
        until: time("2027-01-01T00:00:00Z"),
        renewal: 0,
        renewals_left: 2,
        proof_due: None,
        unanswered: None,
    }
}

#[test]
fn campaign_close_requires_all_items_final() {
    let mut round = Round::new()
        .decides("0", Verdict::Revoke, None)
        .intends("0", Verdict::Revoke)
        .comes_to("0", Verdict::Revoke, OutcomeKind::Failed)
        .decides("1", Verdict::Certify, None)
        .decides("2", Verdict::Revoke, None)
        .intends("2", Verdict::Revoke)
        .comes_to("2", Verdict::Revoke, OutcomeKind::Applied)
        .reads("2", Verdict::Revoke, VerificationKind::StillPresent, VerificationLevel::V4);
    round.world.now = time("2026-12-08T00:00:00Z");
    let refused = close(&round.status(), round.opened.digest).unwrap_err();
    let told = refused.render(RenderStyle::plain());
    let told = told.replace(round.action("0", Verdict::Revoke).as_str(), "act-0");
    insta::assert_snapshot!(told.replace(round.action("2", Verdict::Revoke).as_str(), "act-2"), @r"
    error[item-unconfirmed]: itm-e3d8a87c14d9b027 `membership reader` of `0_login` on `db` was refused by the target: permission denied
    --> campaigns/2026-q4/reviews/db/dora-2.toml
     = help: correct the cause, then run `tenure enforce` (act-0)

    error[item-unconfirmed]: itm-348a99c0cfb72ed6 `membership reader` of `2_login` on `db` is still present: by ops
    --> campaigns/2026-q4/reviews/db/dora-4.toml
     = help: remove that path, then run `tenure verify db` (act-2)

    error[item-undecided]: itm-e511883d8f8e2432 `membership reader` of `3_login` on `db` is undecided: no decision yet
    --> campaigns/2026-q4/reviews/db/dora.toml
     = help: dora decides in campaigns/2026-q4/reviews/db/dora.toml, then `tenure sign campaigns/2026-q4/reviews/db/dora.toml`
    ");
    let status = round.status();
    assert!(status.overdue);
    let dora = &status.reviewers[0];
    assert_eq!((dora.items, dora.undecided, dora.unconfirmed, dora.overdue), (4, 1, 2, true));

    round.exceptions = vec![exception(&round, "0", ExceptionState::InForce)];
    let round = round.decides("3", Verdict::Certify, None);
    let round = round.reads("2", Verdict::Revoke, VerificationKind::Confirmed, VerificationLevel::V4);
    let closed = close(&round.status(), round.opened.digest).unwrap();
    assert_eq!((closed.items, closed.confirmed, closed.excepted), (4, 1, 1));
    assert_eq!(closed.verdicts, [("certify".to_owned(), 2), ("revoke".to_owned(), 2)].into());

    let round = round.records(RecordPayload::CampaignClose(closed));
    assert_eq!(close(&round.status(), round.opened.digest).unwrap_err().sorted()[0].code, "campaign-closed");
}

#[test]
fn exception_applies_to_its_grant_and_period_only() {
    let mut round = Round::new().decides("0", Verdict::Except, None).until("2027-01-01T00:00:00Z");
    assert_eq!(round.state("0"), ItemState::Decided);
    round.exceptions = vec![exception(&round, "0", ExceptionState::InForce)];
    assert_eq!(round.state("0"), ItemState::Excepted);
    round.exceptions[0].grant_digest = Digest::ZERO;
    assert_eq!(round.state("0"), ItemState::Decided);
    for (validity, state) in [
        (ExceptionState::Coming, ItemState::Decided),
        (ExceptionState::Failed, ItemState::Decided),
        (ExceptionState::Lapsed, ItemState::Decided),
        (ExceptionState::Over, ItemState::Excepted),
        (ExceptionState::Renewed, ItemState::Decided),
        (ExceptionState::Unproven, ItemState::Decided),
    ] {
        round.exceptions = vec![exception(&round, "0", validity)];
        assert_eq!(round.state("0"), state, "{validity}");
    }
    round.exceptions = vec![exception(&round, "0", ExceptionState::InForce)];
    round.exceptions[0].lower_tier_to = Some(Tier::T3);
    assert_eq!(round.state("0"), ItemState::Decided, "an exception that lowers a tier keeps no access");
}

#[test]
fn item_is_overdue_only_after_the_window() {
    let mut round = Round::new();
    assert!(!round.status().overdue);
    round.world.now = Timestamp::from_unix(round.opened.campaign.closes_at.unix());
    assert!(!round.status().overdue);
    round.world.now = Timestamp::from_unix(round.world.now.unix() + 1);
    assert!(round.status().overdue && !round.status().closed);
    assert_eq!(round.opened.campaign.base, BASE);
}

proptest! {
    /// For random decisions in random order: at most one outcome per item, and always the same.
    #[test]
    fn resolution_is_independent_of_review_order(
        steps in proptest::collection::vec((0..4_usize, 0..Verdict::ALL.len(), proptest::option::of(0..6_usize)), 1..8),
        order in proptest::sample::subsequence((0..8_usize).collect::<Vec<_>>(), 8).prop_shuffle(),
    ) {
        let mut round = Round::new();
        for (number, (holder, verdict, replaces)) in steps.iter().enumerate() {
            let replaces = replaces.filter(|replaced| *replaced < number);
            round = round.decides(&holder.to_string(), Verdict::ALL[*verdict], replaces);
        }
        let count = round.reviews.len();
        let order: Vec<_> = order.into_iter().filter(|number| *number < count).collect();
        let (straight, turned) = (round.resolved(), round.resolved_in(&order));
        prop_assert_eq!(&straight.decided, &turned.decided);
        prop_assert_eq!(&straight.open, &turned.open);
        let mut items: Vec<_> = straight.decided.iter().map(|one| &one.item).chain(straight.open.keys()).collect();
        let before = items.len();
        items.sort();
        items.dedup();
        prop_assert_eq!(items.len(), before);
        prop_assert!(straight.decided.iter().all(|one| one.verdict.is_final()));
    }
}
