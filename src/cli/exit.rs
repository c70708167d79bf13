//! Exit statuses and errors of commands.

use crate::{
    app::{AppError, FailureKind},
    diag::{Diagnostic, Diagnostics},
    forge::ForgeError,
    git::GitError,
    store::{FileWriteError, StoreError},
};
use std::{io, process::ExitCode};

/// The exit status of a command; scripts rely on the codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExitStatus {
    /// Another run is in progress; try again (`EX_TEMPFAIL` of sysexits).
    Busy,
    /// The command failed.
    CouldNot,
    /// The target disagrees with the decisions.
    Disagrees,
    /// Done.
    Done,
    /// There are findings, or a guardrail was exceeded.
    Findings,
    /// The command was interrupted, and ended in order.
    Interrupted,
    /// The command line is invalid.
    Usage,
}

impl ExitStatus {
    /// Returns the exit code of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CouldNot => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::Disagrees => 4,
            Self::Busy => 75,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(exit: ExitStatus) -> Self {
        Self::from(exit.code())
    }
}

/// The failure of a command: its problems and its exit status.
#[derive(Debug)]
pub struct CliError {
    /// The problems.
    pub problems: Diagnostics,
    /// The exit status.
    pub exit: ExitStatus,
}

impl CliError {
    /// Returns a failure with this exit status and one problem.
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

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        let exit = match error.kind {
            FailureKind::Busy => ExitStatus::Busy,
            FailureKind::Failed => ExitStatus::CouldNot,
            FailureKind::Findings => ExitStatus::Findings,
        };
        Self { problems: error.problems, exit }
    }
}

impl From<ForgeError> for CliError {
    fn from(error: ForgeError) -> Self {
        AppError::from(error).into()
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        AppError::from(error).into()
    }
}

impl From<FileWriteError> for CliError {
    fn from(error: FileWriteError) -> Self {
        AppError::from(error).into()
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        // The reader of a pipe has read enough, as `head` does: there is no problem to report.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { problems: Diagnostics::new(), exit: ExitStatus::CouldNot };
        }
        AppError::from(error).into()
    }
}
