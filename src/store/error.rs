//! Why something of a governed repository could not be read.

use crate::{diag::Diagnostics, git::GitError};

/// Why something of a governed repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is there and not acceptable as it is.
    #[error("{path} is not acceptable: {}", first(.problems))]
    Form {
        /// The file.
        path: String,
        /// Everything that stands against it.
        problems: Diagnostics,
    },
    /// Git could not give it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// There is no such file at this commit.
    #[error("there is no {0} at this commit")]
    Missing(String),
    /// A governed file must be a plain file: no link, no submodule, not executable.
    #[error("{path} is {mode}, and must be a plain file (mode 100644)")]
    Mode {
        /// The file.
        path: String,
        /// What it is.
        mode: String,
    },
    /// It is not one of the places a governed file may have.
    #[error("{0} is not a place for a governed file")]
    Place(String),
}

fn first(problems: &Diagnostics) -> String {
    problems.sorted().first().map(|problem| format!("{}: {}", problem.code, problem.message)).unwrap_or_default()
}
