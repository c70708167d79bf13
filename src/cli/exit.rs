//! How a command ends.

use crate::diag::{Diagnostic, Diagnostics};
use std::{io::ErrorKind, process::ExitCode};

/// How a command ends, as a promise to scripts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExitStatus {
    /// Somebody else is at it; try again (`EX_TEMPFAIL` of sysexits).
    Busy,
    /// The work could not be done.
    CouldNot,
    /// The target disagrees with what was decided.
    Disagrees,
    /// Done.
    Done,
    /// Findings, or a guardrail tripped.
    Findings,
    /// The command line makes no sense.
    Usage,
}

impl ExitStatus {
    /// Returns the number the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CouldNot => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::Disagrees => 4,
            Self::Busy => 75,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> Self {
        Self::from(exit.code())
    }
}

/// A command that did not get to its end: what people read, and how it ends.
#[derive(Debug)]
pub struct CliError {
    /// What is wrong.
    pub problems: Diagnostics,
    /// How the command ends.
    pub exit: ExitStatus,
}

impl CliError {
    /// Returns a failure of this kind with one problem.
    pub fn new(exit: ExitStatus, problem: Diagnostic) -> Self {
        Self { problems: problem.into(), exit }
    }
}

impl From<Diagnostic> for CliError {
    fn from(problem: Diagnostic) -> Self {
        Self::new(ExitStatus::CouldNot, problem)
    }
}

impl From<Diagnostics> for CliError {
    fn from(problems: Diagnostics) -> Self {
        Self { problems, exit: ExitStatus::CouldNot }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        let problem = Diagnostic::error("io-error", format!("cannot read or write: {error}"));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                problem.help("no space is left on this machine: free some, then run the command again").into()
            }
            ErrorKind::PermissionDenied => problem.help("check the permissions of the folder with ls -l").into(),
            _ => problem.into(),
        }
    }
}
