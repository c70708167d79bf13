//! Takes the locks of the system's own tools, so that no two processes write at the same time.

use super::root_dir::{RootDir, refused};
use crate::connector::ConnectorError;
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{self, AtFlags, FlockOperation, Mode, OFlags},
    io::Errno,
    process::{Pid, getpid, test_kill_process},
};
use std::{
    io::{Read, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The files to be written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LockTargets {
    /// passwd, shadow, group or gshadow.
    pub accounts: bool,
    /// sudoers, or a file it includes.
    pub sudoers: bool,
}

/// Locks that are held until this value is dropped.
pub(super) struct HeldLocks {
    _process: MutexGuard<'static, ()>,
    _open: Vec<OwnedFd>,
    links: Vec<LockLink>,
}

struct LockLink {
    directory: OwnedFd,
    name: String,
}

/// fcntl(2) locks belong to a process, so they do not separate its own threads.
static PROCESS: Mutex<()> = Mutex::new(());

/// Takes the locks, waiting at most `patience`.
///
/// Accounts: an fcntl lock on `/etc/.pwd.lock` (lckpwdf(3)), and `passwd.lock`, `shadow.lock`, `group.lock` and
/// `gshadow.lock` as shadow-utils creates them: hard links to a file with the process id. Sudoers: an fcntl lock on
/// `/etc/sudoers`, as visudo(8) takes, and a `sudoers.tmp`, which older tools check.
pub(super) fn acquire(root: &RootDir, wanted: LockTargets, patience: Duration) -> Result<HeldLocks, ConnectorError> {
    let process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut held = HeldLocks { _process: process, _open: Vec::new(), links: Vec::new() };
    let end = Instant::now() + patience;
    let wait = |attempt: &mut dyn FnMut() -> Result<bool, ConnectorError>, what: &str| loop {
        if attempt()? {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(ConnectorError::Transient(format!("another process holds {what}")));
        }
        std::thread::sleep(PAUSE);
    };
    if wanted.accounts {
        let (directory, name) = root.parent("/etc/.pwd.lock")?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file =
            fs::openat(&directory, name, flags, Mode::RUSR | Mode::WUSR).map_err(|e| refused(e, "/etc/.pwd.lock"))?;
        wait(&mut || record_lock(&file, "/etc/.pwd.lock"), "/etc/.pwd.lock")?;
        held._open.push(file);
        for path in ["/etc/passwd.lock", "/etc/group.lock", "/etc/gshadow.lock", "/etc/shadow.lock"] {
            wait(&mut || held.link(root, path, "\0"), path)?;
        }
    }
    if wanted.sudoers {
        let (directory, name) = root.parent("/etc/sudoers")?;
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&directory, name, flags, Mode::empty()).map_err(|e| refused(e, "/etc/sudoers"))?;
        wait(&mut || record_lock(&file, "/etc/sudoers"), "/etc/sudoers")?;
        held._open.push(file);
        wait(&mut || held.link(root, "/etc/sudoers.tmp", "\n"), "/etc/sudoers.tmp")?;
    }
    Ok(held)
}

fn record_lock(file: &OwnedFd, path: &str) -> Result<bool, ConnectorError> {
    match fs::fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(error) => Err(refused(error, path)),
    }
}

impl HeldLocks {
    /// Creates a lock file as shadow-utils does (lib/commonio.c): a file with the process id, linked to the name of the
    /// lock.
    fn link(&mut self, root: &RootDir, path: &str, after: &str) -> Result<bool, ConnectorError> {
        let (directory, name) = root.parent(path)?;
        let own = format!(".{name}.{}", getpid().as_raw_nonzero());
        let error = |e: Errno| refused(e, path);
        remove(&directory, &own).map_err(error)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&directory, own.as_str(), flags, Mode::RUSR | Mode::WUSR).map_err(error)?;
        let text = format!("{}{after}", getpid().as_raw_nonzero());
        std::fs::File::from(file)
            .write_all(text.as_bytes())
            .map_err(|e| ConnectorError::Transient(format!("{path}: {e}")))?;
        let linked = match fs::linkat(&directory, own.as_str(), &directory, name, AtFlags::empty()) {
            Err(Errno::EXIST) if holder_is_dead(&directory, name) => {
                remove(&directory, name).map_err(error)?;
                fs::linkat(&directory, own.as_str(), &directory, name, AtFlags::empty())
            }
            answer => answer,
        };
        remove(&directory, &own).map_err(error)?;
        match linked {
            Ok(()) => {
                self.links.push(LockLink { directory, name: name.to_owned() });
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            Err(e) => Err(error(e)),
        }
    }
}

impl Drop for HeldLocks {
    fn drop(&mut self) {
        for link in self.links.iter().rev() {
            // A failure cannot be handled here; the next process finds that the holder has ended and removes the lock.
            let _ = remove(&link.directory, &link.name);
        }
    }
}

/// Returns whether the holder of a lock has ended. A lock whose text is not a process id is kept.
fn holder_is_dead(directory: &OwnedFd, name: &str) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = fs::openat(directory, name, flags, Mode::empty()) else { return false };
    let mut text = String::new();
    if std::fs::File::from(file).take(32).read_to_string(&mut text).is_err() {
        return false;
    }
    let pid = text.trim_end_matches(['\0', '\n']).parse::<i32>().ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| pid == getpid() || test_kill_process(pid) == Err(Errno::SRCH))
}

fn remove(directory: impl AsFd, name: &str) -> Result<(), Errno> {
    match fs::unlinkat(directory, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        answer => answer,
    }
}

const PAUSE: Duration = Duration::from_millis(50);
