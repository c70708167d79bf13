//! Writes objects: blobs, trees (a base tree and edits) and signed commits.

use super::{FileMode, GitError, ObjectId, Repository, unsafe_names::UnsafeNameKind};
use std::fmt;

/// One edit of a tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TreeEdit {
    /// Writes this blob as a plain file, replacing any entry at the path.
    Put {
        /// The path from the root of the tree.
        path: String,
        /// The content.
        blob: ObjectId,
    },
    /// Removes the file.
    Remove {
        /// The path from the root of the tree.
        path: String,
    },
}

/// The author of a commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommitIdentity {
    /// A name.
    pub name: String,
    /// An address; it need not receive mail.
    pub address: String,
}

/// The contents of a commit to write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommitDraft<'a> {
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents.
    pub parents: &'a [ObjectId],
    /// The author and committer.
    pub author: &'a CommitIdentity,
    /// The time of the commit in seconds since 1970; written as UTC.
    pub seconds: i64,
    /// Its message.
    pub message: &'a str,
}

impl Repository {
    /// Writes a blob and returns its id.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, GitError> {
        self.inner.blob(bytes).map(ObjectId::from).map_err(GitError::library("writing a blob"))
    }

    /// Writes the tree that results from applying `edits` to `base`, and returns its id; `None` is the empty tree.
    /// Folders without an edit keep their ids and are not read.
    ///
    /// # Errors
    /// When a path leads out of the tree, or is reserved by git.
    pub fn write_tree(&self, base: Option<ObjectId>, edits: &[TreeEdit]) -> Result<ObjectId, GitError> {
        let doing = "writing a tree";
        let base = match base {
            Some(tree) => tree.oid(),
            None => self.inner.treebuilder(None).and_then(|empty| empty.write()).map_err(GitError::library(doing))?,
        };
        let base = self.inner.find_tree(base).map_err(GitError::library(doing))?;
        let mut builder = git2::build::TreeUpdateBuilder::new();
        for edit in edits {
            match edit {
                TreeEdit::Put { path, blob } => {
                    refuse_hazardous(path)?;
                    builder.upsert(path.as_str(), blob.oid(), git2::FileMode::Blob);
                }
                TreeEdit::Remove { path } => {
                    refuse_hazardous(path)?;
                    builder.remove(path.as_str());
                }
            }
        }
        builder.create_updated(&self.inner, &base).map(ObjectId::from).map_err(GitError::library(doing))
    }

    /// Adds these files of the work tree to git's index. Other entries of the index are unchanged.
    ///
    /// # Errors
    /// When a file is missing, or the index cannot be written.
    pub fn stage<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Result<(), GitError> {
        let doing = "writing the index";
        let mut index = self.inner.index().map_err(GitError::library(doing))?;
        for path in paths {
            index.add_path(std::path::Path::new(path)).map_err(GitError::library(doing))?;
        }
        index.write().map_err(GitError::library(doing))
    }

    /// Writes a commit signed by `sign`, which receives the bytes to sign and returns an armored SSH signature in the
    /// namespace `git`. `git verify-commit` accepts the result. No ref is moved.
    ///
    /// # Errors
    /// When the signer fails, or the commit cannot be written.
    pub fn write_signed_commit<E: fmt::Display>(
        &self,
        draft: &CommitDraft<'_>,
        sign: impl FnOnce(&[u8]) -> Result<String, E>,
    ) -> Result<ObjectId, GitError> {
        let payload = self.payload(draft)?;
        let signature = sign(payload.as_bytes()).map_err(|error| GitError::Unsigned(error.to_string()))?;
        // The header is passed as lines without a final line end: libgit2 would otherwise write one empty line more
        // than git.
        self.inner
            .commit_signed(&payload, signature.trim_end_matches('\n'), Some("gpgsig"))
            .map(ObjectId::from)
            .map_err(GitError::library("writing a commit"))
    }

    /// Writes a commit without a signature. No ref is moved.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_commit(&self, draft: &CommitDraft<'_>) -> Result<ObjectId, GitError> {
        let payload = self.payload(draft)?;
        let database = self.inner.odb().map_err(GitError::library("opening the object database"))?;
        database
            .write(git2::ObjectType::Commit, payload.as_bytes())
            .map(ObjectId::from)
            .map_err(GitError::library("writing a commit"))
    }

    fn payload(&self, draft: &CommitDraft<'_>) -> Result<String, GitError> {
        let doing = "preparing a commit";
        let tree = self.inner.find_tree(draft.tree.oid()).map_err(GitError::library(doing))?;
        let parents: Vec<_> = draft
            .parents
            .iter()
            .map(|id| self.inner.find_commit(id.oid()))
            .collect::<Result<_, _>>()
            .map_err(GitError::library(doing))?;
        let time = git2::Time::new(draft.seconds, 0);
        let author =
            git2::Signature::new(&draft.author.name, &draft.author.address, &time).map_err(GitError::library(doing))?;
        let parents: Vec<_> = parents.iter().collect();
        let buffer = self
            .inner
            .commit_create_buffer(&author, &author, draft.message, &tree, &parents)
            .map_err(GitError::library(doing))?;
        String::from_utf8(buffer.to_vec())
            .map_err(|_| GitError::Malformed { id: draft.tree, why: "a name is not UTF-8" })
    }
}

fn refuse_hazardous(path: &str) -> Result<(), GitError> {
    match path.split('/').find_map(|name| UnsafeNameKind::of(name.as_bytes())) {
        Some(peril) => Err(GitError::Unwritable { path: path.to_owned(), peril }),
        None => Ok(()),
    }
}

impl FileMode {
    /// Returns whether this is the mode of a governed file.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Plain)
    }
}
