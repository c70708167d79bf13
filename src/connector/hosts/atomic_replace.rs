//! Replaces a file atomically: after a crash, it has either the old or the new content.

use super::root_dir::{FileContent, RootDir, refused, stamp_at};
use crate::connector::ConnectorError;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Uid, XattrFlags},
    io::Errno,
};
use std::io::Write;

/// Checks that a file can be replaced, before any file is.
///
/// Root's writes ignore permission bits. A file without write permission was made read-only on purpose and is rejected,
/// except for files that systems ship read-only: shadow files and sudoers.
pub(super) fn check(root: &RootDir, path: &str, old: &FileContent) -> Result<(), ConnectorError> {
    let (directory, name) = root.parent(path)?;
    let stat = fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| refused(e, path))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ConnectorError::Permanent(format!(
            "{path} is a link or not a regular file; edit its target manually"
        )));
    }
    if stat.st_nlink > 1 {
        return Err(ConnectorError::Permanent(format!(
            "{path} has {} hard links; replacing it would separate them",
            stat.st_nlink
        )));
    }
    let shipped_read_only =
        path.starts_with("/etc/shadow") || path.starts_with("/etc/gshadow") || path.starts_with("/etc/sudoers");
    if old.mode & 0o222 == 0 && !shipped_read_only {
        return Err(ConnectorError::Forbidden {
            missing: format!("write permission on {path}, which is read-only ({:04o})", old.mode),
        });
    }
    unchanged(&directory, name, path, old)
}

/// Replaces a file by `new`, if it is unchanged since it was read. Keeps mode, owner and extended attributes.
///
/// # Errors
/// [`ConnectorError::Ambiguous`] when the new file is in place but may not survive a power failure; otherwise the old
/// file is unchanged.
pub(super) fn replace(root: &RootDir, path: &str, old: &FileContent, new: &[u8]) -> Result<(), ConnectorError> {
    let (directory, name) = root.parent(path)?;
    let temporary = temporary(name);
    let outcome = staged(&directory, name, &temporary, path, new)
        .map(|model| root.keep(model))
        .and_then(|()| unchanged(&directory, name, path, old))
        .and_then(|()| fs::renameat(&directory, temporary.as_str(), &directory, name).map_err(|e| refused(e, path)));
    if outcome.is_err() {
        // A file that cannot be removed now is removed by the next edit, which holds the same lock.
        let _ = fs::unlinkat(&directory, temporary.as_str(), AtFlags::empty());
    }
    outcome?;
    fs::fsync(&directory)
        .map_err(|e| ConnectorError::Ambiguous(format!("{path} was replaced, but not synced to disk: {e}")))
}

/// Returns the name of the temporary file. It is constant, so that a file left by a crash is found; sudo skips names
/// with a dot.
pub(super) fn temporary(name: &str) -> String {
    format!(".{name}.tenure")
}

/// Writes `new` beside the file, with all attributes of the old file. Returns the old file, whose lock ends when it is
/// closed.
pub(super) fn staged(
    directory: &OwnedFd,
    name: &str,
    temporary: &str,
    path: &str,
    new: &[u8],
) -> Result<std::fs::File, ConnectorError> {
    let error = |e: Errno| refused(e, path);
    match fs::unlinkat(directory, temporary, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(e) => return Err(error(e)),
    }
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let model = fs::openat(directory, name, read, Mode::empty()).map_err(error)?;
    let stat = fs::fstat(&model).map_err(error)?;
    let create = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // The file must not be readable by other users before it has its owner.
    let file = fs::openat(directory, temporary, create, Mode::RUSR | Mode::WUSR).map_err(error)?;
    let mut file = std::fs::File::from(file);
    file.write_all(new).map_err(|e| match e.raw_os_error() {
        Some(code) => error(Errno::from_raw_os_error(code)),
        None => ConnectorError::Transient(format!("{path}: {e}")),
    })?;
    fs::fchown(&file, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid))).map_err(error)?;
    fs::fchmod(&file, Mode::from_raw_mode(stat.st_mode & 0o7777)).map_err(error)?;
    copy_attributes(&model, &file).map_err(error)?;
    fs::fsync(&file).map_err(error)?;
    Ok(std::fs::File::from(model))
}

/// Copies extended attributes: security labels and access control lists.
fn copy_attributes(from: &OwnedFd, to: &std::fs::File) -> Result<(), Errno> {
    let mut names = vec![0; 64 << 10];
    let length = match fs::flistxattr(from, &mut names[..]) {
        Err(Errno::NOTSUP) => return Ok(()),
        answer => answer?,
    };
    for name in names[..length].split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 64 << 10];
        let length = fs::fgetxattr(from, name, &mut value[..])?;
        match fs::fsetxattr(to, name, &value[..length], XattrFlags::empty()) {
            // The file system sets this attribute on new files by itself, or does not support it.
            Ok(()) | Err(Errno::NOTSUP) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn unchanged(directory: &OwnedFd, name: &str, path: &str, old: &FileContent) -> Result<(), ConnectorError> {
    let now = stamp_at(directory, name).map_err(|e| refused(e, path))?;
    if now == old.stamp {
        return Ok(());
    }
    Err(ConnectorError::PreconditionFailed(format!("{path} changed after it was read")))
}
