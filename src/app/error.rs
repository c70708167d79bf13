//! The error of a command's work: problems for the user, and the kind of failure.

use crate::{
    diag::{Diagnostic, Diagnostics},
    forge::ForgeError,
    git::GitError,
    inventory::LoadError,
    model::SystemId,
    store::{FileWriteError, StoreError},
};
use std::{
    fmt,
    io::{self, ErrorKind},
};

/// The kind of a failure, which determines the exit status of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// Another run is in progress; the same work may succeed later.
    Busy,
    /// The work could not be done.
    Failed,
    /// The repository or its evidence has findings.
    Findings,
}

/// The failure of a command's work: its problems and its kind.
#[derive(Debug)]
pub struct AppError {
    /// The problems.
    pub problems: Diagnostics,
    /// The kind.
    pub kind: FailureKind,
}

impl AppError {
    /// Returns a failure of this kind with one problem.
    pub fn new(kind: FailureKind, problem: Diagnostic) -> Self {
        Self { problems: problem.into(), kind }
    }

    /// Returns a failure with these findings.
    pub fn findings(problems: Diagnostics) -> Self {
        Self { problems, kind: FailureKind::Findings }
    }

    /// Returns the failure for an inventory that cannot be read.
    pub fn inventory(system: &SystemId, error: &LoadError) -> Self {
        error.diagnostics(system).into()
    }

    /// Returns the failure with a note that names what depends on the unreadable input.
    #[must_use]
    pub fn required_by(self, dependent: &str) -> Self {
        let note = |problem: Diagnostic| problem.with_note(format!("required by {dependent}"));
        Self { problems: self.problems.into_iter().map(note).collect(), kind: self.kind }
    }

    /// Returns the messages of all problems in one line.
    pub fn messages(&self) -> String {
        self.problems.sorted().iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages())
    }
}

impl std::error::Error for AppError {}

impl From<Diagnostic> for AppError {
    fn from(problem: Diagnostic) -> Self {
        Self::new(FailureKind::Failed, problem)
    }
}

impl From<Diagnostics> for AppError {
    fn from(problems: Diagnostics) -> Self {
        Self { problems, kind: FailureKind::Failed }
    }
}

impl From<io::Error> for AppError {
    fn from(error: io::Error) -> Self {
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

/// A grafted, replaced or shallow history is a finding.
impl From<GitError> for AppError {
    fn from(error: GitError) -> Self {
        if let GitError::NotOwned(folder) = &error {
            let help = format!("if you trust it: git config --global --add safe.directory {}", folder.display());
            return Diagnostic::error("git-failed", error.to_string()).help(help).into();
        }
        let (kind, code, help) = match &error {
            GitError::Grafted(_) => (FailureKind::Findings, "grafted-history", "remove the file, then git fetch"),
            GitError::NotARepository { .. } => (
                FailureKind::Failed,
                "git-failed",
                "change to a governed repository, name one with -C DIR, or create one: `tenure init`",
            ),
            GitError::NoSuchRevision(_) => (
                FailureKind::Failed,
                "git-failed",
                "name a branch, a tag or a commit; `git branch --all` lists the branches",
            ),
            GitError::Replaced(_) => {
                (FailureKind::Findings, "replaced-history", "git replace --list, and find out who created them")
            }
            GitError::Shallow(_) => (FailureKind::Findings, "shallow-history", "git fetch --unshallow"),
            _ => (FailureKind::Failed, "git-failed", "git fsck --full"),
        };
        Self::new(kind, Diagnostic::error(code, error.to_string()).help(help))
    }
}

/// An invalid file is reported with all its problems.
impl From<FileWriteError> for AppError {
    fn from(error: FileWriteError) -> Self {
        let (code, help) = match &error {
            FileWriteError::Link(path) => (
                "file-link",
                format!("look where it leads: ls -l {path}; remove it from the repository: git rm {path}"),
            ),
            FileWriteError::Exists(_) => ("file-exists", "choose another name".to_owned()),
            FileWriteError::System { .. } => {
                ("file-unwritable", "check the permissions of the work tree and the free disk space".to_owned())
            }
        };
        Diagnostic::error(code, error.to_string()).help(help).into()
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Form { problems, .. } => problems.into(),
            StoreError::Git(error) => error.into(),
            StoreError::Missing(path) => {
                let help = match path.as_str() {
                    "governance.toml" => "git pull; in a new repository, `tenure init` writes it".to_owned(),
                    path => format!("write {path} and merge it, or git pull"),
                };
                Diagnostic::error("file-missing", format!("there is no {path} at this commit")).help(help).into()
            }
            other => Diagnostic::error("store-unreadable", other.to_string()).help("tenure check").into(),
        }
    }
}

impl From<ForgeError> for AppError {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Git(error) => error.into(),
            ForgeError::Io(error) => error.into(),
            ForgeError::Problems(problems) => problems.into(),
            ForgeError::Store(error) => error.into(),
            ForgeError::Write(error) => error.into(),
        }
    }
}
