//! Checks reviews for signs of rubber-stamping. These are indicators: an audit knows the signed decisions and the time
//! of their records, but not whether a reviewer has read the items.

use super::{AuditArea, AuditContext, AuditResult};
use crate::diag::counted;

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let sum = |of: &dyn Fn(&crate::campaign::ReviewQuality) -> u64| case.qualities.iter().map(of).sum::<u64>();
    AuditResult {
        area: AuditArea::Quality,
        looked_at: format!(
            "{} decided by reviewers, {} settled by no response",
            counted(sum(&|one| one.human_decided), "item"),
            sum(&|one| one.by_silence)
        ),
        findings: case.qualities.iter().flat_map(|one| one.findings.iter().cloned()).collect(),
    }
}
