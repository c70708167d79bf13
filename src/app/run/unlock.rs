//! The release of the lock of a run that was killed.

use crate::{
    app::{AppError, PlanContext, RepositorySession, evidence::journal_failure},
    enforce::Journal as _,
    evidence::Appender,
    forge::GithubJob,
    model::{
        RunId, SystemId, Timestamp,
        record::{FindingRecorded, RecordPayload, RunEnd, RunStart, short},
    },
};
use std::collections::BTreeMap;

/// The parameters of a release.
pub struct UnlockRequest<'a> {
    /// The locked system.
    pub system: &'a SystemId,
    /// The runs whose locks are released.
    pub released: &'a [RunId],
    /// The job that runs the engine.
    pub job: &'a GithubJob<'a>,
    /// The time of the release.
    pub now: Timestamp,
}

/// Takes the system over from the runs, and ends without a change. The released runs stop before their next record.
///
/// # Errors
/// When there is no trust state, or the records cannot be published.
pub fn unlock(
    session: &RepositorySession,
    assembly: &PlanContext<'_>,
    request: &UnlockRequest<'_>,
    journal: Appender<'_>,
) -> Result<(), AppError> {
    let trust = session.trust()?;
    let mut journal = journal.releasing(request.released);
    let start = RunStart {
        command: "unlock".to_owned(),
        main: session.main.to_string(),
        plan: None,
        manifest: assembly.manifest(),
        systems: vec![request.system.clone()],
        root: trust.root().digest(),
        mandate: trust.mandate().digest(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        lease: 0,
        evidence: journal.history().size(),
        claims: request.job.claims(request.now),
    };
    let released = request.released.iter().map(|run| {
        let text = format!("the lock of run {run} on {} was released by `tenure unlock`", request.system);
        let (code, subject) = ("lock-released".to_owned(), request.system.to_string());
        RecordPayload::Finding(FindingRecorded { code, subject, text: short(&text) })
    });
    let end = RunEnd { outcomes: BTreeMap::new(), verifications: BTreeMap::new(), exit: 0 };
    let start = [RecordPayload::RunStart(start)];
    let all: Vec<RecordPayload> = start.into_iter().chain(released).chain([RecordPayload::RunEnd(end)]).collect();
    let _ = journal.publish(&all).map_err(journal_failure)?;
    Ok(())
}
