//! From verified reviews and closed stages to the one outcome of each item.

use super::{
    Resolution,
    aggregate::{ClosedStage, DecisionAggregator, PublishedItem, SignedReview},
    second_review::apply_second_reviews,
};
use crate::{
    model::{Finding, ItemId, PrincipalId, Timestamp, file::Review},
    trust::{OpenCampaign, Verified, VotingSlot},
};
use std::collections::{BTreeMap, BTreeSet};

/// What the reviews of a campaign amount to. Every item is decided, open, or waiting; one that was handed on is both of the
/// latter.
#[derive(Clone, Debug, Default)]
pub struct ResolutionSummary {
    /// Items with an outcome that leaves nothing to a reviewer, by item.
    pub decided: Vec<Resolution>,
    /// Items that somebody has decided on, or whose stage is closed, and that are open all the same.
    pub open: BTreeMap<ItemId, ReopenReason>,
    /// Items that a stage asks about, or the close of a stage holds up.
    pub waiting: BTreeMap<ItemId, PendingReason>,
    /// Items that were seeded, as the close of the last stage tells: nobody holds them, and nothing counts them.
    pub seeded: BTreeSet<ItemId>,
    /// Items that were drawn for a second look which nobody has taken, with who is asked. What was decided holds meanwhile.
    pub looks: BTreeMap<ItemId, Option<PrincipalId>>,
    /// How many stages are closed.
    pub closed: u32,
    /// The paths of the files that were signed; what they left open goes into another file.
    pub signed: BTreeSet<String>,
    /// What is wrong with the decisions.
    pub findings: Vec<Finding>,
}

/// What an item waits for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingReason {
    /// The stage it is in.
    pub stage: u32,
    /// Whose answer is missing; where nobody's is, the close of the stage is.
    pub missing: Vec<PrincipalId>,
}

/// Why an item is open although somebody has decided on it, or its stage is closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReopenReason {
    /// The reviewer handed it on, perhaps to somebody.
    Abstained(Option<String>),
    /// More than one decision is in force, and none of them wins by itself.
    Contradictory,
    /// A second look came to something else.
    Disputed,
    /// The decision held until this time.
    Expired(Timestamp),
    /// It is being looked into.
    Investigated,
    /// Nobody answered, and it takes a signed exception, or a fallback, to let it stay.
    NeedsException,
    /// Not everybody answered, and the stage is closed: a fallback may decide.
    Unanswered,
}

/// Returns what the verified reviews of a campaign amount to: at most one outcome for each item, whatever order they are
/// given in.
///
/// In each stage the answers of all who were asked are weighed by the stage's strategy, silence as no response; what the
/// stages come to, by the overall one. The strongest verdict of the stance that wins is the outcome ([`Stance::verdicts`]).
/// A decision that was replaced does not count, and one that has ended leaves its item open. Decisions that contradict each
/// other, or want different things by the same verdict, leave it open too, with a finding: no side is picked. Where nobody
/// answered the stage that was asked last, its signed close says what that comes to; never that access stays.
///
/// [`Stance::verdicts`]: crate::model::Stance::verdicts
///
/// Only what `trust` has verified gets in:
/// ```compile_fail,E0271
/// # use tenure::{campaign::resolve, model::{file::Review, Timestamp}, store::Unverified, trust::{Opening, Seat}};
/// fn believe(opening: &Opening, review: &Unverified<Review>, seats: &[VotingSlot], now: Timestamp) {
///     resolve(opening, [(review, seats)], now);
/// }
/// ```
pub fn resolve<'a>(
    opening: &'a OpenCampaign,
    answers: impl IntoIterator<Item = (&'a Verified<Review>, &'a [VotingSlot])>,
    now: Timestamp,
) -> ResolutionSummary {
    resolve_among(opening, answers, now, |_| true)
}

/// Returns what is decided, as [`resolve`] does, without what everything else waits for: the cost follows the decisions.
pub fn decided<'a>(
    opening: &'a OpenCampaign,
    answers: impl IntoIterator<Item = (&'a Verified<Review>, &'a [VotingSlot])>,
    now: Timestamp,
) -> Vec<Resolution> {
    let silent: BTreeSet<&ItemId> =
        opening.closes().iter().flat_map(|close| close.silent.iter().map(|silent| &silent.item)).collect();
    let is_said = |item: &ItemId| !opening.bound(item).is_empty() || silent.contains(item);
    resolve_among(opening, answers, now, is_said).decided
}

fn resolve_among<'a>(
    opening: &'a OpenCampaign,
    answers: impl IntoIterator<Item = (&'a Verified<Review>, &'a [VotingSlot])>,
    now: Timestamp,
    is_asked: impl Fn(&ItemId) -> bool,
) -> ResolutionSummary {
    let put = |(item, put): (&'a ItemId, &'a crate::trust::PublishedItem)| {
        let (system, grant, subject) = (put.system(), put.grant(), put.subject());
        (item, PublishedItem { system, grant, subject, tier: put.tier(), asked: put.asked() })
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
        items: opening.puts().filter(|(item, _)| is_asked(item)).map(put).collect(),
        reviewers: opening.reviewers(),
        closes: closed.collect(),
    };
    let reviews: Vec<_> = answers.into_iter().map(|(review, seats)| (review, seats, review.names())).collect();
    let verified: BTreeMap<&str, &Verified<Review>> =
        reviews.iter().map(|(review, ..)| (review.path(), *review)).collect();
    let signed = reviews.iter().map(|(review, seats, signers)| SignedReview {
        review: review.value(),
        path: review.path(),
        digest: review.digest(),
        signers,
        seats,
    });
    let mut resolved = round.resolve(signed, now);
    apply_second_reviews(&mut resolved, opening, &verified, now);
    resolved
}
