//! Several reviewers in several stages, and no-response outcomes.

use super::fixtures::{World, id, membership, time};
use crate::{
    campaign::{
        PendingReason, ReopenReason, Resolution, ResolutionSummary,
        aggregate::{ClosedStage, DecisionAggregator, ReviewedItem, SignedReview},
    },
    model::{
        Digest, ItemId, PrincipalId, ReviewResult, Strategy, Tier, Verdict,
        action::DecisionOrigin,
        file::{Campaign, Item, NoResponseAction, NoResponseItem, NoResponseOutcome, Review, Stage, StageClose},
    },
    trust::VotingSlot,
};

/// One item, assigned to `dora` and `dan` in the first stage, to `dora` in the second, and to `dan` in the third.
pub(super) struct Case {
    pub(super) campaign: Campaign,
    review: Review,
    reviewers: [PrincipalId; 2],
    answers: Vec<(String, Review, VotingSlot)>,
    closes: Vec<StageClose>,
}

impl Case {
    pub(super) fn new(outcomes: &[Strategy]) -> Self {
        let grants = vec![membership("db", "0", "reader", Tier::T3)];
        let world = World::new().collected("db", grants, "2026-11-22T05:00:00Z");
        let opened = world.open().unwrap();
        let mut campaign = opened.campaign;
        campaign.definition.on_no_response = NoResponseAction::Open;
        campaign.definition.stages = outcomes.iter().enumerate().map(stage).collect();
        let review = opened.sheets[0].review.clone();
        Self { campaign, review, reviewers: [id("dora"), id("dan")], answers: Vec::new(), closes: Vec::new() }
    }

    pub(super) fn defined(mut self, change: impl FnOnce(&mut Campaign)) -> Self {
        change(&mut self.campaign);
        self
    }

    /// A response of the reviewer at this index, or of a fallback.
    pub(super) fn answer(mut self, stage: u32, slot: VotingSlot, verdict: Option<Verdict>) -> Self {
        let Some(verdict) = verdict else { return self };
        let mut review = Review { stage: Some(stage), ..self.review.clone() };
        review.items[0].decision = Some(verdict);
        review.items[0].to = verdict.needs_to().then(|| "less".to_owned());
        self.answers.push((format!("{}-{stage}.toml", self.answers.len()), review, slot));
        self
    }

    /// Changes the last answer.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(&mut self.answers.last_mut().unwrap().1.items[0]);
        self
    }

    /// Closes the next stage; `then` is the outcome of unanswered items.
    pub(super) fn close(mut self, then: Option<NoResponseOutcome>) -> Self {
        let item = &self.review.items[0];
        let silent = then.map(|then| NoResponseItem {
            item: item.id,
            outcome: then,
            principal: item.principal.clone(),
            entitlement: item.entitlement.clone(),
        });
        self.closes.push(StageClose {
            schema: "tenure/stage-close/v1".to_owned(),
            repo: self.campaign.repo.clone(),
            campaign: self.campaign.id.clone(),
            digest: Digest::ZERO,
            stage: u32::try_from(self.closes.len()).unwrap() + 1,
            base: String::new(),
            closed_at: time("2026-11-30T05:00:00Z"),
            answered: 0,
            unlisted: None,
            no_response: silent.into_iter().collect(),
        });
        self
    }

    pub(super) fn resolved(&self) -> ResolutionSummary {
        let item = &self.review.items[0];
        let mut assignments = vec![(1, 0), (1, 1)];
        assignments.extend((self.campaign.definition.stage_count() > 1).then_some((2, 0)));
        assignments.extend((self.campaign.definition.stage_count() > 2).then_some((3, 1)));
        let Item { id, grant_digest: grant, subject, tier, .. } = item;
        let put = ReviewedItem {
            system: &self.review.system,
            grant: *grant,
            subject,
            tier: *tier,
            assignments: &assignments,
        };
        let owners = ["fay".to_owned()];
        let closed = |close| ClosedStage { close, path: "stages/n.toml", digest: Digest::ZERO, signers: &owners };
        let round = DecisionAggregator {
            campaign: &self.campaign,
            items: [(id, put)].into(),
            reviewers: &self.reviewers,
            closes: self.closes.iter().map(closed).collect(),
        };
        let signed = self.answers.iter().map(|(path, review, slot)| SignedReview {
            review,
            path,
            digest: Digest::of(path),
            signers: &[],
            slots: std::slice::from_ref(slot),
        });
        round.resolve(signed, time("2026-12-01T00:00:00Z"))
    }

    fn decided(&self) -> Resolution {
        let resolved = self.resolved();
        resolved.decided.first().cloned().unwrap_or_else(|| panic!("{resolved:?}"))
    }

    fn open(&self) -> ReopenReason {
        let resolved = self.resolved();
        assert!(resolved.decided.is_empty(), "{resolved:?}");
        resolved.open.get(self.item()).cloned().unwrap_or_else(|| panic!("{resolved:?}"))
    }

    fn waiting(&self) -> PendingReason {
        let resolved = self.resolved();
        assert!(resolved.decided.is_empty(), "{resolved:?}");
        resolved.waiting.get(self.item()).cloned().unwrap_or_else(|| panic!("{resolved:?}"))
    }

    pub(super) fn item(&self) -> &ItemId {
        &self.review.items[0].id
    }
}

fn stage((index, outcome): (usize, &Strategy)) -> Stage {
    Stage {
        name: format!("stage {}", index + 1),
        days: 7,
        reviewers: vec!["owner".to_owned()],
        reviewers_per_item: 2,
        strategy: *outcome,
        stop_on: Vec::new(),
        advance_on: Vec::new(),
        sample_percent: None,
    }
}

pub(super) const DORA: VotingSlot = VotingSlot::Assigned(0);
pub(super) const DAN: VotingSlot = VotingSlot::Assigned(1);

#[test]
fn outcome_waits_for_all_reviewers_or_the_close() {
    let case = Case::new(&[Strategy::OneDenyDenies]);
    assert_eq!(case.waiting(), PendingReason { stage: 1, missing: vec![id("dora"), id("dan")] });
    let case = case.answer(1, DORA, Some(Verdict::Certify));
    assert_eq!(case.waiting(), PendingReason { stage: 1, missing: vec![id("dan")] });
    let both = Case::new(&[Strategy::OneDenyDenies]).answer(1, DORA, Some(Verdict::Certify));
    let both = both.answer(1, DAN, Some(Verdict::Disable));
    assert_eq!(both.decided().verdict, Verdict::Disable);
    let closed = case.close(None);
    assert_eq!(closed.decided().verdict, Verdict::Certify, "no reviewer denied");
    let strict = Case::new(&[Strategy::AllMustAccept]).answer(1, DORA, Some(Verdict::Certify)).close(None);
    assert_eq!(strict.open(), ReopenReason::Unanswered, "a response is missing");
    let fallback = strict.answer(1, VotingSlot::Settlement, Some(Verdict::Certify));
    assert_eq!(fallback.decided().verdict, Verdict::Certify, "a fallback decides for the missing reviewer");
}

#[test]
fn strongest_verdict_of_winning_result_is_the_outcome() {
    let both = |one, other| {
        let case = Case::new(&[Strategy::OneDenyDenies]).answer(1, DORA, Some(one)).answer(1, DAN, Some(other));
        case.decided().verdict
    };
    assert_eq!(both(Verdict::Disable, Verdict::Revoke), Verdict::Revoke);
    assert_eq!(both(Verdict::Rotate, Verdict::Reduce), Verdict::Reduce);
    assert_eq!(both(Verdict::Certify, Verdict::Except), Verdict::Except);
    let two_ends = Case::new(&[Strategy::AllMustAccept])
        .answer(1, DORA, Some(Verdict::Certify))
        .with(|item| item.until = Some(time("2027-06-01T00:00:00Z")))
        .answer(1, DAN, Some(Verdict::Certify))
        .with(|item| item.until = Some(time("2027-01-01T00:00:00Z")));
    assert_eq!(two_ends.decided().until, Some(time("2027-01-01T00:00:00Z")), "the earliest end date");
}

#[test]
fn same_verdict_with_different_targets_leaves_item_open() {
    let torn = Case::new(&[Strategy::OneDenyDenies])
        .answer(1, DORA, Some(Verdict::Reduce))
        .answer(1, DAN, Some(Verdict::Reduce))
        .with(|item| item.to = Some("nothing".to_owned()));
    assert_eq!(torn.open(), ReopenReason::Contradictory);
    assert_eq!(torn.resolved().findings[0].code, "contradictory-decisions");
    let settled = torn.close(None).answer(1, VotingSlot::Settlement, Some(Verdict::Reduce));
    assert_eq!(settled.decided().to.as_deref(), Some("less"), "a fallback settles the conflict");
}

#[test]
fn later_stage_starts_after_previous_close() {
    let two = || Case::new(&[Strategy::OneDenyDenies, Strategy::OneDenyDenies]);
    let first = two().answer(1, DORA, Some(Verdict::Certify)).answer(1, DAN, Some(Verdict::Certify));
    assert_eq!(first.waiting(), PendingReason { stage: 1, missing: vec![] }, "waits for the close");
    let second = first.close(None);
    assert_eq!(second.waiting(), PendingReason { stage: 2, missing: vec![id("dora")] });
    assert_eq!(second.answer(2, DORA, Some(Verdict::Revoke)).decided().verdict, Verdict::Revoke);
    let stopped = two().answer(1, DORA, Some(Verdict::Certify)).answer(1, DAN, Some(Verdict::Revoke));
    assert_eq!(stopped.decided().verdict, Verdict::Revoke, "later stages are skipped after a revocation");
    let on = two()
        .defined(|campaign| campaign.definition.stages[0].advance_on = vec![ReviewResult::Revoke])
        .answer(1, DORA, Some(Verdict::Certify))
        .answer(1, DAN, Some(Verdict::Revoke))
        .close(None);
    assert_eq!(on.waiting().stage, 2, "the list of the stage overrides that of the strategy");
    let overall = on.defined(|campaign| campaign.definition.overall_strategy = Some(Strategy::OneAcceptAccepts));
    assert_eq!(overall.answer(2, DORA, Some(Verdict::Certify)).decided().verdict, Verdict::Certify);
}

#[test]
fn no_response_outcome_differs_from_decisions() {
    let one = || Case::new(&[Strategy::AllMustAccept]);
    let unanswered = one().close(Some(NoResponseOutcome::Disable));
    let disabled = unanswered.decided();
    assert_eq!((disabled.verdict, disabled.basis.decided), (Verdict::Disable, DecisionOrigin::BySilence));
    assert_eq!((disabled.basis.path.as_str(), disabled.basis.signers[0].as_str()), ("stages/n.toml", "fay"));
    assert_eq!(one().close(Some(NoResponseOutcome::Open)).open(), ReopenReason::Unanswered);
    let except = one().close(Some(NoResponseOutcome::Except));
    assert_eq!(except.open(), ReopenReason::NeedsException);
    let decided = except.answer(1, VotingSlot::Settlement, Some(Verdict::Revoke)).decided();
    assert_eq!((decided.verdict, decided.basis.decided), (Verdict::Revoke, DecisionOrigin::ByPeople));

    let two = || Case::new(&[Strategy::OneDenyDenies, Strategy::OneDenyDenies]);
    let accepted = two().answer(1, DORA, Some(Verdict::Certify)).answer(1, DAN, Some(Verdict::Certify)).close(None);
    let unanswered = accepted.close(Some(NoResponseOutcome::Disable));
    assert_eq!(unanswered.decided().basis.decided, DecisionOrigin::BySilence, "the last stage got no response");
    let reduced = two()
        .defined(|campaign| campaign.definition.stages[0].advance_on = vec![ReviewResult::Reduce])
        .answer(1, DORA, Some(Verdict::Reduce))
        .close(None)
        .close(Some(NoResponseOutcome::Disable));
    assert_eq!(reduced.decided().verdict, Verdict::Reduce, "the no-response default does not override a reduction");
}
