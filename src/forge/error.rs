//! Errors of generated files and pull requests.

use crate::{
    diag::{Diagnostic, Diagnostics},
    git::GitError,
    store::{FileWriteError, StoreError},
};
use std::io;

/// An error while generating files for the Git host, or while opening a pull request.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// An error of git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file of the work tree cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Problems with a code and a next step.
    #[error("{}", first(.0))]
    Problems(Diagnostics),
    /// A file of the work tree cannot be written.
    #[error(transparent)]
    Write(#[from] FileWriteError),
    /// A governed file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Diagnostic> for ForgeError {
    fn from(problem: Diagnostic) -> Self {
        Self::Problems(problem.into())
    }
}

impl From<Diagnostics> for ForgeError {
    fn from(problems: Diagnostics) -> Self {
        Self::Problems(problems)
    }
}

fn first(problems: &Diagnostics) -> String {
    problems.clone().into_iter().next().map(|problem| problem.message).unwrap_or_default()
}
