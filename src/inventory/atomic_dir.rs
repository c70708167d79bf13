//! Atomic replacement of a directory.

use crate::{model::SystemId, store::check_folder_of};
use rustix::{
    fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with},
    io::Errno,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// An error while replacing a directory. The old directory is unchanged.
#[derive(Debug, thiserror::Error)]
#[error("{doing} `{}`: {error}", path.display())]
pub struct PublishError {
    doing: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// Replaces the inventory of `system` below `root` with `files` (keyed by path below the system's folder).
///
/// All files are written and synced beside the old folder, which one rename then replaces. After a crash at any point
/// either the old or the new inventory is complete; the next call removes leftovers of the crash.
///
/// # Errors
/// When a step fails; the old inventory is then unchanged.
pub fn publish(root: &Path, system: &SystemId, files: &BTreeMap<String, Vec<u8>>) -> Result<(), PublishError> {
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    publish_folder(root, "inventory", system.as_str(), files, OnExisting::Replace)
}

/// Behavior when the folder already exists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnExisting {
    /// Keep the existing folder and fail.
    Keep,
    /// Replace the existing folder.
    Replace,
}

/// Writes the folder `name` with `files` (each with its path below it) into the folder `parent` of `root`, as
/// [`publish`] does. Files are consumed one by one, so that they never all have to be in memory.
///
/// # Errors
/// When a step fails, or the folder exists and must be kept. No file has changed in either case.
pub fn publish_folder<P: AsRef<str>, B: AsRef<[u8]>>(
    root: &Path,
    parent: &str,
    name: &str,
    files: impl IntoIterator<Item = (P, B)>,
    existing: OnExisting,
) -> Result<(), PublishError> {
    let all = root.join(parent);
    check_folder_of(root, &format!("{parent}/{name}"))
        .map_err(|error| failed("publishing below", &all)(io::Error::other(error.to_string())))?;
    // One publication at a time, so that no process removes what another is writing. The kernel releases the lock when
    // the process ends.
    let lock = File::open(&all).map_err(failed("opening", &all))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed("locking", &all)(error.into()))?;
    let target = all.join(name);
    let staging = all.join(STAGING);
    let fresh = staging.join(format!("{name}.new"));
    let old = staging.join(format!("{name}.old"));
    recover(&target, &old)?;
    if existing == OnExisting::Keep && exists(&target) {
        return Err(failed("publishing", &target)(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    for leftover in [&fresh, &old] {
        remove(leftover)?;
    }
    // A full disk must not leave half a folder in the work tree.
    stage(&staging, &fresh, files).inspect_err(|_| discard(&staging, &fresh))?;
    replace(&fresh, &target, &old)?;
    sync(&all)?;
    remove(&staging)
}

/// Writes the files to the fresh folder, and syncs it.
fn stage<P: AsRef<str>, B: AsRef<[u8]>>(
    staging: &Path,
    fresh: &Path,
    files: impl IntoIterator<Item = (P, B)>,
) -> Result<(), PublishError> {
    create(fresh)?;
    // Leftovers of a crash must not end up in a commit.
    write(&staging.join(".gitignore"), b"*\n")?;
    for (path, bytes) in files {
        let place = fresh.join(path.as_ref());
        if let Some(parent) = place.parent() {
            create(parent)?;
        }
        write(&place, bytes.as_ref())?;
    }
    sync_all(fresh)
}

/// Removes what an unfinished publication has written; an old folder that must be restored stays.
fn discard(staging: &Path, fresh: &Path) {
    let _ = fs::remove_dir_all(fresh);
    if fs::read_dir(staging)
        .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == ".gitignore")))
    {
        let _ = fs::remove_dir_all(staging);
    }
}

/// Restores the old folder after a crash between two renames.
fn recover(target: &Path, old: &Path) -> Result<(), PublishError> {
    if exists(target) || !exists(old) {
        return Ok(());
    }
    fs::rename(old, target).map_err(failed("restoring", target))
}

fn replace(fresh: &Path, target: &Path, old: &Path) -> Result<(), PublishError> {
    if !exists(target) {
        return fs::rename(fresh, target).map_err(failed("publishing", target));
    }
    match renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // The file system cannot exchange two folders atomically: two renames, and `recover` after a crash between
        // them.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::rename(target, old).map_err(failed("moving aside", target))?;
            fs::rename(fresh, target).map_err(failed("publishing", target))
        }
        Err(error) => Err(failed("publishing", target)(error.into())),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    fs::write(path, bytes).map_err(failed("writing", path))
}

fn create(path: &Path) -> Result<(), PublishError> {
    fs::create_dir_all(path).map_err(failed("creating", path))
}

fn remove(path: &Path) -> Result<(), PublishError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("removing", path)(error)),
        _ => Ok(()),
    }
}

/// Syncs a folder and its contents. Syncing thousands of files after all are written is faster than one by one: the
/// kernel writes them together.
fn sync_all(folder: &Path) -> Result<(), PublishError> {
    for entry in fs::read_dir(folder).map_err(failed("reading", folder))? {
        let path = entry.map_err(failed("reading", folder))?.path();
        if path.is_dir() { sync_all(&path) } else { sync(&path) }?;
    }
    sync(folder)
}

fn sync(path: &Path) -> Result<(), PublishError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(failed("syncing", path))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> PublishError {
    let path = path.to_owned();
    move |error| PublishError { doing, path: path.clone(), error }
}

/// On the same file system as the final folder, so that a rename suffices.
const STAGING: &str = ".staging";
