//! Entry points of resolution: pass verified reviews and stage closes to the aggregation, and return decided, reopened
//! and pending items.

use super::{
    Resolution, ResolutionSummary,
    aggregate::{ClosedStage, DecisionAggregator, ReviewedItem, SignedReview},
};
use crate::{
    model::{ItemId, Timestamp, file::Review},
    trust::{OpenCampaign, PublishedItem, Verified, VotingSlot},
};
use std::collections::BTreeSet;

/// Resolves the verified reviews of a campaign: at most one outcome for each item, independent of their order.
///
/// In each stage the responses of all assigned reviewers are aggregated by the strategy of the stage, with missing ones
/// as "no response"; the results of the stages are aggregated by the overall strategy. The outcome is the strongest
/// verdict of the winning result ([`ReviewResult::verdicts`]). A superseded decision does not count, and an expired one
/// leaves its item open. Conflicting decisions leave it open too, with a finding: no side is picked. If the last stage
/// got no response, its signed close determines the outcome, which never keeps the access.
///
/// [`ReviewResult::verdicts`]: crate::model::ReviewResult::verdicts
///
/// Reviews verified by `trust` are accepted:
/// ```no_run
/// # use tenure::{campaign::resolve, model::{file::Review, Timestamp}, trust::{OpenCampaign, Verified, VotingSlot}};
/// fn accept(campaign: &OpenCampaign, review: &Verified<Review>, slots: &[VotingSlot], now: Timestamp) {
///     resolve(campaign, [(review, slots)], now);
/// }
/// ```
/// All others are not:
/// ```compile_fail,E0271
/// # use tenure::{campaign::resolve, model::{file::Review, Timestamp}, store::Unverified, trust::{OpenCampaign, VotingSlot}};
/// fn accept(campaign: &OpenCampaign, review: &Unverified<Review>, slots: &[VotingSlot], now: Timestamp) {
///     resolve(campaign, [(review, slots)], now);
/// }
/// ```
pub fn resolve<'a>(
    opening: &'a OpenCampaign,
    answers: impl IntoIterator<Item = (&'a Verified<Review>, &'a [VotingSlot])>,
    now: Timestamp,
) -> ResolutionSummary {
    resolve_among(opening, answers, now, |_| true)
}

/// Returns only the decided items of [`resolve`], without pending reasons: the cost is proportional to the decisions.
pub fn decided<'a>(
    opening: &'a OpenCampaign,
    answers: impl IntoIterator<Item = (&'a Verified<Review>, &'a [VotingSlot])>,
    now: Timestamp,
) -> Vec<Resolution> {
    let silent: BTreeSet<&ItemId> =
        opening.closes().iter().flat_map(|close| close.no_response.iter().map(|silent| &silent.item)).collect();
    let is_resolved = |item: &ItemId| !opening.bound(item).is_empty() || silent.contains(item);
    resolve_among(opening, answers, now, is_resolved).decided
}

fn resolve_among<'a>(
    opening: &'a OpenCampaign,
    answers: impl IntoIterator<Item = (&'a Verified<Review>, &'a [VotingSlot])>,
    now: Timestamp,
    is_included: impl Fn(&ItemId) -> bool,
) -> ResolutionSummary {
    let put = |(item, put): (&'a ItemId, PublishedItem<'a>)| {
        let (system, grant, subject) = (put.system(), put.grant(), put.subject());
        (item, ReviewedItem { system, grant, subject, tier: put.tier(), assignments: put.assignments() })
    };
    let closes: Vec<_> = opening.closes().iter().map(|close| (close, close.names())).collect();
    let closed = closes.iter().map(|(close, signers)| ClosedStage {
        close: close.value(),
        path: close.path(),
        digest: close.digest(),
        signers,
    });
    let round = DecisionAggregator {
        campaign: opening.campaign().value(),
        items: opening.published_items().filter(|(item, _)| is_included(item)).map(put).collect(),
        reviewers: opening.reviewers(),
        closes: closed.collect(),
    };
    let reviews: Vec<_> = answers.into_iter().map(|(review, slots)| (review, slots, review.names())).collect();
    let signed = reviews.iter().map(|(review, slots, signers)| SignedReview {
        review: review.value(),
        path: review.path(),
        digest: review.digest(),
        signers,
        slots,
    });
    round.resolve(signed, now)
}
