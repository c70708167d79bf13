//! Quality metrics of the reviews of a campaign, and findings about rubber-stamping.
//!
//! Metrics and findings are indicators. Git proves what was signed, and the evidence proves when it was accepted;
//! neither proves that a reviewer has read an item. No-response defaults are never counted as decisions.

mod duplicate_reasons;
mod file_checks;
mod metrics;
mod rubber_stamping;
#[cfg(test)]
mod tests;

pub use file_checks::file_warnings;

use super::WorklistFile;
use crate::{
    model::{
        CampaignId, Digest, Finding, ItemId, PrincipalId, ReviewResult, Timestamp, Verdict,
        file::{Campaign, Item, Review, ReviewTerms, StageClose},
        history::EvidenceHistory,
    },
    trust::{Verified, reference},
};
use metrics::measure;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The quality metrics of one reviewer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewerQuality {
    /// The reviewer.
    pub reviewer: PrincipalId,
    /// The number of assigned items.
    pub items: u64,
    /// The number of items they decided themselves, including items that others reassigned to them.
    pub decided: u64,
    /// The number of decided items with a policy violation.
    pub flagged: u64,
    /// The number of those items that they kept.
    pub keeps_flagged: u64,
    /// The number of items that they revoked or reduced.
    pub revokes: u64,
    /// The maximum number of decisions under one signature.
    pub batch_max: u64,
    /// The median time from assignment to acceptance of a decision, in hours; `None` without accepted decisions.
    pub assign_to_sign_median_h: Option<f64>,
    /// The percentage of kept items whose reason duplicates that of another item; `None` without kept items.
    pub duplicate_reason_pct: Option<u64>,
}

/// The review quality of a campaign.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewQuality {
    /// The campaign.
    pub campaign: CampaignId,
    /// The number of items.
    pub items: u64,
    /// The number of items with a final decision by a reviewer.
    pub human_decided: u64,
    /// The number of items resolved by the no-response default.
    pub by_silence: u64,
    /// The metrics of each reviewer, sorted by reviewer.
    pub reviewers: Vec<ReviewerQuality>,
    /// The findings about rubber-stamping.
    pub findings: Vec<Finding>,
}

/// The data of a signed review from which metrics are computed.
#[derive(Clone, Copy)]
pub struct SignedReviewData<'a> {
    review: &'a Review,
    path: &'a str,
    digest: Digest,
}

impl<'a> SignedReviewData<'a> {
    /// Returns the data of a review that `trust` has verified.
    pub fn of(review: &'a Verified<Review>) -> Self {
        Self { review: review.value(), path: review.path(), digest: review.digest() }
    }
}

/// The inputs of the review quality of a campaign.
pub struct QualityInputs<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The worklists as published at opening.
    pub sheets: &'a [WorklistFile],
    /// Its signed reviews.
    pub reviews: Vec<SignedReviewData<'a>>,
    /// The closes of the stages closed so far, in order.
    pub closes: Vec<&'a StageClose>,
    /// The evidence, with the acceptance time of each review.
    pub history: &'a EvidenceHistory,
    /// The limits above which a review is reported.
    pub terms: ReviewTerms,
}

/// A decision of a reviewer that no other decision supersedes.
#[derive(Clone, Copy)]
struct ReviewerDecision<'a> {
    given: SignedReviewData<'a>,
    place: usize,
    item: &'a Item,
    verdict: Verdict,
}

impl ReviewerDecision<'_> {
    fn result(&self) -> ReviewResult {
        ReviewResult::of(Some(self.verdict))
    }

    fn keeps(&self) -> bool {
        self.result() == ReviewResult::Accept
    }

    /// Returns the location of the decision: `path:line`.
    fn subject(&self) -> String {
        file_checks::subject(self.given.path, self.given.review, self.place)
    }
}

/// Returns the review quality of a campaign. The result depends only on the inputs.
pub fn study(study: &QualityInputs<'_>) -> ReviewQuality {
    let made = decisions_in_force(&study.reviews);
    let mut by_reviewer: BTreeMap<&PrincipalId, Vec<ReviewerDecision<'_>>> = BTreeMap::new();
    for one in &made {
        by_reviewer.entry(&one.given.review.reviewer).or_default().push(*one);
    }
    let mut assigned: BTreeMap<&PrincipalId, u64> = BTreeMap::new();
    for sheet in study.sheets {
        *assigned.entry(&sheet.review.reviewer).or_default() += sheet.review.items.len() as u64;
    }
    let all: BTreeSet<&PrincipalId> = assigned.keys().chain(by_reviewer.keys()).copied().collect();
    let none = Vec::new();
    let reviewers = all.into_iter().map(|reviewer| {
        let own = by_reviewer.get(reviewer).unwrap_or(&none);
        measure(study, reviewer, assigned.get(reviewer).copied().unwrap_or(0), own)
    });
    let mut findings = rubber_stamping::findings(study, &by_reviewer);
    findings.sort();
    let decided: BTreeSet<&ItemId> = made.iter().filter(|one| one.verdict.is_final()).map(|one| &one.item.id).collect();
    let unanswered: BTreeSet<&ItemId> =
        study.closes.iter().flat_map(|close| &close.no_response).map(|one| &one.item).collect();
    ReviewQuality {
        campaign: study.campaign.id.clone(),
        items: study.campaign.items,
        human_decided: decided.len() as u64,
        by_silence: unanswered.difference(&decided).count() as u64,
        reviewers: reviewers.collect(),
        findings,
    }
}

/// Returns the decisions that no other decision supersedes, in the order of the files.
fn decisions_in_force<'a>(reviews: &[SignedReviewData<'a>]) -> Vec<ReviewerDecision<'a>> {
    let items = || reviews.iter().flat_map(|given| given.review.items.iter().enumerate().map(move |one| (*given, one)));
    let replaced: BTreeSet<(&ItemId, &str)> =
        items().filter_map(|(_, (_, item))| Some((&item.id, item.supersedes.as_deref()?))).collect();
    let in_force = |given: &SignedReviewData<'_>, item: &Item| {
        replaced.is_empty() || !replaced.contains(&(&item.id, reference(given.path, given.digest).as_str()))
    };
    let one = |(given, (place, item)): (SignedReviewData<'a>, (usize, &'a Item))| {
        let verdict = item.decision.filter(|_| in_force(&given, item))?;
        Some(ReviewerDecision { given, place, item, verdict })
    };
    items().filter_map(one).collect()
}

impl QualityInputs<'_> {
    /// Returns the assignment time of the items of a stage: the opening, or the close of the previous stage.
    fn assigned_at(&self, stage: u32) -> Timestamp {
        let before = stage.checked_sub(2).and_then(|index| self.closes.get(usize::try_from(index).ok()?));
        before.map_or(self.campaign.opened_at, |close| close.closed_at)
    }

    /// Returns the acceptance time of a file by the clock of the engine.
    fn accepted_at(&self, given: &SignedReviewData<'_>) -> Option<Timestamp> {
        let acceptance = self.history.accepted(given.path).filter(|one| one.digest == given.digest)?;
        Some(acceptance.at)
    }
}

/// The last words of every finding.
const INDICATOR: &str = "an indicator: git cannot show who has read what";
