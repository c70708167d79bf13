//! Access to git: objects and refs through libgit2, the network through the user's own `git`.
//!
//! This layer does not interpret file contents. It reads from the object database by id, never from a work tree, and
//! refuses to open a repository with an incomplete history (shallow, grafted or replaced).

mod diff;
mod error;
mod git_command;
mod history;
mod id;
mod merge;
mod push_report;
mod remote;
mod repository;
mod subprocess;
mod tree;
mod tree_cache;
mod tree_entry;
mod unsafe_names;
mod write;

pub use diff::{FileChange, TreeDiff};
pub use error::GitError;
pub use history::{Commit, CommitSignature};
pub use id::{ObjectId, ParseObjectIdError};
pub use merge::MergePreview;
pub use remote::{GitRemote, PushOutcome, RemoteError};
pub use repository::Repository;
pub use subprocess::ChildError;
pub use tree::{TreeFile, TreeListing, WalkBudget};
pub use tree_entry::FileMode;
pub use unsafe_names::{UnsafeName, UnsafeNameKind};
pub use write::{CommitDraft, CommitIdentity, TreeEdit};
