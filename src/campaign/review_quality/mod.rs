//! How a campaign was reviewed: numbers for each reviewer, and what looks like a rubber stamp.
//!
//! These are indicators. Git shows what was signed and the evidence when it was taken up; neither can show that somebody
//! has read. A default, or what silence came to, is never counted as a decision.

mod duplicate_reasons;
mod file_checks;
mod metrics;
mod rubber_stamping;
#[cfg(test)]
mod tests;

pub use file_checks::stamps_in;

use super::WorklistFile;
use crate::{
    model::{
        CampaignId, Digest, Finding, ItemId, PrincipalId, Stance, Timestamp, Verdict,
        file::{Campaign, Item, Review, ReviewTerms, StageClose},
        history::EvidenceHistory,
    },
    trust::{Verified, reference},
};
use metrics::measure;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How one reviewer reviewed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewerQuality {
    /// The reviewer.
    pub reviewer: PrincipalId,
    /// How many items they were asked about.
    pub items: u64,
    /// How many of those, or of those that others handed to them, they have decided themselves.
    pub decided: u64,
    /// How many of the decided items policy speaks against.
    pub flagged: u64,
    /// How many of those they keep.
    pub keeps_flagged: u64,
    /// How much they take away, or reduce.
    pub revokes: u64,
    /// The most decisions under one signature.
    pub batch_max: u64,
    /// From assignment until a decision was taken up, in hours: the median over their decisions; nothing while none was.
    pub assign_to_sign_median_h: Option<f64>,
    /// How many percent of what they keep has a reason that stands there already; nothing while they keep nothing.
    pub duplicate_reason_pct: Option<u64>,
}

/// How a campaign was reviewed.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewQuality {
    /// The campaign.
    pub campaign: CampaignId,
    /// How many items it has.
    pub items: u64,
    /// How many of them people decided for good.
    pub human_decided: u64,
    /// How many of them silence settled.
    pub by_silence: u64,
    /// How each reviewer reviewed, by reviewer.
    pub reviewers: Vec<ReviewerQuality>,
    /// What looks like a rubber stamp.
    pub findings: Vec<Finding>,
}

/// A signed review, as far as it is studied.
#[derive(Clone, Copy)]
pub struct SignedReviewData<'a> {
    review: &'a Review,
    path: &'a str,
    digest: Digest,
}

impl<'a> SignedReviewData<'a> {
    /// Returns the signed content. Only what `trust` has verified is studied.
    pub fn of(review: &'a Verified<Review>) -> Self {
        Self { review: review.value(), path: review.path(), digest: review.digest() }
    }
}

/// What a study rests on.
pub struct QualityInputs<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The worklists as published at opening.
    pub sheets: &'a [WorklistFile],
    /// Its signed reviews.
    pub reviews: Vec<SignedReviewData<'a>>,
    /// The closes of the stages closed so far, in order.
    pub closes: Vec<&'a StageClose>,
    /// What the evidence says: when each review was taken up.
    pub history: &'a EvidenceHistory,
    /// From where on a review looks like a rubber stamp.
    pub terms: ReviewTerms,
}

/// A decision of a reviewer that no other takes the place of.
#[derive(Clone, Copy)]
struct ReviewerDecision<'a> {
    given: SignedReviewData<'a>,
    place: usize,
    item: &'a Item,
    verdict: Verdict,
}

impl ReviewerDecision<'_> {
    fn stance(&self) -> Stance {
        Stance::of(Some(self.verdict))
    }

    fn keeps(&self) -> bool {
        self.stance() == Stance::Accept
    }

    /// Returns where the decision stands: `path:line`.
    fn subject(&self) -> String {
        file_checks::subject(self.given.path, self.given.review, self.place)
    }
}

/// Returns how a campaign was reviewed. The same files and the same evidence give the same study.
pub fn study(study: &QualityInputs<'_>) -> ReviewQuality {
    let made = made(&study.reviews);
    let mut by_reviewer: BTreeMap<&PrincipalId, Vec<ReviewerDecision<'_>>> = BTreeMap::new();
    for one in &made {
        by_reviewer.entry(&one.given.review.reviewer).or_default().push(*one);
    }
    let mut asked: BTreeMap<&PrincipalId, u64> = BTreeMap::new();
    for sheet in study.sheets {
        *asked.entry(&sheet.review.reviewer).or_default() += sheet.review.items.len() as u64;
    }
    let everybody: BTreeSet<&PrincipalId> = asked.keys().chain(by_reviewer.keys()).copied().collect();
    let none = Vec::new();
    let reviewers = everybody.into_iter().map(|reviewer| {
        let own = by_reviewer.get(reviewer).unwrap_or(&none);
        measure(study, reviewer, asked.get(reviewer).copied().unwrap_or(0), own)
    });
    let mut findings = rubber_stamping::findings(study, &by_reviewer);
    findings.sort();
    let decided: BTreeSet<&ItemId> = made.iter().filter(|one| one.verdict.is_final()).map(|one| &one.item.id).collect();
    let silent: BTreeSet<&ItemId> =
        study.closes.iter().flat_map(|close| &close.no_response).map(|one| &one.item).collect();
    ReviewQuality {
        campaign: study.campaign.id.clone(),
        items: study.campaign.items,
        human_decided: decided.len() as u64,
        by_silence: silent.difference(&decided).count() as u64,
        reviewers: reviewers.collect(),
        findings,
    }
}

/// Returns the decisions that no other takes the place of, in the order of the files.
fn made<'a>(reviews: &[SignedReviewData<'a>]) -> Vec<ReviewerDecision<'a>> {
    let items = || reviews.iter().flat_map(|given| given.review.items.iter().enumerate().map(move |one| (*given, one)));
    let replaced: BTreeSet<(&ItemId, &str)> =
        items().filter_map(|(_, (_, item))| Some((&item.id, item.supersedes.as_deref()?))).collect();
    let stands = |given: &SignedReviewData<'_>, item: &Item| {
        replaced.is_empty() || !replaced.contains(&(&item.id, reference(given.path, given.digest).as_str()))
    };
    let one = |(given, (place, item)): (SignedReviewData<'a>, (usize, &'a Item))| {
        let verdict = item.decision.filter(|_| stands(&given, item))?;
        Some(ReviewerDecision { given, place, item, verdict })
    };
    items().filter_map(one).collect()
}

impl QualityInputs<'_> {
    /// Returns when the items of a stage were assigned: at the opening, or when the stage before was closed.
    fn assigned(&self, stage: u32) -> Timestamp {
        let before = stage.checked_sub(2).and_then(|index| self.closes.get(usize::try_from(index).ok()?));
        before.map_or(self.campaign.opened_at, |close| close.closed_at)
    }

    /// Returns when a file was taken up, as the engine's clock claimed.
    fn taken_up(&self, given: &SignedReviewData<'_>) -> Option<Timestamp> {
        let acceptance = self.history.accepted(given.path).filter(|one| one.digest == given.digest)?;
        Some(acceptance.at)
    }
}
