//! Opens a repository as if the work tree were merged, for a trial of what the next merge would do.

use super::{AppError, RepositorySession};
use crate::{
    diag::Diagnostic,
    git::{CommitDraft, CommitIdentity, TreeEdit},
    model::Timestamp,
    store::RepoPath,
};
use std::fs;

impl RepositorySession {
    /// Returns the session at a merge of the work tree into main, whose objects exist only in memory.
    ///
    /// # Errors
    /// When the repository is bare, or a file of the work tree cannot be read.
    pub fn with_work_tree(mut self, now: Timestamp) -> Result<Self, AppError> {
        let root = self.work_tree()?.to_path_buf();
        let memory = self.repository.in_memory()?;
        let mut edits = Vec::new();
        for path in self.repository.uncommitted_files()?.into_iter().filter(|path| RepoPath::of(path).is_governed()) {
            let file = root.join(&path);
            if !fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
                edits.push(TreeEdit::Remove { path });
                continue;
            }
            let bytes = fs::read(&file).map_err(|error| {
                let problem = Diagnostic::error("file-unreadable", format!("{path} cannot be read: {error}"));
                AppError::from(problem.help("check its permissions, then try again"))
            })?;
            edits.push(TreeEdit::Put { path, blob: memory.write_blob(&bytes)? });
        }
        let head = memory.reference("HEAD")?.unwrap_or(self.main);
        let tree = memory.write_tree(Some(memory.tree_of(head)?), &edits)?;
        let author = CommitIdentity { name: "trial".to_owned(), address: "trial@invalid".to_owned() };
        let parents = [self.main];
        let draft = CommitDraft { tree, parents: &parents, author: &author, seconds: now.unix(), message: "trial" };
        let merge = memory.write_commit(&draft)?;
        self.governed.advance(&memory, merge)?;
        (self.repository, self.main) = (memory, merge);
        Ok(self)
    }
}
