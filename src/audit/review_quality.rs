//! Were the decisions more than rubber stamps? Indicators: an audit sees what was signed and when it was taken up, and cannot
//! see that anybody has read.

use super::{AuditArea, AuditContext, AuditResult};
use crate::diag::counted;

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let sum = |of: &dyn Fn(&crate::campaign::ReviewQuality) -> u64| case.qualities.iter().map(of).sum::<u64>();
    AuditResult {
        area: AuditArea::Quality,
        looked_at: format!(
            "{} decided by people, {} settled by silence",
            counted(sum(&|one| one.human_decided), "item"),
            sum(&|one| one.by_silence)
        ),
        findings: case.qualities.iter().flat_map(|one| one.findings.iter().cloned()).collect(),
    }
}
