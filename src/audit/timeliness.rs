//! Checks the time from the record of a decision to the record of its confirmation, by the engine's clock alone, and
//! the end dates of exceptions.

use super::{AuditArea, AuditContext, AuditResult};
use crate::{
    campaign::{ExceptionContext, Resolution, exception_findings, exceptions},
    diag::counted,
    model::{ActionId, Finding, RepoId, Severity, file::Exception},
};

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let mut findings = Vec::new();
    let mut measured = 0;
    let Some(trust) = case.governed.trust() else {
        return AuditResult { area: AuditArea::Timeliness, looked_at: "nothing".to_owned(), findings };
    };
    for resolution in case.resolutions.iter().filter(|resolution| resolution.verdict.changes_target()) {
        let id = ActionId::of(trust.repo(), &resolution.item, &resolution.grant, resolution.verdict.as_str());
        let Some(action) = case.history.action(&id) else { continue };
        measured += 1;
        let allowed = resolution.tier.removal_days();
        let (until, done) = match action.verified_at.filter(|_| action.is_done()) {
            Some((_, at)) => (at, true),
            None => (case.now, false),
        };
        let took = until.days_since(action.first_intended_at);
        if took > allowed {
            let words = if done { "took" } else { "has taken" };
            findings.push(Finding {
                severity: if done { Severity::Medium } else { Severity::High },
                code: "removal-overdue",
                subject: format!("{} {}", resolution.system, resolution.item),
                message: format!("it {words} {took} days; the limit of tier {} is {allowed}", resolution.tier),
                help: "find the cause of the delay; `tenure campaign status` shows the state".to_owned(),
            });
        }
    }
    let all = exceptions(&ExceptionContext {
        exceptions: case.governed.exceptions(),
        proofs: case.governed.proofs(),
        mandate: trust.mandate().file(),
        present: &|exception| is_gone(exception, trust.repo(), case).then_some(false),
        unanswered: &|item| case.governed.unanswered(item).map(|close| close.path().to_owned()),
        now: case.now,
    });
    findings.extend(exception_findings(&all, case.now));
    AuditResult {
        area: AuditArea::Timeliness,
        looked_at: format!("{} begun, {}", counted(measured, "change"), counted(all.len(), "exception")),
        findings,
    }
}

/// Returns whether a read of the target confirmed that the excepted access has been removed since.
fn is_gone(exception: &Exception, repo: &RepoId, case: &AuditContext<'_>) -> bool {
    let same = |one: &&Resolution| one.subject == exception.subject && one.grant == exception.grant_digest;
    case.resolutions.iter().filter(same).any(|one| {
        let id = ActionId::of(repo, &one.item, &one.grant, one.verdict.as_str());
        case.history.action(&id).is_some_and(|action| action.is_confirmed())
    })
}
