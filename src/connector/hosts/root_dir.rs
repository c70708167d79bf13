//! Opens files below the root directory, without following symbolic links out of it.

use crate::connector::ConnectorError;
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags},
    io::Errno,
};
use std::{
    io::{Read, Seek},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use zeroize::Zeroizing;

/// The root directory of one system.
pub(super) struct RootDir {
    dir: OwnedFd,
    path: PathBuf,
    calls: AtomicU64,
    /// The files that were read since a lock was taken. A lock of fcntl(2) ends when the process closes any descriptor of
    /// its file.
    kept: Mutex<Option<Vec<std::fs::File>>>,
    /// The programs that run as root for their callers, searched once.
    root_programs: OnceLock<Vec<String>>,
}

/// The bytes of a file. Reads that find the same bytes share them.
pub(super) type FileBytes = Arc<Zeroizing<Vec<u8>>>;

/// The state of a file when it was read. It has no `Debug`, because it may be a shadow file.
#[derive(Clone)]
pub(super) struct FileContent {
    /// Its bytes.
    pub bytes: FileBytes,
    /// The metadata that changes with every modification.
    pub stamp: FileStamp,
    /// Its permission bits.
    pub mode: u32,
    /// The uid of its owner.
    pub owner: u32,
}

/// File metadata that changes with every modification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
}

/// The metadata of a file that decides who can read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileMetadata {
    /// The metadata that changes with every modification.
    pub stamp: FileStamp,
    /// The uid of its owner.
    pub owner: u32,
    /// Its permission bits.
    pub mode: u32,
}

impl FileStamp {
    /// Returns the identity that is the same for every path to the file.
    pub(super) fn identity(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// Returns the second after 1970-01-01 in which the file was last written.
    pub(super) fn modified_seconds(&self) -> i64 {
        self.modified.0
    }

    /// Returns the day after 1970-01-01 on which the file was last written.
    pub(super) fn modified_day(&self) -> i64 {
        self.modified.0.div_euclid(86_400)
    }
}

impl RootDir {
    /// Opens the directory at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, ConnectorError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = fs::open(path, flags, Mode::empty()).map_err(|e| refused(e, &path.display().to_string()))?;
        Ok(Self {
            dir,
            path: path.to_owned(),
            calls: AtomicU64::new(0),
            kept: Mutex::new(None),
            root_programs: OnceLock::new(),
        })
    }

    /// Returns the directory as configured.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of files and directories opened so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Keeps the files open that are read from now on, until [`RootDir::close_files`].
    pub(super) fn keep_files_open(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// Closes the files that were kept open.
    pub(super) fn close_files(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Keeps a file open, if its descriptor may be one of a locked file.
    pub(super) fn keep(&self, file: std::fs::File) {
        if let Some(kept) = &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner) {
            kept.push(file);
        }
    }

    /// Reads a regular file completely; a missing file is an error.
    pub(super) fn read(&self, path: &str) -> Result<FileContent, ConnectorError> {
        self.read_if_there(path)?.ok_or_else(|| ConnectorError::NotFound(path.to_owned()))
    }

    /// Reads a regular file completely, or returns `None` when it certainly does not exist.
    pub(super) fn read_if_there(&self, path: &str) -> Result<Option<FileContent>, ConnectorError> {
        self.read_again(path, None)
    }

    /// Reads a regular file completely, as [`RootDir::read_if_there`]. If its bytes are the known ones, they are shared.
    pub(super) fn read_again(
        &self,
        path: &str,
        known: Option<&FileBytes>,
    ) -> Result<Option<FileContent>, ConnectorError> {
        // Without NONBLOCK, a FIFO created by a user in place of a file would block the read forever.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match self.resolve(path, flags) {
            Ok(file) => {
                let (content, file) = read_whole(file, path, known)?;
                self.keep(file);
                Ok(Some(content))
            }
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(refused(error, path)),
        }
    }

    /// Reads a file that changes continuously, such as a log or a file in `/proc`, if it exists.
    pub(super) fn read_moving(&self, path: &str) -> Result<Option<Vec<u8>>, ConnectorError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match self.resolve(path, flags) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(refused(error, path)),
        };
        let mut bytes = Vec::new();
        let mut limited = std::fs::File::from(file).take(LARGEST as u64 + 1);
        limited.read_to_end(&mut bytes).map_err(|e| ConnectorError::Transient(format!("{path}: {e}")))?;
        if bytes.len() > LARGEST {
            return Err(ConnectorError::Permanent(format!("{path} is larger than {LARGEST} bytes")));
        }
        Ok(Some(bytes))
    }

    /// Returns the lines of a file with their numbers, without comments after `#`; none when it cannot be read.
    pub(super) fn lines(&self, file: &str) -> Vec<(usize, String)> {
        let bytes = self.read_moving(file).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let each = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default().trim()));
        each.filter(|(_, line)| !line.is_empty()).map(|(number, line)| (number, line.to_owned())).collect()
    }

    /// Returns the programs that run as root for their callers, which `search` finds. Later reads do not search again.
    pub(super) fn root_programs(&self, search: impl FnOnce(&Self) -> Vec<String>) -> &[String] {
        self.root_programs.get_or_init(|| search(self))
    }

    /// Returns the metadata of a file, or `None` when it does not exist.
    pub(super) fn stamp(&self, path: &str) -> Result<Option<FileStamp>, ConnectorError> {
        match self.resolve(path, OFlags::PATH | OFlags::CLOEXEC) {
            Ok(file) => fs::fstat(&file).map(|stat| Some(stamp_of(&stat))).map_err(|e| refused(e, path)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(refused(error, path)),
        }
    }

    /// Returns the metadata of a file with its owner and mode, or `None` when it does not exist.
    pub(super) fn metadata(&self, path: &str) -> Result<Option<FileMetadata>, ConnectorError> {
        match self.resolve(path, OFlags::PATH | OFlags::CLOEXEC) {
            Ok(file) => {
                let stat = fs::fstat(&file).map_err(|e| refused(e, path))?;
                let (owner, mode) = (stat.st_uid, stat.st_mode & 0o7777);
                Ok(Some(FileMetadata { stamp: stamp_of(&stat), owner, mode }))
            }
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(refused(error, path)),
        }
    }

    /// Returns the sorted names in a directory, or `None` when it does not exist.
    pub(super) fn names(&self, path: &str) -> Result<Option<Vec<String>>, ConnectorError> {
        let dir = match self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC) {
            Ok(dir) => dir,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(error) => return Err(refused(error, path)),
        };
        let mut names = Vec::new();
        for entry in Dir::new(dir).map_err(|e| refused(e, path))? {
            let entry = entry.map_err(|e| refused(e, path))?;
            let name = entry
                .file_name()
                .to_str()
                .map_err(|_| ConnectorError::Permanent(format!("{path} contains a name that is not UTF-8")))?;
            if !matches!(name, "." | "..") {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(Some(names))
    }

    /// Opens the parent directory of a file, and returns it with the file's name.
    pub(super) fn parent<'a>(&self, path: &'a str) -> Result<(OwnedFd, &'a str), ConnectorError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = self.resolve(if parent.is_empty() { "/" } else { parent }, flags).map_err(|e| refused(e, path))?;
        Ok((dir, name))
    }

    fn resolve(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let beneath = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match fs::openat2(&self.dir, path, flags, Mode::empty(), beneath) {
            // Kernels before 5.6, and sandboxes without the system call.
            Err(Errno::NOSYS | Errno::PERM) => walk(&self.dir, path, flags),
            answer => answer,
        }
    }
}

/// Resolves `path` component by component as a process with the root directory `root` would.
fn walk(root: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut stack = vec![root.try_clone().map_err(|_| Errno::MFILE)?];
    let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        let Some(here) = stack.last() else { return Err(Errno::NOENT) };
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                if stack.len() > 1 {
                    stack.pop();
                }
                continue;
            }
            _ => {}
        }
        let next = fs::openat(here, part.as_str(), step, Mode::empty())?;
        if FileType::from_raw_mode(fs::fstat(&next)?.st_mode) != FileType::Symlink {
            stack.push(next);
            continue;
        }
        links += 1;
        if links > 40 {
            return Err(Errno::LOOP);
        }
        let target = fs::readlinkat(here, part.as_str(), Vec::new())?;
        let target = target.to_str().map_err(|_| Errno::ILSEQ)?;
        if target.starts_with('/') {
            stack.truncate(1);
        }
        rest.extend(target.split('/').rev().map(str::to_owned));
    }
    let last = stack.last().ok_or(Errno::NOENT)?;
    if flags.contains(OFlags::PATH) {
        return last.try_clone().map_err(|_| Errno::MFILE);
    }
    // Opens the result of the walk, independent of later changes of the path.
    use rustix::fd::AsRawFd;
    fs::open(format!("/proc/self/fd/{}", last.as_raw_fd()), flags, Mode::empty())
}

fn read_whole(
    file: OwnedFd,
    path: &str,
    known: Option<&FileBytes>,
) -> Result<(FileContent, std::fs::File), ConnectorError> {
    let stat = fs::fstat(&file).map_err(|e| refused(e, path))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ConnectorError::Permanent(format!("{path} is not a regular file")));
    }
    let size = usize::try_from(stat.st_size).unwrap_or(0).min(LARGEST);
    let mut file = std::fs::File::from(file);
    let failed = |e: std::io::Error| ConnectorError::Transient(format!("{path}: {e}"));
    let same = match known {
        Some(known) if known.len() == size => has_bytes(&mut file, known).map_err(failed)?.then(|| known.clone()),
        _ => None,
    };
    let bytes = match same {
        Some(known) => known,
        None => {
            file.rewind().map_err(failed)?;
            let mut bytes = Zeroizing::new(Vec::with_capacity(size));
            (&file).take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
            Arc::new(bytes)
        }
    };
    if bytes.len() > LARGEST {
        return Err(ConnectorError::Permanent(format!("{path} is larger than {LARGEST} bytes")));
    }
    let after = fs::fstat(&file).map_err(|e| refused(e, path))?;
    if stamp_of(&after) != stamp_of(&stat) || bytes.len() as u64 != stamp_of(&stat).size {
        return Err(ConnectorError::Transient(format!("{path} changed while it was read")));
    }
    let content = FileContent { bytes, stamp: stamp_of(&stat), mode: stat.st_mode & 0o7777, owner: stat.st_uid };
    Ok((content, file))
}

/// Reads a file, and returns whether it has these bytes.
fn has_bytes(file: &mut std::fs::File, known: &[u8]) -> std::io::Result<bool> {
    // It may hold a part of a shadow file.
    let mut block = Zeroizing::new([0_u8; 8 << 10]);
    let mut rest = known;
    loop {
        match file.read(&mut block[..])? {
            0 => return Ok(rest.is_empty()),
            count if rest.get(..count) == Some(&block[..count]) => rest = &rest[count..],
            _ => return Ok(false),
        }
    }
}

/// Returns the metadata of the file `name` in `dir`, without following a link.
pub(super) fn stamp_at(dir: impl AsFd, name: &str) -> Result<FileStamp, Errno> {
    fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| stamp_of(&stat))
}

#[expect(clippy::unnecessary_cast, reason = "the widths of these fields differ between architectures")]
fn stamp_of(stat: &fs::Stat) -> FileStamp {
    FileStamp {
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        size: stat.st_size as u64,
        modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
    }
}

/// Converts an error of the operating system to the class that determines the next step.
pub(super) fn refused(error: Errno, path: &str) -> ConnectorError {
    match error {
        Errno::NOENT | Errno::NOTDIR => ConnectorError::NotFound(path.to_owned()),
        Errno::ACCESS | Errno::PERM => ConnectorError::Forbidden { missing: format!("access to {path} ({error})") },
        Errno::ROFS => {
            ConnectorError::Forbidden { missing: format!("writing to {path}: its file system is read-only") }
        }
        Errno::LOOP => ConnectorError::Permanent(format!("{path} leads through too many or forbidden symbolic links")),
        Errno::ISDIR | Errno::NAMETOOLONG | Errno::NXIO => ConnectorError::Permanent(format!("{path}: {error}")),
        Errno::NOSPC | Errno::DQUOT => ConnectorError::Transient(format!("no space left on the target for {path}")),
        other => ConnectorError::Transient(format!("{path}: {other}")),
    }
}

/// Far above any real account file, and small enough for memory.
const LARGEST: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn full_disk_of_the_target_is_named() {
        let error = refused(Errno::NOSPC, "/etc/group");
        assert!(error.to_string().ends_with("no space left on the target for /etc/group"), "{error}");
    }

    #[test]
    fn links_stay_below_the_root() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("tree/etc/real")).unwrap();
        std::fs::write(dir.path().join("passwd"), "outside").unwrap();
        std::fs::write(dir.path().join("tree/passwd"), "inside").unwrap();
        symlink("../../../../passwd", dir.path().join("tree/etc/up")).unwrap();
        symlink("/passwd", dir.path().join("tree/etc/absolute")).unwrap();
        symlink("real/../../passwd", dir.path().join("tree/etc/round")).unwrap();
        symlink("loop", dir.path().join("tree/etc/loop")).unwrap();
        let root = RootDir::open(&dir.path().join("tree")).unwrap();
        for path in ["/etc/up", "/etc/absolute", "/etc/round", "/../../passwd"] {
            assert_eq!(root.read(path).unwrap().bytes.as_slice(), b"inside", "{path}");
            let file = walk(&root.dir, path, OFlags::RDONLY | OFlags::CLOEXEC).unwrap();
            assert_eq!(read_whole(file, path, None).unwrap().0.bytes.as_slice(), b"inside", "{path}");
        }
        assert!(matches!(root.read("/etc/loop"), Err(ConnectorError::Permanent(_))));
        assert_eq!(walk(&root.dir, "/etc/loop", OFlags::RDONLY).map(|_| ()), Err(Errno::LOOP));
    }

    #[test]
    fn non_regular_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("passwd")).unwrap();
        let root = RootDir::open(dir.path()).unwrap();
        assert!(matches!(root.read("/passwd"), Err(ConnectorError::Permanent(_))));
        assert!(matches!(root.read("/shadow"), Err(ConnectorError::NotFound(_))));
        assert!(root.read_if_there("/shadow").unwrap().is_none());
    }
}
