//! The algorithm of resolution: combines the decisions on one item by stage and strategy.

use super::{
    Resolution,
    resolution_summary::{PendingReason, ReopenReason, ResolutionSummary},
};
use crate::{
    model::{
        Digest, Finding, ItemId, PrincipalId, ReviewResult, Severity, StagePosition, StageProgress, StageTally,
        SystemId, Tier, Timestamp, Verdict,
        action::{ActionBasis, DecisionOrigin},
        file::{Campaign, Item, NoResponseOutcome, Review, StageClose},
    },
    trust::VotingSlot,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// A signed review with its attribution.
#[derive(Clone, Copy)]
pub(super) struct SignedReview<'a> {
    pub(super) review: &'a Review,
    pub(super) path: &'a str,
    pub(super) digest: Digest,
    pub(super) signers: &'a [String],
    /// The slots to which its decisions are attributed, in the order of its decided items.
    pub(super) slots: &'a [VotingSlot],
}

/// An accepted stage close.
#[derive(Clone, Copy)]
pub(super) struct ClosedStage<'a> {
    pub(super) close: &'a StageClose,
    pub(super) path: &'a str,
    pub(super) digest: Digest,
    pub(super) signers: &'a [String],
}

/// An item as published by the campaign.
#[derive(Clone, Copy)]
pub(super) struct ReviewedItem<'a> {
    pub(super) system: &'a SystemId,
    pub(super) grant: Digest,
    pub(super) subject: &'a str,
    pub(super) tier: Tier,
    /// The assigned reviewers of each stage.
    pub(super) assignments: &'a [(u32, u32)],
}

/// Aggregates the decisions of all reviews of a campaign.
pub(super) struct DecisionAggregator<'a> {
    pub(super) campaign: &'a Campaign,
    pub(super) items: Vec<(&'a ItemId, ReviewedItem<'a>)>,
    pub(super) reviewers: &'a [PrincipalId],
    pub(super) closes: Vec<ClosedStage<'a>>,
}

/// One decision on one item.
struct ItemDecision<'a> {
    signed: SignedReview<'a>,
    item: &'a Item,
    verdict: Verdict,
    slot: VotingSlot,
}

impl ItemDecision<'_> {
    fn reference(&self) -> String {
        format!("{}@{}", self.signed.path, self.signed.digest)
    }

    fn stage(&self) -> u32 {
        self.signed.review.stage()
    }

    fn reassigns(&self) -> bool {
        self.verdict == Verdict::Abstain && self.item.to.is_some()
    }
}

impl<'a> DecisionAggregator<'a> {
    pub(super) fn resolve<'s>(
        &self,
        reviews: impl IntoIterator<Item = SignedReview<'s>>,
        now: Timestamp,
    ) -> ResolutionSummary {
        let mut resolved = ResolutionSummary::default();
        let mut by_item: BTreeMap<&ItemId, Vec<ItemDecision<'s>>> = BTreeMap::new();
        for signed in reviews.into_iter().filter(|signed| signed.review.campaign == self.campaign.id) {
            resolved.signed.insert(signed.path.to_owned());
            let decided = signed.review.items.iter().filter_map(|item| Some((item, item.decision?)));
            for ((item, verdict), slot) in decided.zip(signed.slots) {
                by_item.entry(&item.id).or_default().push(ItemDecision { signed, item, verdict, slot: *slot });
            }
        }
        resolved.closed = u32::try_from(self.closes.len()).unwrap_or(u32::MAX);
        for (item, put) in &self.items {
            let decisions = by_item.get(*item).map(Vec::as_slice).unwrap_or_default();
            match effective_decisions(decisions) {
                Ok(in_force) => self.track_progress(item, put, &in_force, now, &mut resolved),
                Err(finding) => {
                    resolved.open.insert(*(*item), ReopenReason::Contradictory);
                    resolved.findings.push(finding);
                }
            }
        }
        resolved.findings.sort();
        resolved
    }

    fn track_progress(
        &self,
        item: &ItemId,
        put: &ReviewedItem<'_>,
        in_force: &[&ItemDecision<'_>],
        now: Timestamp,
        resolved: &mut ResolutionSummary,
    ) {
        let definition = &self.campaign.definition;
        let course = StageProgress::advance(definition, resolved.closed, |stage| tally(put, in_force, stage));
        if let StagePosition::Waiting(stage) | StagePosition::Advancing(stage) = course.at {
            let reassigned = in_force.iter().find(|decision| decision.stage() == stage && decision.reassigns());
            if let Some(decision) = reassigned {
                resolved.open.insert(*item, ReopenReason::Abstained(decision.item.to.clone()));
            }
            let mut missing = self.missing(put, in_force, stage);
            // Almost all items wait for one person, and there may be very many items.
            missing.shrink_to_fit();
            resolved.waiting.insert(*item, PendingReason { stage, missing });
            return;
        }
        let result = course.overall_result(definition);
        let stage = course.at.stage();
        let settled = in_force.iter().find(|decision| decision.slot == VotingSlot::Settlement);
        let silent = self.no_response_outcome(item, put, in_force, stage);
        let outcome = match (settled, silent) {
            (Some(decision), _) => self.settled(item, put, decision, now),
            (None, Some((closed, then))) if !matches!(result, ReviewResult::Reduce | ReviewResult::Revoke) => {
                match then {
                    NoResponseOutcome::Disable => Ok(self.no_response_resolution(item, put, closed, Verdict::Disable)),
                    NoResponseOutcome::Revoke => Ok(self.no_response_resolution(item, put, closed, Verdict::Revoke)),
                    NoResponseOutcome::Except => Err(ReopenReason::NeedsException),
                    NoResponseOutcome::Advance | NoResponseOutcome::Open => Err(ReopenReason::Unanswered),
                }
            }
            _ => self.decided(item, put, in_force, result, now).unwrap_or_else(|finding| {
                resolved.findings.push(finding);
                Err(ReopenReason::Contradictory)
            }),
        };
        match outcome {
            Ok(resolution) => resolved.decided.push(resolution),
            Err(why) => {
                resolved.open.insert(*item, why);
                resolved.ended.insert(*item, stage);
            }
        }
    }

    fn missing(&self, put: &ReviewedItem<'_>, in_force: &[&ItemDecision<'_>], stage: u32) -> Vec<PrincipalId> {
        if tally(put, in_force, stage).is_settled(self.campaign.definition.strategy(stage)) {
            return Vec::new();
        }
        let here: Vec<_> = in_force.iter().filter(|decision| decision.stage() == stage).collect();
        let covered = here.iter().any(|decision| decision.slot == VotingSlot::Fallback);
        let assigned = put.assignments.iter().filter(|(own, _)| *own == stage);
        let missing = assigned.filter_map(|(_, index)| {
            match here.iter().find(|decision| decision.slot == VotingSlot::Assigned(*index)) {
                None if covered => None,
                None => self.reviewers.get(usize::try_from(*index).ok()?).cloned(),
                Some(decision) if decision.reassigns() => PrincipalId::parse(decision.item.to.as_deref()?).ok(),
                Some(_) => None,
            }
        });
        missing.collect()
    }

    /// Returns the no-response outcome of the item by the close of the last stage that it reached.
    fn no_response_outcome(
        &self,
        item: &ItemId,
        put: &ReviewedItem<'_>,
        in_force: &[&ItemDecision<'_>],
        stage: u32,
    ) -> Option<(ClosedStage<'a>, NoResponseOutcome)> {
        let closed = *self.closes.get(usize::try_from(stage.checked_sub(1)?).ok()?)?;
        if !tally(put, in_force, stage).is_unanswered() {
            return None;
        }
        let found = closed.close.no_response.binary_search_by(|one| one.item.cmp(item)).ok()?;
        closed.close.no_response.get(found).map(|silent| (closed, silent.outcome))
    }

    fn no_response_resolution(
        &self,
        item: &ItemId,
        put: &ReviewedItem<'_>,
        closed: ClosedStage<'_>,
        verdict: Verdict,
    ) -> Resolution {
        let basis = ActionBasis {
            path: closed.path.to_owned(),
            file: closed.digest,
            item: *item,
            verdict,
            signers: closed.signers.to_vec(),
            decided: DecisionOrigin::BySilence,
        };
        self.resolution(item, put, basis, None, None)
    }

    /// Returns the outcome of the decision of a fallback on an item that the stages left undecided.
    fn settled(
        &self,
        item: &ItemId,
        put: &ReviewedItem<'_>,
        decision: &ItemDecision<'_>,
        now: Timestamp,
    ) -> Result<Resolution, ReopenReason> {
        match reopened(decision, now) {
            Some(why) => Err(why),
            None => Ok(self.decision_resolution(item, put, decision)),
        }
    }

    /// Returns the outcome of the decisions; the error is the finding that they conflict.
    fn decided(
        &self,
        item: &ItemId,
        put: &ReviewedItem<'_>,
        in_force: &[&ItemDecision<'_>],
        result: ReviewResult,
        now: Timestamp,
    ) -> Result<Result<Resolution, ReopenReason>, Finding> {
        let given = |verdict: &&Verdict| in_force.iter().any(|decision| decision.verdict == **verdict);
        let Some(verdict) = result.verdicts().iter().find(given) else { return Ok(Err(ReopenReason::Unanswered)) };
        let mut same: Vec<&ItemDecision<'_>> =
            in_force.iter().filter(|decision| decision.verdict == *verdict).copied().collect();
        // A decision of a fallback settles a conflict between the assigned reviewers.
        if verdict.needs_to() && same.iter().any(|decision| decision.slot == VotingSlot::Fallback) {
            same.retain(|decision| decision.slot == VotingSlot::Fallback);
        }
        // The earliest end date applies; otherwise the latest stage.
        same.sort_by_key(|decision| {
            let until = decision.item.until;
            (until.is_none(), until, Reverse(decision.stage()), decision.signed.path)
        });
        let Some(first) = same.first() else { return Ok(Err(ReopenReason::Unanswered)) };
        if let Some(other) = same.iter().find(|other| verdict.needs_to() && other.item.to != first.item.to) {
            let to = |decision: &ItemDecision<'_>| decision.item.to.clone().unwrap_or_default();
            let message = format!("{verdict} to {} here, but to {} in {}", to(first), to(other), other.signed.path);
            return Err(finding(first, &message));
        }
        if let Some(why) = reopened(first, now) {
            return Ok(Err(why));
        }
        Ok(Ok(self.decision_resolution(item, put, first)))
    }

    fn decision_resolution(&self, item: &ItemId, put: &ReviewedItem<'_>, decision: &ItemDecision<'_>) -> Resolution {
        let basis = ActionBasis {
            path: decision.signed.path.to_owned(),
            file: decision.signed.digest,
            item: *item,
            verdict: decision.verdict,
            signers: decision.signed.signers.to_vec(),
            decided: DecisionOrigin::ByPeople,
        };
        self.resolution(item, put, basis, decision.item.to.clone(), decision.item.until)
    }

    fn resolution(
        &self,
        item: &ItemId,
        put: &ReviewedItem<'_>,
        basis: ActionBasis,
        to: Option<String>,
        until: Option<Timestamp>,
    ) -> Resolution {
        Resolution {
            campaign: self.campaign.id.clone(),
            system: put.system.clone(),
            item: *item,
            grant: put.grant,
            subject: put.subject.to_owned(),
            tier: put.tier,
            verdict: basis.verdict,
            to,
            until,
            basis,
        }
    }
}

/// Returns the responses of a stage.
fn tally(put: &ReviewedItem<'_>, in_force: &[&ItemDecision<'_>], stage: u32) -> StageTally {
    let assigned = put.assignments.iter().filter(|(own, _)| *own == stage).count();
    let mut tally = StageTally { assigned, ..StageTally::default() };
    for decision in in_force.iter().filter(|decision| decision.stage() == stage) {
        match decision.slot {
            VotingSlot::Assigned(_) => tally.answers.push(decision.verdict),
            VotingSlot::Fallback => tally.fallback = Some(decision.verdict),
            VotingSlot::Settlement => continue,
        }
        tally.reassigned += usize::from(decision.reassigns());
    }
    tally
}

/// Returns, for each stage and slot, the one decision that no other replaces. The order in time does not matter: a
/// later decision never wins by being later.
fn effective_decisions<'d, 'a>(decisions: &'d [ItemDecision<'a>]) -> Result<Vec<&'d ItemDecision<'a>>, Finding> {
    let known: BTreeSet<_> = decisions.iter().map(ItemDecision::reference).collect();
    let replaced: BTreeSet<&str> = decisions.iter().filter_map(|d| d.item.supersedes.as_deref()).collect();
    if let Some(stray) = decisions.iter().find(|d| d.item.supersedes.as_ref().is_some_and(|r| !known.contains(r))) {
        return Err(finding(stray, "it supersedes a decision that is not among the verified ones"));
    }
    let mut slots: BTreeMap<(u32, VotingSlot), Vec<&ItemDecision<'a>>> = BTreeMap::new();
    for decision in decisions {
        slots.entry((decision.stage(), decision.slot)).or_default().push(decision);
    }
    let mut all = Vec::with_capacity(slots.len());
    for decisions in slots.into_values() {
        let in_force: Vec<_> = decisions.iter().filter(|d| !replaced.contains(d.reference().as_str())).collect();
        match (in_force.as_slice(), decisions.first()) {
            ([one], _) => all.push(**one),
            ([first, others @ ..], _) => {
                let also: Vec<_> =
                    others.iter().map(|other| format!("{} in {}", other.verdict, other.signed.path)).collect();
                return Err(finding(first, &format!("{} here, but {}", first.verdict, also.join(", "))));
            }
            ([], Some(first)) => return Err(finding(first, "the decisions supersede each other")),
            // INVARIANT: a slot is in the map only if it has a decision.
            ([], None) => {}
        }
    }
    Ok(all)
}

fn finding(decision: &ItemDecision<'_>, message: &str) -> Finding {
    Finding {
        severity: Severity::High,
        code: "contradictory-decisions",
        subject: format!("{}#{}", decision.signed.path, decision.item.id),
        message: message.to_owned(),
        help: "decide again in a new review file that names the decision in force in `supersedes`".to_owned(),
    }
}

/// Returns the reason why an item stays open after this decision, if it does.
fn reopened(decision: &ItemDecision<'_>, now: Timestamp) -> Option<ReopenReason> {
    let ended = decision.item.until.filter(|until| *until <= now);
    match decision.verdict {
        Verdict::Abstain => Some(ReopenReason::Abstained(decision.item.to.clone())),
        Verdict::Investigate => Some(ReopenReason::Investigated),
        Verdict::Certify | Verdict::Except => ended.map(ReopenReason::Expired),
        _ => None,
    }
}
