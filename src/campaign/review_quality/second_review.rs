//! What those came to who looked at a sample once more, without knowing what was decided.

use super::{QualityInputs, ReviewerDecision, ReviewerQuality, rubber_stamping::INDICATOR};
use crate::model::{Finding, ItemId, PrincipalId, Severity, Stance};
use std::collections::BTreeMap;

/// The first word of each second look, whatever was made of it later.
pub(super) struct SecondReviews<'a>(BTreeMap<&'a ItemId, Stance>);

/// Returns the second looks. Reviews are in the order in which main took them up, and a third word comes after the second.
pub(super) fn looks<'a>(study: &QualityInputs<'a>) -> SecondReviews<'a> {
    let last = study.campaign.definition.stage_count();
    let mut looks = BTreeMap::new();
    for given in study.reviews.iter().filter(|given| given.review.stage() > last) {
        for item in given.review.items.iter().filter(|item| item.decision.is_some()) {
            looks.entry(&item.id).or_insert(Stance::of(item.decision));
        }
    }
    SecondReviews(looks)
}

impl SecondReviews<'_> {
    fn of(&self, made: &[ReviewerDecision<'_>]) -> (u64, u64) {
        let both = made.iter().filter_map(|one| Some((one.stance(), *self.0.get(&one.item.id)?)));
        let (mut all, mut differ) = (0, 0);
        for (first, second) in both {
            all += 1;
            differ += u64::from(first != second);
        }
        (all, differ)
    }

    /// Adds to the numbers of a reviewer how many of their decisions somebody else made once more, and how many otherwise.
    pub(super) fn measured(&self, numbers: ReviewerQuality, own: &[ReviewerDecision<'_>]) -> ReviewerQuality {
        if self.0.is_empty() {
            return numbers;
        }
        let (all, differ) = self.of(own);
        ReviewerQuality { second_look_n: Some(all), second_look_disagree: Some(differ), ..numbers }
    }

    /// Returns the finding that too many second looks came to something else.
    pub(super) fn finding(
        &self,
        study: &QualityInputs<'_>,
        by_reviewer: &BTreeMap<&PrincipalId, Vec<ReviewerDecision<'_>>>,
    ) -> Option<Finding> {
        let (all, differ) = by_reviewer.values().map(|made| self.of(made)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let most = study.terms.disagree_percent;
        if all < FEWEST || 100 * differ <= u64::from(most) * all {
            return None;
        }
        Some(Finding {
            severity: Severity::Medium,
            code: "second-look-disagreement",
            subject: format!("campaigns/{}/campaign.toml", study.campaign.id),
            message: format!(
                "{differ} of {all} second looks came to something else, and {most} % are allowed; {INDICATOR}"
            ),
            help: format!(
                "see by whom: `tenure campaign quality {}`; put what they keep to somebody else",
                study.campaign.id
            ),
        })
    }
}

/// Fewer second looks than this say nothing about a rate.
const FEWEST: u64 = 5;
