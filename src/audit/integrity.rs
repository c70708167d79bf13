//! Checks the evidence: chain, segments, checkpoint and commits; consistency with the main branch; and recomputed
//! plans.

use super::{AuditArea, AuditContext, AuditResult};
use crate::{
    diag::counted,
    git::ObjectId,
    model::{Digest, Finding, Severity, history::RunHistory},
};
use std::collections::BTreeMap;

pub(super) fn check(case: &AuditContext<'_>) -> AuditResult {
    let mut findings = case.defects.to_vec();
    findings.extend(case.governed.rejections().iter().filter(|found| found.standing).map(|found| found.finding()));
    acceptances(case, &mut findings);
    let runs = runs(case, &mut findings);
    ends(case, &mut findings);
    for (seq, action) in case.history.orphaned_outcomes() {
        findings.push(finding(
            "outcome-without-intent",
            format!("record {seq}"),
            format!("an outcome of {action} has no open intent"),
        ));
    }
    let looked_at = format!(
        "{}, {} recorded, {} recomputed",
        counted(case.history.size(), "record"),
        counted(case.history.acceptances().count(), "review file"),
        counted(runs, "plan")
    );
    AuditResult { area: AuditArea::Integrity, looked_at, findings }
}

/// Checks that every recorded file still exists, unchanged, with its signatures.
fn acceptances(case: &AuditContext<'_>, findings: &mut Vec<Finding>) {
    let mut now: BTreeMap<&str, (Digest, &BTreeMap<String, Digest>)> =
        case.governed.reviews().iter().map(|r| (r.path(), (r.digest(), r.signatures()))).collect();
    let closes = case.governed.openings().values().flat_map(|opening| opening.closes());
    now.extend(closes.map(|close| (close.path(), (close.digest(), close.signatures()))));
    for (path, acceptance) in case.history.acceptances() {
        match now.get(path) {
            None => findings.push(finding(
                "acceptance-missing",
                path.to_owned(),
                format!("it is in record {}, but not on main, or no longer valid there", acceptance.seq),
            )),
            Some((digest, _)) if *digest != acceptance.digest => findings.push(finding(
                "acceptance-changed",
                path.to_owned(),
                format!("it has the digest {} in record {}, but {digest} on main", acceptance.seq, acceptance.digest),
            )),
            Some((_, signatures)) => {
                for (signature, digest) in &acceptance.signatures {
                    if signatures.get(signature) != Some(digest) {
                        let message = format!("it is in record {}, but different or missing on main", acceptance.seq);
                        findings.push(finding("acceptance-changed", signature.clone(), message));
                    }
                }
            }
        }
    }
}

/// Checks that the commit of every run is on main, after that of the previous run, and that its plan can be recomputed.
fn runs(case: &AuditContext<'_>, findings: &mut Vec<Finding>) -> usize {
    let mut again = 0;
    for (id, run) in case.history.runs() {
        let subject = format!("run {id}");
        match ObjectId::parse(&run.start.main) {
            Ok(commit) => {
                findings.extend(
                    case.governed
                        .check_not_rolled_back(commit)
                        .map(|found| Finding { subject: subject.clone(), ..found }),
                );
                if !case.governed.is_on_main(commit) {
                    continue;
                }
            }
            Err(_) => {
                findings.push(finding("record-malformed", subject, "its start names no commit".to_owned()));
                continue;
            }
        }
        premises(case, &subject, run, findings);
        if let Some(recorded) = run.start.plan {
            again += 1;
            match case.repeat.plan(run) {
                Ok(plan) if plan == recorded => {}
                Ok(plan) => findings.push(finding(
                    "plan-mismatch",
                    subject,
                    format!("it recorded plan {recorded}, but its inputs result in {plan}"),
                )),
                Err(why) => findings.push(finding(
                    "plan-not-repeatable",
                    subject,
                    format!("its plan cannot be recomputed: {why}"),
                )),
            }
        }
    }
    again
}

/// Checks that every run has an end record. A run that was killed is followed by a run over the same systems, which
/// recovers it. If no such run follows after its lease, the log may have been truncated.
fn ends(case: &AuditContext<'_>, findings: &mut Vec<Finding>) {
    let follows = |later: &RunHistory, run: &RunHistory| {
        let (ours, theirs) = (&run.start.systems, &later.start.systems);
        later.seq > run.seq && (ours.is_empty() || ours.iter().any(|system| theirs.contains(system)))
    };
    for (id, run) in case.history.runs().filter(|(_, run)| run.end.is_none()) {
        let until = run.started_at.unix().saturating_add(i64::try_from(run.start.lease).unwrap_or(i64::MAX));
        if case.now.unix() <= until || case.history.runs().any(|(_, later)| follows(later, run)) {
            continue;
        }
        findings.push(Finding {
            severity: Severity::High,
            code: "run-not-ended",
            subject: format!("run {id}"),
            message: format!("it started in record {} and its lease has expired, but it has no end record", run.seq),
            help: "run `tenure enforce` to recover it; if it was not killed, the log has been truncated".to_owned(),
        });
    }
}

fn premises(case: &AuditContext<'_>, subject: &str, run: &RunHistory, findings: &mut Vec<Finding>) {
    match case.repeat.manifest(&run.start.main) {
        Ok(manifest) if manifest == run.start.manifest => {}
        Ok(manifest) => findings.push(finding(
            "manifest-mismatch",
            subject.to_owned(),
            format!("it recorded the governed files {}, but its commit has {manifest}", run.start.manifest),
        )),
        Err(why) => {
            let message = format!("its governed files cannot be read: {why}");
            findings.push(finding("manifest-mismatch", subject.to_owned(), message));
        }
    }
}

pub(super) fn finding(code: &'static str, subject: String, message: String) -> Finding {
    let help = "compare with an earlier clone, and find out who had push access".to_owned();
    Finding { severity: Severity::Critical, code, subject, message, help }
}
