//! Had those who decided the right to? Every intent rests on a valid decision, and every valid decision was taken up.

use super::{Answer, Area, Case, integrity::finding};
use crate::{
    model::{ActionId, Finding, REMOVE_AFTER_SOAK, Severity, Verdict, file::Review},
    trust::{Standing, Verified, standing},
};
use std::collections::BTreeSet;

pub(super) fn check(case: &Case<'_>) -> Answer {
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
    let looked_at = format!(
        "{} signed reviews ({waiting} not taken up yet), {} intents",
        case.governed.reviews().len(),
        case.history.actions().count()
    );
    Answer { area: Area::Authority, looked_at, findings }
}

/// A key was revoked, and what it signed may be somebody else's word.
fn suspect(case: &Case<'_>, review: &Verified<Review>, findings: &mut Vec<Finding>) {
    let Some(trust) = case.governed.trust() else { return };
    let accepted = case.history.accepted(review.path()).map(|acceptance| acceptance.seq);
    let worth = standing(review, accepted, trust.registry());
    if matches!(worth, Standing::Suspect | Standing::Invalid) {
        findings.push(Finding {
            severity: Severity::High,
            code: "suspect-decision",
            subject: review.path().to_owned(),
            message: format!("a signature under it is {worth} by the registry of today"),
            help: "have its items certified again, in a file that names this one in `supersedes`".to_owned(),
        });
    }
}

/// Every action that any valid decision, in force or replaced since, has ever asked for.
fn decided(case: &Case<'_>) -> BTreeSet<ActionId> {
    let Some(trust) = case.governed.trust() else { return BTreeSet::new() };
    let asked = |review: &Review| -> Vec<ActionId> {
        let mut actions = Vec::new();
        for item in &review.items {
            let Some(verdict) = item.decision.filter(|verdict| verdict.changes_target()) else { continue };
            let mut verbs = vec![verdict.as_str()];
            verbs.extend((verdict == Verdict::Disable).then_some(REMOVE_AFTER_SOAK));
            actions.extend(verbs.iter().map(|verb| ActionId::of(trust.repo(), &item.id, &item.grant, verb)));
        }
        actions
    };
    case.governed.reviews().iter().flat_map(|review| asked(review.value())).collect()
}
