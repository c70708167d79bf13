//! The governed repository: the paths of its files, and their content at a commit. Signatures are verified in `trust`.

mod commit_cache;
mod error;
mod file_writer;
mod layout;
mod manifest;
mod snapshot;
mod unverified;

pub use commit_cache::CommitCache;
pub use error::StoreError;
pub use file_writer::{FileWriteError, check_folder_of, write_file, write_files, write_new_file};
pub use layout::RepoPath;
pub use manifest::KnownDigests;
pub use snapshot::{RefusedFiles, RepositorySnapshot, kind_of};
pub use unverified::{SignatureFile, Unverified};
