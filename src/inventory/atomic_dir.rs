//! Puts a new folder in the place of the old one, at once or not at all.

use crate::model::SystemId;
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

/// Why a folder was not put in place; what was there is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{doing} `{}`: {error}", path.display())]
pub struct PublishError {
    doing: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// Puts `files` (by path below the system's folder) in the place of the inventory of `system` below `root`.
///
/// Everything is written and synced beside the old folder, which one rename then replaces. After a crash at any point
/// the old inventory or the new one is there, whole; the next call removes what a crash left lying.
///
/// # Errors
/// When a step fails; then the old inventory is still there.
pub fn publish(root: &Path, system: &SystemId, files: &BTreeMap<String, Vec<u8>>) -> Result<(), PublishError> {
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    publish_folder(root, "inventory", system.as_str(), files, OnExisting::Replace)
}

/// What to do when the folder is there already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnExisting {
    /// Leave it as it is, and fail.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Puts the folder `name` with `files` (each with its path below it) into the folder `parent` of `root`, as [`publish`]
/// does. They are taken one by one, so that never all of them have to be there.
///
/// # Errors
/// When a step fails, or the folder is there and to be kept; then nothing has changed.
pub fn publish_folder<P: AsRef<str>, B: AsRef<[u8]>>(
    root: &Path,
    parent: &str,
    name: &str,
    files: impl IntoIterator<Item = (P, B)>,
    existing: OnExisting,
) -> Result<(), PublishError> {
    let all = root.join(parent);
    create(&all)?;
    if all.is_symlink() {
        return Err(failed("publishing below", &all)(io::Error::other("it is a symbolic link")));
    }
    // One publication at a time, so that none takes away what another is writing; the system ends the lock with us.
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
    create(&fresh)?;
    // What a crash leaves here must not end up in a commit.
    write(&staging.join(".gitignore"), b"*\n")?;
    for (path, bytes) in files {
        let place = fresh.join(path.as_ref());
        if let Some(parent) = place.parent() {
            create(parent)?;
        }
        write(&place, bytes.as_ref())?;
    }
    sync_all(&fresh)?;
    replace(&fresh, &target, &old)?;
    sync(&all)?;
    remove(&staging)
}

/// Puts the old folder back where a crash between two renames left it away.
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
        // A file system that cannot exchange two folders at once: two renames, and `recover` between them.
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

/// Syncs a folder with all that is in it. Thousands of files are quicker synced after all are written: the system writes
/// them together, and the first one waits for most of it.
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

/// On the same file system as what it becomes, so that a rename is enough.
const STAGING: &str = ".staging";
