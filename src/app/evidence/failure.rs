//! Failures of the journal and of runs.

use crate::{
    app::{AppError, FailureKind, RepositorySession},
    diag::Diagnostic,
    enforce::{JournalError, RunError},
    git::RemoteError,
    model::{RunId, jcs, record::RecordPayload},
};
use std::fs;

/// Returns whether a message of git or of the operating system reports a full disk.
fn is_disk_full(message: &str) -> bool {
    message.contains("No space left on device") || message.contains("Disk quota exceeded")
}

/// Returns the failure for an error of the journal.
pub fn journal_failure(error: JournalError) -> AppError {
    let unlock;
    let (code, kind, help) = match &error {
        JournalError::Busy { system, .. } => {
            unlock = format!(
                "try again when that run has ended or its lease has expired; if it was killed: tenure unlock {system}"
            );
            ("system-busy", FailureKind::Busy, unlock.as_str())
        }
        JournalError::Contended { .. } => ("push-contended", FailureKind::Busy, "try again"),
        JournalError::Fenced { .. } => ("run-fenced", FailureKind::Busy, "no action needed: the other run continues"),
        JournalError::Declined(_) => {
            ("push-declined", FailureKind::Failed, "allow only the engine to push the evidence branch")
        }
        JournalError::Defect { code, .. } => (*code, FailureKind::Findings, "tenure audit"),
        JournalError::Refused(_) => {
            ("record-refused", FailureKind::Failed, "report this to the maintainers; no record was pushed")
        }
        JournalError::Unusable(why) if is_disk_full(why) => {
            ("disk-full", FailureKind::Failed, "free disk space on this machine, then run the command again")
        }
        JournalError::Unusable(_) => {
            ("evidence-unusable", FailureKind::Failed, "`tenure audit` checks the clone and its evidence")
        }
        JournalError::Unreachable(_) => (
            "evidence-unreachable",
            FailureKind::Failed,
            "try again; each run first checks the results of the previous one",
        ),
    };
    AppError::new(kind, Diagnostic::error(code, error.to_string()).help(help))
}

/// Returns the failure for an error of a run. Records that could not be pushed are saved in the git directory.
pub fn run_failure(session: &RepositorySession, run: &RunId, error: RunError) -> AppError {
    let mut failure = journal_failure(error.cause);
    if error.unpublished.is_empty() {
        return failure;
    }
    let path = session.repository.directory().join(format!("tenure-unpublished-{run}.jsonl"));
    let lines: String = error
        .unpublished
        .iter()
        .filter_map(|entry: &RecordPayload| jcs::to_string(entry).ok())
        .map(|line| line + "\n")
        .collect();
    let note = match fs::write(&path, lines) {
        Ok(()) => format!(
            "the records that could not be pushed are saved in {} for inspection; they need not be restored",
            path.display()
        ),
        Err(error) => format!("these records could not be saved locally either: {error}"),
    };
    failure.problems.push(
        Diagnostic::warning("evidence-unpublished", note)
            .help("run `tenure enforce` again: it reads the results from the targets"),
    );
    failure
}

pub(super) fn remote_failure(error: &RemoteError) -> AppError {
    Diagnostic::error("remote-unreachable", error.to_string())
        .help("run `git fetch` for the error message of git")
        .into()
}
