//! Writes files of the work tree: each to a new file in a checked folder, renamed into place. A link on the way is
//! refused, so that a pull request that brings one cannot redirect a write.

use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, FileType, Mode, OFlags, fsync, mkdirat, open, openat, renameat, statat, unlinkat},
    io::Errno,
};
use std::{fs::File, io::Write as _, path::Path};

/// A failure to write a file of the work tree. The old file, if any, is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum FileWriteError {
    /// A part of the path is a link or a special file.
    #[error("`{0}` is a symbolic link or a special file, and no file is written through it")]
    Link(String),
    /// The file exists, and may not be replaced.
    #[error("`{0}` already exists")]
    Exists(String),
    /// The operating system refused.
    #[error("`{path}`: {error}")]
    System {
        /// The path.
        path: String,
        /// The reason.
        error: std::io::Error,
    },
}

/// Writes a file below the work tree at `root`, and creates its folders. The file has either its old or its new content,
/// also after a crash.
///
/// # Errors
/// When a part of the path is a link or a special file, or the operating system refuses.
pub fn write_file(root: &Path, path: &str, content: impl AsRef<[u8]>) -> Result<(), FileWriteError> {
    FileDraft::write(root, path, content.as_ref())?.publish()
}

/// As [`write_file`], for several files: none is replaced before the new content of all is on the disk.
///
/// # Errors
/// As [`write_file`].
pub fn write_files<'f>(
    root: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> Result<(), FileWriteError> {
    let drafts = files.into_iter().map(|(path, content)| FileDraft::write(root, path, content));
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
    drafts.into_iter().try_for_each(FileDraft::publish)
}

/// The new content of a file under a temporary name, which is removed unless it is published.
struct FileDraft<'p> {
    folder: OwnedFd,
    path: &'p str,
    name: &'p str,
    draft: String,
}

impl<'p> FileDraft<'p> {
    fn write(root: &Path, path: &'p str, content: &[u8]) -> Result<Self, FileWriteError> {
        let (folder, name) = folder_of(root, path)?;
        let failed = |error: Errno| system(path, error);
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(old) if FileType::from_raw_mode(old.st_mode) == FileType::RegularFile => {}
            Ok(_) => return Err(FileWriteError::Link(path.to_owned())),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        }
        let draft = format!(".{name}.{}.new", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A file of this name was left by a process with the same number that crashed.
        let _ = unlinkat(&folder, &draft, AtFlags::empty());
        let new = openat(&folder, &draft, flags, Mode::from_raw_mode(0o644)).map_err(failed)?;
        let mut new = File::from(new);
        let written = Self { folder, path, name, draft };
        let result = new.write_all(content).and_then(|()| new.sync_all());
        result.map_err(|error| FileWriteError::System { path: path.to_owned(), error })?;
        Ok(written)
    }

    fn publish(self) -> Result<(), FileWriteError> {
        let renamed = renameat(&self.folder, &self.draft, &self.folder, self.name).and_then(|()| fsync(&self.folder));
        renamed.map_err(|error| system(self.path, error))
    }
}

impl Drop for FileDraft<'_> {
    fn drop(&mut self) {
        // After publication there is no such file.
        let _ = unlinkat(&self.folder, &self.draft, AtFlags::empty());
    }
}

/// As [`write_file`], for a file that must not exist.
///
/// # Errors
/// As [`write_file`], and when the file exists.
pub fn write_new_file(root: &Path, path: &str, content: impl AsRef<[u8]>) -> Result<(), FileWriteError> {
    let (folder, name) = folder_of(root, path)?;
    match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => write_file(root, path, content),
        Ok(_) => Err(FileWriteError::Exists(path.to_owned())),
        Err(error) => Err(system(path, error)),
    }
}

/// Checks that no folder on the way to `path` is a link, and creates the missing ones.
///
/// # Errors
/// As [`write_file`].
pub fn check_folder_of(root: &Path, path: &str) -> Result<(), FileWriteError> {
    folder_of(root, path).map(drop)
}

/// Opens the folder of a path, one part after the other, and returns it with the name of the file.
fn folder_of<'p>(root: &Path, path: &'p str) -> Result<(OwnedFd, &'p str), FileWriteError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut folder = open(root, flags, Mode::empty()).map_err(|error| system(path, error))?;
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    if matches!(name, "" | "." | "..") {
        return Err(system(path, Errno::INVAL));
    }
    let mut passed = String::new();
    for part in folders.split('/').filter(|part| !part.is_empty()) {
        if matches!(part, "." | "..") {
            return Err(system(path, Errno::INVAL));
        }
        passed = if passed.is_empty() { part.to_owned() } else { format!("{passed}/{part}") };
        match mkdirat(&folder, part, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(system(path, error)),
        }
        folder = match openat(&folder, part, flags | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(next) => next,
            Err(Errno::LOOP | Errno::NOTDIR) => return Err(FileWriteError::Link(passed)),
            Err(error) => return Err(system(path, error)),
        };
    }
    Ok((folder, name))
}

fn system(path: &str, error: Errno) -> FileWriteError {
    FileWriteError::System { path: path.to_owned(), error: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for folder in ["repo", "outside"] {
            fs::create_dir(tree.path().join(folder)).unwrap();
        }
        fs::write(tree.path().join("outside/kept"), "kept").unwrap();
        tree
    }

    #[test]
    fn links_and_special_files_are_refused() {
        let tree = tree();
        let root = tree.path().join("repo");
        symlink("../outside", root.join("trust")).unwrap();
        symlink("../outside/kept", root.join("file")).unwrap();
        symlink("../outside/absent", root.join("dangling")).unwrap();
        fs::create_dir(root.join("folder")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        for path in ["trust/kept", "trust/new/kept", "file", "dangling", "folder", "pipe"] {
            let refused = write_file(&root, path, "other").err();
            assert!(matches!(refused, Some(FileWriteError::Link(_))), "{path}: {refused:?}");
        }
        for path in ["../outside/kept", "a/../../outside/kept", "", "a/.", "a/.."] {
            assert!(write_file(&root, path, "other").is_err(), "{path}");
        }
        assert_eq!(fs::read_to_string(tree.path().join("outside/kept")).unwrap(), "kept");
        assert_eq!(fs::read_dir(tree.path().join("outside")).unwrap().count(), 1);
    }

    #[test]
    fn file_is_replaced_and_leaves_nothing_beside_it() {
        let tree = tree();
        let root = tree.path().join("repo");
        for text in ["first", "second"] {
            write_file(&root, "a/b/file", text).unwrap();
            assert_eq!(fs::read_to_string(root.join("a/b/file")).unwrap(), text);
        }
        assert_eq!(fs::read_dir(root.join("a/b")).unwrap().count(), 1);
        assert!(matches!(write_new_file(&root, "a/b/file", "third"), Err(FileWriteError::Exists(_))));
        write_new_file(&root, "a/new", "new").unwrap();
    }

    #[test]
    fn failed_write_of_several_files_replaces_none() {
        let tree = tree();
        let root = tree.path().join("repo");
        write_file(&root, "a/one", "old").unwrap();
        fs::create_dir(root.join("a/two")).unwrap();
        let files: [(&str, &[u8]); 2] = [("a/one", b"new"), ("a/two", b"new")];
        assert!(matches!(write_files(&root, files), Err(FileWriteError::Link(_))));
        assert_eq!(fs::read_to_string(root.join("a/one")).unwrap(), "old");
        assert_eq!(fs::read_dir(root.join("a")).unwrap().count(), 2, "no draft is left");
        fs::remove_dir(root.join("a/two")).unwrap();
        write_files(&root, files).unwrap();
        assert_eq!(fs::read_to_string(root.join("a/two")).unwrap(), "new");
    }
}
