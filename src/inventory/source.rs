//! Sources of inventory files: a commit, a work tree, or memory.

use crate::store::RepositorySnapshot;
use std::{collections::BTreeMap, io, path::PathBuf};

/// A tree of files, read by path.
pub trait FileSource {
    /// Returns the bytes of the file at `path`, relative to the root of the repository; `None` if it does not exist.
    ///
    /// # Errors
    /// When the file cannot be read. A read error is never reported as a missing file.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError>;
}

/// An error while reading a file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{path}` cannot be read: {why}")]
pub struct SourceError {
    /// The file.
    pub path: String,
    /// The cause.
    pub why: String,
}

/// The files on disk, for commands that work on uncommitted files. Does not follow symbolic links.
#[derive(Clone, Debug)]
pub struct WorkTree {
    root: PathBuf,
}

impl WorkTree {
    /// Returns the tree below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl FileSource for WorkTree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let refuse = |why: String| SourceError { path: path.to_owned(), why };
        let mut place = self.root.clone();
        for name in path.split('/') {
            if matches!(name, "" | "." | "..") {
                return Err(refuse("the path leaves its folder".to_owned()));
            }
            place.push(name);
            match place.symlink_metadata() {
                Ok(found) if found.is_symlink() => return Err(refuse("it is a symbolic link".to_owned())),
                Ok(_) => {}
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(refuse(error.to_string())),
            }
        }
        std::fs::read(&place).map(Some).map_err(|error| refuse(error.to_string()))
    }
}

impl FileSource for RepositorySnapshot<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.bytes(path, MAX_INVENTORY_FILE)
            .map_err(|error| SourceError { path: path.to_owned(), why: error.to_string() })
    }
}

impl FileSource for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.get(path).cloned())
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Enough for 1,000,000 grants of about 500 bytes.
const MAX_INVENTORY_FILE: u64 = 512 * 1024 * 1024;
