//! Opens a repository, and refuses one with an incomplete history.

use super::{GitError, ObjectId, tree_cache::TreeCache};
use std::path::Path;

/// An open repository, with or without a work tree. Objects are read from its database, never from the work tree.
pub struct Repository {
    pub(super) inner: git2::Repository,
    pub(super) trees: TreeCache,
}

impl Repository {
    /// Opens the repository at `path`: its work tree, or the folder of a bare repository.
    ///
    /// # Errors
    /// When there is no repository, its objects are not named by SHA-1, or its history is shallow, grafted or replaced.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GitError> {
        let path = path.as_ref();
        Self::checked(git2::Repository::open(path).map_err(|error| refused(path, &error))?)
    }

    /// Opens the repository that contains `path`.
    ///
    /// # Errors
    /// As [`Repository::open`].
    pub fn discover(path: impl AsRef<Path>) -> Result<Self, GitError> {
        let path = path.as_ref();
        Self::checked(git2::Repository::discover(path).map_err(|error| refused(path, &error))?)
    }

    /// Creates an empty repository at `path`, with a work tree.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, GitError> {
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        git2::Repository::init_opts(path, &options)
            .map_err(GitError::library("creating a repository"))
            .and_then(Self::checked)
    }

    fn checked(inner: git2::Repository) -> Result<Self, GitError> {
        let repository = Self { inner, trees: TreeCache::default() };
        repository.require_complete_history()?;
        Ok(repository)
    }

    /// Checks that the visible history is the pushed history. A long run repeats this after each fetch.
    ///
    /// # Errors
    /// When the history is shallow, grafted or replaced.
    pub fn require_complete_history(&self) -> Result<(), GitError> {
        let common = self.inner.commondir();
        let (grafts, shallow) = (common.join("info/grafts"), common.join("shallow"));
        if grafts.symlink_metadata().is_ok() {
            return Err(GitError::Grafted(grafts));
        }
        if shallow.symlink_metadata().is_ok() {
            return Err(GitError::Shallow(shallow));
        }
        match self.references("refs/replace/")?.into_iter().next() {
            Some((name, _)) => Err(GitError::Replaced(name)),
            None => Ok(()),
        }
    }

    /// Returns the folder of objects and refs.
    pub fn directory(&self) -> &Path {
        self.inner.commondir()
    }

    /// Returns the work tree, or `None` for a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// Returns the commit that a full ref name (`refs/heads/main`) points to, or `None` when there is no such ref.
    ///
    /// # Errors
    /// When the ref cannot be read, or does not lead to a commit.
    pub fn reference(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let found = match self.inner.find_reference(name) {
            Ok(found) => found,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(GitError::library("reading a ref")(error)),
        };
        match found.resolve().and_then(|direct| direct.peel_to_commit()) {
            Ok(commit) => Ok(Some(commit.id().into())),
            Err(_) => Err(GitError::NoSuchRevision(name.to_owned())),
        }
    }

    /// Returns the refs whose names begin with `prefix` and their targets, sorted by name.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn references(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, GitError> {
        let doing = "listing refs";
        let listed = self.inner.references().map_err(GitError::library(doing))?;
        let mut found = Vec::new();
        for reference in listed {
            let reference = reference.map_err(GitError::library(doing))?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if name.starts_with(prefix)
                && let Some(target) = reference.resolve().ok().and_then(|direct| direct.target())
            {
                found.push((name, target.into()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Returns the commit that `revision` names: a branch, a tag, an id, `HEAD~2`.
    ///
    /// # Errors
    /// When it names no commit, or more than one.
    pub fn resolve(&self, revision: &str) -> Result<ObjectId, GitError> {
        self.inner
            .revparse_single(revision)
            .and_then(|object| object.peel_to_commit())
            .map(|commit| commit.id().into())
            .map_err(|_| GitError::NoSuchRevision(revision.to_owned()))
    }

    /// Moves the ref `name` to `commit` if it is still at the commit that the caller expects; `None` means it must not
    /// exist.
    ///
    /// # Errors
    /// [`GitError::Moved`] when it is at another commit.
    pub fn move_reference(
        &self,
        name: &str,
        commit: ObjectId,
        expected: Option<ObjectId>,
        why: &str,
    ) -> Result<(), GitError> {
        let moved = match expected {
            Some(seen) => self.inner.reference_matching(name, commit.oid(), true, seen.oid(), why),
            None => self.inner.reference(name, commit.oid(), false, why),
        };
        let Err(error) = moved else { return Ok(()) };
        let actual = self.reference(name)?;
        if actual == expected {
            return Err(GitError::library("moving a ref")(error));
        }
        Err(GitError::Moved { reference: name.to_owned(), expected, actual })
    }

    /// Returns the configured URL of a remote, as the user wrote it.
    pub fn remote_url(&self, name: &str) -> Option<String> {
        let remote = self.inner.find_remote(name).ok()?;
        remote.url().ok().map(str::to_owned)
    }

    /// Returns the names of the configured remotes, sorted.
    pub fn remote_names(&self) -> Vec<String> {
        let references = self
            .inner
            .remotes()
            .map(|names| names.iter_bytes().map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>());
        let mut names = references.unwrap_or_default();
        names.sort();
        names
    }

    /// Returns whether `HEAD` names a commit instead of a branch.
    pub fn is_detached(&self) -> bool {
        self.inner.head_detached().unwrap_or(false)
    }

    /// Returns the files of the work tree that differ from `HEAD`: changed, removed or not tracked, sorted. Ignored files
    /// are left out.
    ///
    /// # Errors
    /// When the work tree cannot be read.
    pub fn uncommitted_files(&self) -> Result<Vec<String>, GitError> {
        if self.work_tree().is_none() {
            return Ok(Vec::new());
        }
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false).exclude_submodules(true);
        let found = self.inner.statuses(Some(&mut options)).map_err(GitError::library("reading the work tree"))?;
        let paths = found.iter().map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned());
        let mut paths: Vec<String> = paths.collect();
        paths.sort();
        Ok(paths)
    }

    /// Returns a value of the repository's or the user's git configuration.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.inner.config().and_then(|config| config.get_string(name)).ok()
    }
}

fn refused(path: &Path, error: &git2::Error) -> GitError {
    if error.message().contains("object format") {
        return GitError::UnsupportedFormat("sha256".to_owned());
    }
    if error.code() == git2::ErrorCode::Owner {
        // The library names the folder with the repository, which may be above `path`.
        let named = error.message().split('\'').nth(1).map(|named| Path::new(named).to_owned());
        let folder = named.or_else(|| path.canonicalize().ok()).unwrap_or_else(|| path.to_owned());
        return GitError::NotOwned(folder.components().collect());
    }
    GitError::NotARepository { path: path.to_owned(), message: error.message().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_of_another_user_is_named() {
        let message = "repository path '/srv/repo/' is not owned by current user";
        let error = git2::Error::new(git2::ErrorCode::Owner, git2::ErrorClass::Config, message);
        assert_eq!(refused(Path::new("below"), &error), GitError::NotOwned("/srv/repo".into()));
    }
}
