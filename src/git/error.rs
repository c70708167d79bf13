//! What can go wrong with a repository.

use super::{ObjectId, unsafe_names::UnsafeNameKind};
use std::path::PathBuf;

/// Why something could not be read from or written to a repository.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GitError {
    /// The object is larger than the caller is willing to read.
    #[error("object {id} has {size} bytes; at most {limit} are read here")]
    BlobTooLarge {
        /// The object.
        id: ObjectId,
        /// Its size.
        size: u64,
        /// What the caller allowed.
        limit: u64,
    },
    /// `info/grafts` rewrites parents, so the history shown is not the history that was pushed.
    #[error("history is grafted: {} rewrites parents; remove it and fetch the real history", .0.display())]
    Grafted(PathBuf),
    /// A name in a tree is not safe to follow.
    #[error("`{path}` in tree {tree}: {peril}")]
    Hazardous {
        /// The tree that holds it.
        tree: ObjectId,
        /// The path asked for.
        path: String,
        /// What is wrong with it.
        peril: UnsafeNameKind,
    },
    /// libgit2 refused, in its own words.
    #[error("git: {doing}: {message}")]
    Library {
        /// What was being done.
        doing: &'static str,
        /// The library's message.
        message: String,
    },
    /// A commit or tree does not have the form git writes.
    #[error("object {id} is malformed: {why}")]
    Malformed {
        /// The object.
        id: ObjectId,
        /// What is wrong.
        why: &'static str,
    },
    /// The ref was not what the caller expected any more.
    #[error("`{reference}` is at {}, not at {}", shown(*.actual), shown(*.expected))]
    Moved {
        /// The ref.
        reference: String,
        /// What the caller had seen.
        expected: Option<ObjectId>,
        /// What it is.
        actual: Option<ObjectId>,
    },
    /// The object is not in the repository.
    #[error("object {0} is not in the repository; fetch it")]
    NoSuchObject(ObjectId),
    /// No ref or revision of that name.
    #[error("`{0}` names no commit here")]
    NoSuchRevision(String),
    /// There is no repository there, or it may not be read.
    #[error("no repository at {}: {message}", .path.display())]
    NotARepository {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// The commit is not reached by following first parents.
    #[error("{ancestor} is not on the first-parent line of {commit}")]
    NotOnLine {
        /// The commit that was to be found.
        ancestor: ObjectId,
        /// Where the walk began.
        commit: ObjectId,
    },
    /// Replace refs show other objects under the ids of real ones.
    #[error("`{0}` replaces an object; delete it with `git replace -d`")]
    Replaced(String),
    /// The history is cut off.
    #[error("history is shallow ({} exists); run `git fetch --unshallow`", .0.display())]
    Shallow(PathBuf),
    /// Trees nested or filled beyond what anybody writes by hand.
    #[error("tree {tree} is {what}; refusing to walk it")]
    TooMuch {
        /// The tree the walk began at.
        tree: ObjectId,
        /// What there is too much of.
        what: &'static str,
    },
    /// The repository does not name its objects by SHA-1.
    #[error("the repository uses object format `{0}`; only sha1 is supported")]
    UnsupportedFormat(String),
    /// A path that must not be written.
    #[error("`{path}` cannot be written: {peril}")]
    Unwritable {
        /// The path.
        path: String,
        /// What is wrong with it.
        peril: UnsafeNameKind,
    },
    /// The signer did not sign.
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
