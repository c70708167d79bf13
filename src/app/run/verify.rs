//! Runs that read targets again and compare them with decisions and inventories.

use super::outstanding::outstanding;
use crate::{
    app::{AppError, PlanContext, RepositorySession, evidence::journal_failure, open_error},
    connector::{ConnectorEnvironment, registry},
    enforce::{self, AcceptedViolations, Journal, ReadTarget, VerifyReport},
    evidence::Appender,
    forge::GithubJob,
    model::{Clock, SystemId, Timestamp, record::RunStart},
};
use std::collections::BTreeMap;

/// The parameters of a run that verifies.
pub struct VerifyRequest<'a> {
    /// Whether the systems are listed again, and not only the changed grants read.
    pub lists: bool,
    /// Whether the run is signed with a read-back key.
    pub is_readback: bool,
    /// The maximum time in seconds of the run.
    pub lease: u64,
    /// The job that runs the engine.
    pub job: &'a GithubJob<'a>,
    /// Returns an environment variable that the settings of a system name.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// Reads the targets again, compares them with decisions and inventories, and records the results.
///
/// # Errors
/// When a system has invalid settings, or the journal fails.
pub fn verify(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    request: &VerifyRequest<'_>,
    mut journal: Appender<'_>,
) -> Result<VerifyReport, AppError> {
    let readers = readers(session, assembly, request)?;
    let now = request.clock.now();
    let trust = session.trust()?;
    let start = RunStart {
        command: "verify".to_owned(),
        main: session.main.to_string(),
        plan: None,
        manifest: assembly.manifest(),
        // A run that only reads locks no system.
        systems: Vec::new(),
        root: trust.root().digest(),
        mandate: trust.mandate().digest(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        lease: request.lease,
        evidence: journal.history().size(),
        claims: request.job.claims(now),
    };
    let duties = assembly.duties();
    let accepted = accepted(session, now);
    let outstanding = outstanding(session, assembly, journal.history(), now)?;
    enforce::verify(start, &readers, Some((&duties, &accepted)), outstanding, request.clock, &mut journal)
        .map_err(journal_failure)
}

/// Opens every system for reading, with its own credential for the read-back if it has one.
fn readers<'a>(
    session: &RepositorySession,
    assembly: &'a PlanContext<'_>,
    request: &VerifyRequest<'_>,
) -> Result<BTreeMap<SystemId, ReadTarget<'a>>, AppError> {
    let base = session.settings_dir();
    let identities = assembly.identities();
    let around = ConnectorEnvironment { base: &base, variable: &request.variable, identities: &identities };
    let mut readers = BTreeMap::new();
    for (id, system) in assembly.systems.iter().chain(&assembly.changed) {
        let (collector, own_credential) =
            registry::readback_or_closed(system, &around).map_err(|error| open_error(system, error))?;
        let committed = assembly.inventories.get(id).filter(|_| request.lists).map(|loaded| &loaded.inventory);
        let own_credential = own_credential && request.is_readback;
        let remediation = system.remediation;
        readers.insert(id.clone(), ReadTarget { collector, own_credential, remediation, committed });
    }
    Ok(readers)
}

/// Returns the rule violations of grants that signed exceptions in force accept.
fn accepted(session: &RepositorySession, now: Timestamp) -> AcceptedViolations {
    let in_force = session.governed.exceptions().iter().filter(|one| one.valid_from <= now && now < one.until);
    in_force.filter_map(|one| Some((one.grant_digest, one.rule.clone()?))).collect()
}
