//! Audits: reads the evidence, recomputes plans and populations, and compares them with the records.

mod evidence_index;
mod evidence_timeline;
mod external_state;
mod recomputation;

pub use external_state::ExternalState;

use super::{
    AppError, PlanContext, ReappearedAccess, RepositorySession, UntimelyFile,
    evidence::{read_with, readback_keys},
    in_force, quality_of, reappeared, resolutions, system_changes,
};
use crate::{
    audit::{AuditArea, AuditContext, AuditResult, audit},
    evidence::EvidenceDefect,
    model::{Finding, Severity, Timestamp, history::EvidenceHistory},
    trust::OpenCampaign,
};
use evidence_index::EvidenceIndex;
use external_state::EvidenceState;
use recomputation::Recomputation;

/// Returns the results of all areas of an audit; of one area if the pin leads to no trust state.
///
/// # Errors
/// When the repository or its evidence cannot be read.
pub fn examine(
    session: &RepositorySession,
    external: &ExternalState,
    now: Timestamp,
) -> Result<Vec<AuditResult>, AppError> {
    if session.governed.trust().is_none() {
        return Ok(vec![unfounded(session)]);
    }
    let mut index = EvidenceIndex::new(readback_keys(session)?);
    let (ledger, history, defects) = read_with(session, &mut |seen, history| index.observe(seen, history))?;
    let read = EvidenceState { ledger: &ledger, newest: index.newest };
    let repeat = Recomputation::compute(session, &history, &index.timeline)?;
    let mut defects: Vec<Finding> = defects.iter().map(finding_of).collect();
    defects.extend(index.unearned);
    defects.extend(external.findings(&read, session, now)?);
    let (in_force, untimely) = in_force(&session.governed, &history, now);
    let untimely: Vec<Finding> = untimely.iter().map(UntimelyFile::finding).collect();
    let changed = system_changes(&session.repository, &session.governed, &history)?;
    let changed: Vec<Finding> = changed.iter().map(|change| change.finding(&history)).collect();
    let resolutions = resolutions(&in_force, now);
    let reappeared = reappeared_now(session, &history, now).unwrap_or_else(|error| vec![not_compared(&error)]);
    let campaigns = session.governed.openings().values().map(OpenCampaign::campaign);
    let qualities: Vec<_> =
        campaigns.map(|campaign| quality_of(campaign, session, &history)).collect::<Result<_, _>>()?;
    Ok(audit(&AuditContext {
        governed: &session.governed,
        history: &history,
        defects: &defects,
        resolutions: &resolutions,
        untimely: &untimely,
        system_changes: &changed,
        reappeared: &reappeared,
        qualities: &qualities,
        now,
        repeat: &repeat,
    }))
}

/// Returns the findings about access that the inventories of main show, although a read confirmed its removal before.
fn reappeared_now(
    session: &RepositorySession,
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<Vec<Finding>, AppError> {
    let view = session.view("the audit");
    let assembly = PlanContext::load(&view, &session.settings_dir(), &[])?;
    let plan = assembly.plan(&session.governed, history, now)?;
    Ok(reappeared(&plan, &assembly, history).iter().map(ReappearedAccess::finding).collect())
}

/// Returns the finding that the inventories of main cannot be compared with what was confirmed.
fn not_compared(error: &AppError) -> Finding {
    Finding {
        severity: Severity::High,
        code: "inventory-not-compared",
        subject: "inventory".to_owned(),
        message: format!("the inventories of main cannot be compared with the confirmed changes: {}", error.messages()),
        help: "correct the file: tenure check".to_owned(),
    }
}

/// Returns the result for a pin that leads to no root, registry and mandate. Without these, no other file can be
/// verified.
fn unfounded(session: &RepositorySession) -> AuditResult {
    let mut findings = session.governed.findings();
    if let Some(pin) = findings.iter().find(|finding| finding.code == "root-pin-mismatch").cloned() {
        // With another root than the pinned one, all other findings are consequences.
        return AuditResult {
            area: AuditArea::Integrity,
            looked_at: "the whole history of main".to_owned(),
            findings: vec![pin],
        };
    }
    findings.push(Finding {
        severity: Severity::Critical,
        code: "trust-not-established",
        subject: "trust".to_owned(),
        message: format!("the pin {} leads to no root, registry and mandate", session.pin),
        help: "compare the pin with the one `tenure init` printed; if it is right, trust nothing here".to_owned(),
    });
    findings.sort();
    AuditResult { area: AuditArea::Integrity, looked_at: "the whole history of main".to_owned(), findings }
}

fn finding_of(defect: &EvidenceDefect) -> Finding {
    Finding {
        severity: Severity::Critical,
        code: defect.code.as_str(),
        subject: defect.place.clone(),
        message: defect.message.clone(),
        help: "compare with an earlier clone, and find out who had push access".to_owned(),
    }
}
