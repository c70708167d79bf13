//! The governed repository: where each file lives, and what it says at a commit. Nothing here decides whom to believe.

mod error;
mod layout;
mod snapshot;
mod unverified;

pub use error::StoreError;
pub use layout::RepoPath;
pub use snapshot::{RepositorySnapshot, kind_of, parse_any};
pub use unverified::{SignatureFile, Unverified};
