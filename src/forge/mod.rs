//! GitHub as the Git host: generated files, pull requests, and the provenance of jobs and merges.
//!
//! Nothing here is trusted: signatures decide, and the reports of the Git host are recorded as its claims.

pub mod github;

mod codeowners;
mod error;
mod generated_files;
mod governed_files;
mod proposal;
mod provenance;
mod stale_files;
mod workflows;

pub use codeowners::{CODEOWNERS, CodeownersInputs, code_owners};
pub use error::ForgeError;
pub use generated_files::{ComparedFile, FileState, WriteMode, compare_files};
pub use governed_files::{ForgeInputs, GovernedFiles};
pub use proposal::{ProposalKind, ProposalWorkspace};
pub use provenance::GithubJob;
pub use stale_files::stale_generated_files;
pub use workflows::{WorkflowError, WorkflowInputs, is_made, workflows};
