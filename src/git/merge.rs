//! Computes the merge of a change before it is made.

use super::{
    CommitDraft, CommitIdentity, GitError, ObjectId, Repository, git_command::git_command, subprocess,
    tree_cache::TreeCache,
};
use std::time::Duration;

/// The merge of a change into a branch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MergePreview {
    /// The commit that the merge would create.
    Clean(ObjectId),
    /// The paths that git cannot merge, sorted.
    Conflicting(Vec<String>),
}

impl Repository {
    /// Opens this repository again; objects written to the new handle are kept in memory only.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn in_memory(&self) -> Result<Self, GitError> {
        let inner = git2::Repository::open(self.inner.path()).map_err(GitError::library("opening the repository"))?;
        let database = inner.odb().map_err(GitError::library("opening the object database"))?;
        // The library reads and writes the backend with the highest priority first; its own have 1 and 2.
        database.add_new_mempack_backend(1000).map_err(GitError::library("adding objects in memory"))?;
        drop(database);
        Ok(Self { inner, trees: TreeCache::default() })
    }

    /// Writes the commit that merging `theirs` into `ours` creates, as `git merge --no-ff` does, and moves no ref.
    ///
    /// # Errors
    /// When a commit cannot be read or written.
    pub fn preview_merge(&self, ours: ObjectId, theirs: ObjectId) -> Result<MergePreview, GitError> {
        let tree = match self.merge_base(ours, theirs)? {
            Some(base) if base == ours => self.tree_of(theirs)?,
            _ => match self.merged_tree(ours, theirs)? {
                Ok(tree) => tree,
                Err(paths) => return Ok(MergePreview::Conflicting(paths)),
            },
        };
        let author = CommitIdentity { name: "preview".to_owned(), address: "preview@invalid".to_owned() };
        let parents = [ours, theirs];
        let draft = CommitDraft { tree, parents: &parents, author: &author, seconds: 0, message: "preview" };
        self.write_commit(&draft).map(MergePreview::Clean)
    }

    /// Returns the tree of a merge, or the conflicting paths. It is computed by the user's own `git`, because libgit2
    /// detects renames differently than the program that will make the merge.
    fn merged_tree(&self, ours: ObjectId, theirs: ObjectId) -> Result<Result<ObjectId, Vec<String>>, GitError> {
        let failed = |message: String| GitError::Library { doing: "merging", message };
        let (ours, theirs) = (ours.to_string(), theirs.to_string());
        let arguments = ["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", &ours, &theirs];
        let answer = subprocess::run(git_command(Some(self), &arguments), PATIENCE)
            .map_err(|error| failed(error.to_string()))?;
        let mut lines = answer.output.split_terminator('\0');
        let tree = lines.next().and_then(|tree| ObjectId::parse(tree).ok()).ok_or_else(|| failed(answer.complaint))?;
        if answer.succeeded {
            return Ok(Ok(tree));
        }
        let mut paths: Vec<String> = lines.map(str::to_owned).collect();
        paths.dedup();
        Ok(Err(paths))
    }
}

/// The time limit of a merge.
const PATIENCE: Duration = Duration::from_secs(120);
