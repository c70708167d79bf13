//! Errors of reading a governed repository.

use crate::{diag::Diagnostics, git::GitError};

/// An error of reading a governed repository.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not accepted in its present form.
    #[error("{path} is not acceptable: {}", first(.problems))]
    Form {
        /// The file.
        path: String,
        /// All reasons against accepting it.
        problems: Diagnostics,
    },
    /// An error of git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is no such file at this commit.
    #[error("there is no {0} at this commit")]
    Missing(String),
    /// A governed file must be a plain file: not a link, a submodule or an executable.
    #[error("{path} is {mode}; it must be a plain file (mode 100644)")]
    Mode {
        /// The file.
        path: String,
        /// Its mode in words.
        mode: String,
    },
    /// The path is not one of a governed file.
    #[error("{0} is not the path of a governed file")]
    Place(String),
}

fn first(problems: &Diagnostics) -> String {
    problems.sorted().first().map(|problem| format!("{}: {}", problem.code, problem.message)).unwrap_or_default()
}
