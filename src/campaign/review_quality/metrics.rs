//! Computes the metrics of one reviewer: counts, duplicate reasons, and the median time to a decision.

use super::{QualityInputs, ReviewerDecision, ReviewerQuality, rubber_stamping::DuplicateReasonGroups};
use crate::model::{PrincipalId, ReviewResult};
use std::collections::BTreeMap;

/// Returns the metrics of a reviewer with this number of assigned items and these decisions.
pub(super) fn measure(
    study: &QualityInputs<'_>,
    reviewer: &PrincipalId,
    assigned: u64,
    made: &[ReviewerDecision<'_>],
) -> ReviewerQuality {
    let count = |which: &dyn Fn(&ReviewerDecision<'_>) -> bool| made.iter().filter(|one| which(one)).count() as u64;
    let mut batches: BTreeMap<&str, u64> = BTreeMap::new();
    for one in made {
        *batches.entry(one.given.path).or_default() += 1;
    }
    let removes = |one: &ReviewerDecision<'_>| matches!(one.result(), ReviewResult::Reduce | ReviewResult::Revoke);
    ReviewerQuality {
        reviewer: reviewer.clone(),
        items: assigned,
        decided: count(&|one| one.verdict.is_final()),
        flagged: count(&|one| one.verdict.is_final() && one.item.is_flagged()),
        keeps_flagged: count(&|one| one.item.is_flagged() && one.item.is_kept()),
        revokes: count(&removes),
        batch_max: batches.values().copied().max().unwrap_or(0),
        assign_to_sign_median_h: median_hours(study, made),
        duplicate_reason_pct: DuplicateReasonGroups::of(made, &study.terms).percent(),
    }
}

/// Returns the median time from assignment to acceptance in hours, with one decimal place.
fn median_hours(study: &QualityInputs<'_>, made: &[ReviewerDecision<'_>]) -> Option<f64> {
    let minutes = |one: &ReviewerDecision<'_>| {
        let accepted = study.accepted_at(&one.given)?;
        Some((accepted.unix() - study.assigned_at(one.given.review.stage()).unix()).max(0) / 360)
    };
    let mut tenths: Vec<i64> = made.iter().filter_map(minutes).collect();
    tenths.sort_unstable();
    let median = *tenths.get(tenths.len() / 2)?;
    Some(median as f64 / 10.0)
}
