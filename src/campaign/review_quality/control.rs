//! What reviewers made of seeded control items, once it is told which they were.

use super::{EffectiveDecision, QualityInputs, ReviewerQuality};
use crate::model::{Finding, ItemId, Severity};
use std::collections::BTreeSet;

/// Adds to the numbers of a reviewer how many items were seeded among theirs, and how many of them they kept.
pub(super) fn measured(
    numbers: ReviewerQuality,
    study: &QualityInputs<'_>,
    told: &BTreeSet<&ItemId>,
    made: &[EffectiveDecision<'_>],
) -> ReviewerQuality {
    if told.is_empty() {
        return numbers;
    }
    let own = study.sheets.iter().filter(|sheet| sheet.review.reviewer == numbers.reviewer);
    let put = own.flat_map(|sheet| &sheet.review.items).filter(|item| told.contains(&item.id)).count() as u64;
    let kept = made.iter().filter(|one| one.given.review.reviewer == numbers.reviewer && one.keeps()).count() as u64;
    ReviewerQuality { seeded_n: Some(put), seeded_missed: Some(kept), ..numbers }
}

/// A control item that was kept: what else its reviewer keeps is put to somebody else.
pub(super) fn kept(one: &EffectiveDecision<'_>) -> Option<Finding> {
    let review = one.given.review;
    one.keeps().then(|| Finding {
        severity: Severity::High,
        code: "seeded-item-kept",
        subject: one.subject(),
        message: format!(
            "`{}` gave `{}` on {}, a control item that nobody has: `{}` of `{}`; what else they keep is in doubt",
            review.reviewer, one.verdict, one.item.id, one.item.entitlement, one.item.principal
        ),
        help: format!(
            "all that `{}` keeps in this campaign is put to somebody else before it closes: `tenure campaign look {}`",
            review.reviewer, review.campaign
        ),
    })
}
