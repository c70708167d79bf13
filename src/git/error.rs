//! Errors of reading from and writing to a repository.

use super::{ObjectId, unsafe_names::UnsafeNameKind};
use std::path::PathBuf;

/// An error of reading from or writing to a repository.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GitError {
    /// The object is larger than the caller is willing to read.
    #[error("object {id} has {size} bytes; at most {limit} are read here")]
    BlobTooLarge {
        /// The object.
        id: ObjectId,
        /// Its size.
        size: u64,
        /// The limit of the caller.
        limit: u64,
    },
    /// `info/grafts` rewrites parents, so the visible history differs from the pushed history.
    #[error("history is grafted: {} rewrites parents; remove it and fetch the real history", .0.display())]
    Grafted(PathBuf),
    /// A name in a tree is not safe to follow.
    #[error("`{path}` in tree {tree}: {peril}")]
    Hazardous {
        /// The tree that holds it.
        tree: ObjectId,
        /// The requested path.
        path: String,
        /// The reason.
        peril: UnsafeNameKind,
    },
    /// An error of libgit2, with its message.
    #[error("git: {doing}: {message}")]
    Library {
        /// The operation that failed.
        doing: &'static str,
        /// The library's message.
        message: String,
    },
    /// A commit or tree is not in the format that git writes.
    #[error("object {id} is malformed: {why}")]
    Malformed {
        /// The object.
        id: ObjectId,
        /// The reason.
        why: &'static str,
    },
    /// The ref no longer points to the commit that the caller expected.
    #[error("`{reference}` is at {}, not at {}", shown(*.actual), shown(*.expected))]
    Moved {
        /// The ref.
        reference: String,
        /// The commit that the caller expected.
        expected: Option<ObjectId>,
        /// The commit that the ref points to.
        actual: Option<ObjectId>,
    },
    /// The object is not in the repository.
    #[error("object {0} is not in the repository; fetch it")]
    NoSuchObject(ObjectId),
    /// No ref or revision has that name.
    #[error("`{0}` names no commit in this repository")]
    NoSuchRevision(String),
    /// There is no repository at the path, or it cannot be read.
    #[error("no repository at {}: {message}", .path.display())]
    NotARepository {
        /// The path that was searched.
        path: PathBuf,
        /// The reason.
        message: String,
    },
    /// The repository belongs to another user, so git does not open it.
    #[error("the repository {} belongs to another user", .0.display())]
    NotOwned(PathBuf),
    /// The commit is not reached by following first parents.
    #[error("{ancestor} is not on the first-parent line of {commit}")]
    NotOnLine {
        /// The commit that was searched for.
        ancestor: ObjectId,
        /// The start of the walk.
        commit: ObjectId,
    },
    /// Replace refs substitute other objects for the ids of real ones.
    #[error("`{0}` replaces an object; delete it with `git replace -d`")]
    Replaced(String),
    /// The history is truncated.
    #[error("history is shallow ({} exists); run `git fetch --unshallow`", .0.display())]
    Shallow(PathBuf),
    /// A tree that is nested or filled far beyond any tree written by a person.
    #[error("tree {tree} is {what}; refusing to walk it")]
    TooMuch {
        /// The tree at which the walk began.
        tree: ObjectId,
        /// The limit that was exceeded.
        what: &'static str,
    },
    /// The repository does not name its objects by SHA-1.
    #[error("the repository uses object format `{0}`; only sha1 is supported")]
    UnsupportedFormat(String),
    /// A path that is not safe to write.
    #[error("`{path}` cannot be written: {peril}")]
    Unwritable {
        /// The path.
        path: String,
        /// The reason.
        peril: UnsafeNameKind,
    },
    /// The signer failed.
    #[error("the commit was not signed: {0}")]
    Unsigned(String),
}

impl GitError {
    pub(super) fn library(doing: &'static str) -> impl FnOnce(git2::Error) -> Self {
        move |error| Self::Library { doing, message: error.message().to_owned() }
    }
}

fn shown(id: Option<ObjectId>) -> String {
    id.map_or_else(|| "nothing".to_owned(), |id| id.to_string())
}
