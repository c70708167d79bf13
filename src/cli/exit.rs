//! Exit statuses and errors of commands.

use super::session::{git, store};
use crate::{
    diag::{Diagnostic, Diagnostics},
    forge::ForgeError,
};
use std::{io::ErrorKind, process::ExitCode};

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

impl From<ForgeError> for CliError {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Git(error) => git(error),
            ForgeError::Io(error) => error.into(),
            ForgeError::Problems(problems) => problems.into(),
            ForgeError::Store(error) => store(error),
        }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        let problem = Diagnostic::error("io-error", format!("cannot read or write: {error}"));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                problem.help("free disk space on this machine, then run the command again").into()
            }
            ErrorKind::PermissionDenied => problem.help("check the permissions of the folder with ls -l").into(),
            _ => problem.into(),
        }
    }
}
