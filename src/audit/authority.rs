//! Checks that every intent is based on a valid decision, and that every valid decision is recorded; reports signatures
//! by keys that were revoked since.

use super::{AuditArea, AuditContext, AuditResult, approvals, integrity::finding};
use crate::{
    diag::counted,
    model::{
        ActionId, Digest, Finding, ItemId, REMOVE_AFTER_SOAK, Severity, Verdict,
        file::{KeyState, System},
    },
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
                format!("{id} changes {} on {} without a valid decision", action.grant, action.system),
            ));
        }
    }
    findings.extend(case.untimely.iter().cloned());
    let is_untimely = |path: &str| case.untimely.iter().any(|finding| finding.subject == path);
    let mut waiting = 0;
    for review in case.governed.reviews() {
        suspect(case, review, &mut findings);
        if case.history.accepted(review.path()).is_none() && !is_untimely(review.path()) {
            waiting += 1;
            findings.push(Finding {
                severity: Severity::Medium,
                code: "decision-not-recorded",
                subject: review.path().to_owned(),
                message: "it is valid on main, but no run has recorded it".to_owned(),
                help: "tenure enforce".to_owned(),
            });
        }
    }
    for close in case.governed.openings().values().flat_map(OpenCampaign::closes) {
        suspect(case, close, &mut findings);
        if case.history.accepted(close.path()).is_none() && !is_untimely(close.path()) {
            findings.push(Finding {
                severity: Severity::Medium,
                code: "stage-close-not-recorded",
                subject: close.path().to_owned(),
                message: "it is valid on main, but no run has recorded it".to_owned(),
                help: "tenure enforce".to_owned(),
            });
        }
    }
    findings.extend(single_signers(case));
    findings.extend_from_slice(case.system_changes);
    let merges = approvals::check(case, &mut findings);
    let looked_at = format!(
        "{} ({waiting} not recorded yet), {}{}",
        counted(case.governed.reviews().len(), "signed review"),
        counted(case.history.actions().count(), "intent"),
        if merges == 0 { String::new() } else { format!(", {} by the Git host's reports", counted(merges, "merge")) }
    );
    AuditResult { area: AuditArea::Authority, looked_at, findings }
}

/// In a repository of one person, one signature is enough for a version of a system.
fn single_signers(case: &AuditContext<'_>) -> Vec<Finding> {
    let Some(trust) = case.governed.trust() else { return Vec::new() };
    let mut active: Vec<_> =
        trust.registry().keys().filter(|(.., state)| *state == KeyState::Active).map(|(_, holder, _)| holder).collect();
    active.dedup();
    let in_force = case.governed.systems().values().filter_map(|versions| versions.last());
    let single = in_force.filter(|version| active.len() < 2 && version.signers().len() < 2);
    let found = |version: &Verified<System>| Finding {
        severity: Severity::Low,
        code: "single-signer",
        subject: version.path().to_owned(),
        message: "one person signed it, and the repository has no second person".to_owned(),
        help: "add a second person to the next trust/registry/N.toml".to_owned(),
    };
    single.map(found).collect()
}

/// A key was revoked, so its signatures may be forged.
fn suspect<T>(case: &AuditContext<'_>, review: &Verified<T>, findings: &mut Vec<Finding>) {
    let Some(trust) = case.governed.trust() else { return };
    let accepted = case.history.accepted(review.path()).map(|acceptance| acceptance.seq);
    let worth = signature_status(review, accepted, trust.registry());
    if matches!(worth, SignatureStatus::Suspect | SignatureStatus::Invalid) {
        findings.push(Finding {
            severity: Severity::High,
            code: "decision-suspect",
            subject: review.path().to_owned(),
            message: format!("one of its signatures is {worth} by the current registry"),
            help: "have its items reviewed again, in a file that names this one in `supersedes`".to_owned(),
        });
    }
}

/// Returns every action that a valid decision or the no-response handling of a closed stage has ever required,
/// including replaced decisions.
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
            decided.extend(actions(&item.id, &item.grant_digest, verdict));
        }
    }
    for opening in case.governed.openings().values() {
        let silent = opening.closes().iter().flat_map(|close| &close.no_response);
        for (silent, verdict) in silent.filter_map(|silent| Some((silent, silent.outcome.removal()?))) {
            let grant = opening.put(&silent.item).map(PublishedItem::grant);
            decided.extend(grant.iter().flat_map(|grant| actions(&silent.item, grant, verdict)));
        }
    }
    decided
}
