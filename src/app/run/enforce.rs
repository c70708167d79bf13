//! Runs that enforce a plan: the clearance of the plan, the start record, and the targets.

use crate::{
    app::{AppError, FailureKind, PlanContext, RepositorySession, evidence::run_failure, open_error, pending_records},
    connector::{ConnectorEnvironment, OpenError, registry, sink},
    diag::Diagnostic,
    enforce::{self, Journal, ProvisioningTarget, RunObserver, RunRequest, RunSummary},
    evidence::Appender,
    forge::GithubJob,
    git::ObjectId,
    model::{
        SystemId, Timestamp,
        file::{Remediation, System},
        history::EvidenceHistory,
        record::RunStart,
    },
    plan::{Cleared, GuardrailsExceeded, Plan},
};
use std::collections::BTreeMap;

/// The parameters of a run that enforces a plan.
pub struct EnforceRequest<'a> {
    /// The plan, within the guardrails.
    pub plan: Plan<Cleared>,
    /// The maximum time in seconds for which the run locks its systems.
    pub lease: u64,
    /// The job that runs the engine.
    pub job: &'a GithubJob<'a>,
    /// Returns an environment variable that the settings of a system name.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The observer of the progress.
    pub observer: &'a dyn RunObserver,
    /// The time of the start.
    pub now: Timestamp,
}

/// Computes the plan and checks it against the guardrails; returns the exceeded guardrails otherwise.
///
/// # Errors
/// When there is no trust state, or the plan cannot be computed.
pub fn cleared_plan(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    history: &EvidenceHistory,
    now: Timestamp,
) -> Result<Result<Plan<Cleared>, Box<GuardrailsExceeded>>, AppError> {
    session.trust()?;
    let draft = assembly.plan(&session.governed, history, now)?;
    let limits = assembly.limits(&session.governed, history, now);
    limits.map(|limits| draft.clear(&limits)).ok_or_else(|| {
        Diagnostic::error("trust-not-established", "there is no mandate in force").help("tenure check").into()
    })
}

/// Verifies that main contains the main commit of the last run, so that decisions cannot be rolled back.
///
/// # Errors
/// A finding, if it does not.
pub fn require_not_rolled_back(session: &RepositorySession, history: &EvidenceHistory) -> Result<(), AppError> {
    let Some((_, last)) = history.runs().next_back() else { return Ok(()) };
    let commit = ObjectId::parse(&last.start.main);
    match commit.ok().map(|commit| session.governed.check_not_rolled_back(commit)) {
        Some(None) => Ok(()),
        Some(Some(finding)) => {
            let problem = Diagnostic::error(finding.code, finding.message).help(finding.help);
            Err(AppError::new(FailureKind::Findings, problem))
        }
        None => Err(Diagnostic::error("record-malformed", "the record of the last run names no valid commit of main")
            .help("run `tenure audit` to see the defective record")
            .into()),
    }
}

/// Enforces a plan: opens the targets, records the start and the pending files, and applies each action.
///
/// # Errors
/// When a system has invalid settings, or the journal fails. Records that could not be pushed are saved in the git
/// directory.
pub fn enforce(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    request: EnforceRequest<'_>,
    mut journal: Appender<'_>,
) -> Result<RunSummary, AppError> {
    let start = start(session, assembly, journal.history(), &request)?;
    let mut taken_up = pending_records(session, journal.history(), assembly, request.now)?;
    taken_up.extend(request.job.merges(&session.governed, journal.history(), &taken_up));
    let mut hands = open_targets(assembly, session, request.variable)?;
    let (plan, observer, now) = (request.plan, request.observer, request.now);
    let order = RunRequest { plan, start, taken_up, hands: &mut hands, observer, now };
    let done = enforce::enforce(order, &mut journal);
    let run = journal.run().clone();
    drop(journal);
    done.map_err(|error| run_failure(session, &run, error))
}

/// Returns the start record of a run.
fn start(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    history: &EvidenceHistory,
    request: &EnforceRequest<'_>,
) -> Result<RunStart, AppError> {
    let trust = session.trust()?;
    Ok(RunStart {
        command: "enforce".to_owned(),
        main: session.main.to_string(),
        plan: None,
        manifest: assembly.manifest(),
        systems: assembly.systems.keys().cloned().collect(),
        root: trust.root().digest(),
        mandate: trust.mandate().digest(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        lease: request.lease,
        evidence: history.size(),
        claims: request.job.claims(request.now),
    })
}

/// Opens every system. A system that cannot be opened fails only its own actions.
fn open_targets(
    assembly: &PlanContext<'_>,
    session: &RepositorySession,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<SystemId, ProvisioningTarget>, AppError> {
    let base = session.settings_dir();
    let identities = assembly.identities();
    let around = ConnectorEnvironment { base: &base, variable: &variable, identities: &identities };
    let mut hands = BTreeMap::new();
    for (id, system) in assembly.systems.iter().filter(|(_, system)| system.remediation != Remediation::ReportOnly) {
        hands.insert(id.clone(), open_target(system, &around).map_err(|error| open_error(system, error))?);
    }
    Ok(hands)
}

fn open_target(system: &System, around: &ConnectorEnvironment<'_>) -> Result<ProvisioningTarget, OpenError> {
    let sink = sink::open_or_closed(system.sink.as_ref(), around.base);
    let provisioner = registry::provisioner_or_closed(system, around)?;
    Ok(ProvisioningTarget { provisioner, sink, remediation: system.remediation, acted: false })
}
