//! Checks that decisions are enforced and confirmed, and reports unknown results and removed access that reappeared.

use super::{AuditArea, AuditContext, AuditResult};
use crate::{
    diag::counted,
    model::{
        ActionId, Finding, Severity, Tier, VerificationLevel,
        history::ActionHistory,
        record::{OutcomeKind, VerificationKind},
    },
};

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let mut findings = Vec::new();
    let mut decided = 0;
    let mut confirmed = 0;
    if let Some(trust) = case.governed.trust() {
        for resolution in case.resolutions.iter().filter(|resolution| resolution.verdict.changes_target()) {
            decided += 1;
            let id = ActionId::of(trust.repo(), &resolution.item, &resolution.grant, resolution.verdict.as_str());
            let subject = format!("{} {}", resolution.system, resolution.item);
            match case.history.action(&id) {
                None => findings.push(Finding {
                    severity: Severity::High,
                    code: "decision-not-enforced",
                    subject,
                    message: format!("`{}` was decided, but no intent was recorded", resolution.verdict),
                    help: "tenure enforce".to_owned(),
                }),
                Some(action) if action.is_done() => {
                    confirmed += 1;
                    level(action, resolution.tier, subject, &mut findings);
                }
                Some(action) => findings.push(unconfirmed(action, subject)),
            }
        }
    }
    for (id, action) in case.history.dangling() {
        findings.push(Finding {
            severity: Severity::High,
            code: "intent-without-outcome",
            subject: format!("record {}", action.intent),
            message: format!("run {} recorded the intent of {id}, but no outcome", action.run),
            help: "run `tenure enforce`, which reads the target first; if it finds no run, the log may have been truncated".to_owned(),
        });
    }
    for (seq, seen) in case.history.out_of_band() {
        findings.push(Finding {
            severity: Severity::High,
            code: "out-of-band-change",
            subject: seen.subject.clone(),
            message: format!("record {seq}, {}: {}", seen.code, seen.text),
            help: "find the author of the change; collect the system, review the change or undo it, then run `tenure verify`".to_owned(),
        });
    }
    for (seq, seen) in case.history.disagreements() {
        findings.push(Finding {
            severity: Severity::High,
            code: "model-disagrees",
            subject: seen.subject.clone(),
            message: format!("record {seq}: {}", seen.text),
            help: "find the path on the target and remove it, then run `tenure verify`; report the path that Tenure did not find".to_owned(),
        });
    }
    for (seq, seen) in case.history.sod_violations().filter(|(_, seen)| seen.code == HELD_PAIR) {
        findings.push(Finding {
            severity: Severity::High,
            code: HELD_PAIR,
            subject: seen.subject.clone(),
            message: format!("record {seq}: {}", seen.text),
            help: "revoke one side, or accept the combination by an exception; then run `tenure verify`".to_owned(),
        });
    }
    findings.extend(case.reappeared.iter().cloned());
    let looked_at = format!("{}, {confirmed} confirmed", counted(decided, "decided change"));
    AuditResult { area: AuditArea::Enforcement, looked_at, findings }
}

/// Tiers T0 and T1 need a read by another run with a separate credential.
fn level(action: &ActionHistory, tier: Tier, subject: String, findings: &mut Vec<Finding>) {
    let needed = if matches!(tier, Tier::T0 | Tier::T1) { VerificationLevel::V4 } else { VerificationLevel::V3 };
    if let Some(reached) = action.confirmed.filter(|reached| *reached < needed) {
        findings.push(Finding {
            severity: Severity::Medium,
            code: "verification-level-too-low",
            subject,
            message: format!("confirmed at {reached}; tier {tier} needs {needed}"),
            help: "run `tenure verify` with a separate credential".to_owned(),
        });
    }
}

fn unconfirmed(action: &ActionHistory, subject: String) -> Finding {
    let said = action.verification.as_ref();
    let paths = said.map(|said| said.paths.join("; ")).filter(|paths| !paths.is_empty());
    let paths = paths.map_or_else(String::new, |paths| format!(": {paths}"));
    let (severity, code, message) = match (said.map(|said| said.result), action.outcome.as_ref().map(|o| o.result)) {
        (Some(VerificationKind::StillPresent), _) if action.regressed => (
            Severity::Critical,
            "access-reappeared",
            format!("its removal was confirmed, but the access exists again{paths}"),
        ),
        (_, Some(OutcomeKind::Failed)) => {
            let why = action.outcome.as_ref().map_or("", |outcome| outcome.text.as_str());
            (Severity::High, "action-failed", format!("the target refused or could not be reached: {why}"))
        }
        (_, Some(OutcomeKind::Drifted)) => {
            (Severity::High, "grant-drifted", "the grant differs from the reviewed one, and was not changed".to_owned())
        }
        (Some(VerificationKind::Pending | VerificationKind::StillPresent), Some(OutcomeKind::Manual)) => {
            (Severity::High, "work-order-open", format!("the manual change has not been made{paths}"))
        }
        (Some(VerificationKind::StillPresent), _) => {
            (Severity::High, "access-still-present", format!("the access still exists{paths}"))
        }
        (Some(VerificationKind::Lingering), _) => (
            Severity::Medium,
            "access-lingering",
            format!("the right is removed, but an object opened under it remains{paths}"),
        ),
        _ => (Severity::High, "outcome-unknown", "the result is unknown: the target could not be read".to_owned()),
    };
    let help =
        "run `tenure campaign status` for details; decide on the remaining access path, then run `tenure enforce`"
            .to_owned();
    Finding { severity, code, subject, message, help }
}

/// The code of a record about a separation-of-duties violation without an exception.
const HELD_PAIR: &str = "sod-violation-remains";
