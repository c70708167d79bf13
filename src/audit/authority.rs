//! Had those who decided the right to? Every intent rests on a valid decision, and every valid decision was taken up.

use super::{AuditArea, AuditContext, AuditResult, approvals, integrity::finding};
use crate::{
    diag::counted,
    model::{ActionId, Digest, Finding, ItemId, REMOVE_AFTER_SOAK, Severity, Verdict, file::NoResponseOutcome},
    trust::{OpenCampaign, PublishedItem, SignatureStatus, Verified, signature_status},
};
use std::collections::BTreeSet;

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let mut findings = Vec::new();
    let decided = decided(case);
    for (id, action) in case.history.actions() {
        if !decided.contains(id) {
            findings.push(finding(
                "intent-without-decision",
                format!("record {}", action.intent),
                format!("{id} changes {} on {}, and no valid decision asks for it", action.grant, action.system),
            ));
        }
    }
    let mut waiting = 0;
    for review in case.governed.reviews() {
        suspect(case, review, &mut findings);
        if case.history.accepted(review.path()).is_none() {
            waiting += 1;
            findings.push(Finding {
                severity: Severity::Medium,
                code: "decision-not-taken-up",
                subject: review.path().to_owned(),
                message: "it is valid on main, and no run has taken it up".to_owned(),
                help: "tenure enforce".to_owned(),
            });
        }
    }
    for close in case.governed.openings().values().flat_map(OpenCampaign::closes) {
        suspect(case, close, &mut findings);
        if case.history.accepted(close.path()).is_none() {
            findings.push(Finding {
                severity: Severity::Medium,
                code: "stage-close-not-taken-up",
                subject: close.path().to_owned(),
                message: "it is valid on main, and no run has taken it up".to_owned(),
                help: "tenure enforce".to_owned(),
            });
        }
    }
    let merges = approvals::check(case, &mut findings);
    let looked_at = format!(
        "{} ({waiting} not taken up yet), {}{}",
        counted(case.governed.reviews().len(), "signed review"),
        counted(case.history.actions().count(), "intent"),
        if merges == 0 { String::new() } else { format!(", {} as the forge told of them", counted(merges, "merge")) }
    );
    AuditResult { area: AuditArea::Authority, looked_at, findings }
}

/// A key was revoked, and what it signed may be somebody else's word.
fn suspect<T>(case: &AuditContext<'_>, review: &Verified<T>, findings: &mut Vec<Finding>) {
    let Some(trust) = case.governed.trust() else { return };
    let accepted = case.history.accepted(review.path()).map(|acceptance| acceptance.seq);
    let worth = signature_status(review, accepted, trust.registry());
    if matches!(worth, SignatureStatus::Suspect | SignatureStatus::Invalid) {
        findings.push(Finding {
            severity: Severity::High,
            code: "suspect-decision",
            subject: review.path().to_owned(),
            message: format!("a signature under it is {worth} by the registry of today"),
            help: "have its items certified again, in a file that names this one in `supersedes`".to_owned(),
        });
    }
}

/// Every action that any valid decision, in force or replaced since, or the silence at the close of a stage has ever asked
/// for.
fn decided(case: &AuditContext<'_>) -> BTreeSet<ActionId> {
    let Some(trust) = case.governed.trust() else { return BTreeSet::new() };
    let actions = |item: &ItemId, grant: &Digest, verdict: Verdict| -> Vec<ActionId> {
        let mut verbs = vec![verdict.as_str()];
        verbs.extend((verdict == Verdict::Disable).then_some(REMOVE_AFTER_SOAK));
        verbs.iter().map(|verb| ActionId::of(trust.repo(), item, grant, verb)).collect()
    };
    let mut decided = BTreeSet::new();
    for item in case.governed.reviews().iter().flat_map(|review| &review.items) {
        if let Some(verdict) = item.decision.filter(|verdict| verdict.changes_target()) {
            decided.extend(actions(&item.id, &item.grant, verdict));
        }
    }
    for opening in case.governed.openings().values() {
        let silent = opening.closes().iter().flat_map(|close| &close.silent);
        for silent in silent.filter(|silent| silent.then == NoResponseOutcome::Disable) {
            let grant = opening.put(&silent.item).map(PublishedItem::grant);
            decided.extend(grant.iter().flat_map(|grant| actions(&silent.item, grant, Verdict::Disable)));
        }
    }
    decided
}
