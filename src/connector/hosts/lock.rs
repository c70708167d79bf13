//! Takes the locks of the system's own tools, so that no two processes write at the same time.

use super::{
    atomic_replace::temporary,
    root_dir::{RootDir, refused, stamp_at},
    snapshot::{GROUP, GSHADOW, PASSWD, SHADOW},
};
use crate::{connector::ConnectorError, model::action::ActionSpec};
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
#[derive(Clone, Debug, Default)]
pub(super) struct LockTargets {
    /// passwd, shadow, group or gshadow.
    pub accounts: bool,
    /// The files of sudoers, with those that it includes.
    pub sudoers: Vec<String>,
}

impl LockTargets {
    /// Returns the files that an action writes.
    pub(super) fn of(action: &ActionSpec) -> Self {
        let touches = |what: &str| action.operations.iter().any(|operation| operation.call.contains(what));
        let rules = action.operations.iter().filter(|operation| operation.call.contains(":sudoers:"));
        let mut sudoers: Vec<String> = rules.filter_map(|operation| operation.with.get("file").cloned()).collect();
        sudoers.sort();
        sudoers.dedup();
        Self { accounts: touches(":passwd:") || touches(":shadow:") || touches(":group:"), sudoers }
    }
}

/// Locks that are held until this value is dropped.
pub(super) struct HeldLocks<'a> {
    _process: MutexGuard<'static, ()>,
    root: &'a RootDir,
    open: Vec<OwnedFd>,
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
/// `/etc/sudoers` and on each file to be written, as visudo(8) takes, and a `sudoers.tmp`, which older tools check.
///
/// Files that an interrupted process has left under these locks are removed.
pub(super) fn acquire<'a>(
    root: &'a RootDir,
    wanted: &LockTargets,
    patience: Duration,
) -> Result<HeldLocks<'a>, ConnectorError> {
    let process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    root.keep_files_open();
    let mut held = HeldLocks { _process: process, root, open: Vec::new(), links: Vec::new() };
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
        held.open.push(file);
        for path in ACCOUNT_LOCKS {
            wait(&mut || held.link(root, path, "\0"), path)?;
        }
    }
    if !wanted.sudoers.is_empty() {
        let main = "/etc/sudoers";
        for path in [main].into_iter().chain(wanted.sudoers.iter().map(String::as_str).filter(|path| *path != main)) {
            let (directory, name) = root.parent(path)?;
            let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = match fs::openat(&directory, name, flags, Mode::empty()) {
                // An included file that is gone needs no lock.
                Err(Errno::NOENT) if path != main => continue,
                answer => answer.map_err(|e| refused(e, path))?,
            };
            wait(&mut || record_lock(&file, path), path)?;
            held.open.push(file);
        }
        wait(&mut || held.link(root, SUDOERS_LOCK, "\n"), SUDOERS_LOCK)?;
    }
    for (directory, name) in leftovers(root, wanted, false)? {
        remove(&directory, &name).map_err(|e| refused(e, &name))?;
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

/// Returns whether an interrupted process has left files under these locks: new contents that were not put into place,
/// or the locks themselves.
pub(super) fn has_leftovers(root: &RootDir, wanted: &LockTargets) -> Result<bool, ConnectorError> {
    Ok(!leftovers(root, wanted, true)?.is_empty())
}

/// Returns the directory and the name of each file that an interrupted process has left.
fn leftovers(root: &RootDir, wanted: &LockTargets, with_locks: bool) -> Result<Vec<(OwnedFd, String)>, ConnectorError> {
    let accounts: &[&str] = if wanted.accounts { &[PASSWD, SHADOW, GROUP, GSHADOW] } else { &[] };
    let locks: &[&str] = if wanted.accounts { &ACCOUNT_LOCKS } else { &[] };
    let sudoers = (!wanted.sudoers.is_empty()).then_some(SUDOERS_LOCK);
    let mut found = Vec::new();
    for path in accounts.iter().copied().chain(wanted.sudoers.iter().map(String::as_str)) {
        let (directory, name) = root.parent(path)?;
        let temporary = temporary(name);
        if stamp_at(&directory, &temporary).is_ok() {
            found.push((directory, temporary));
        }
    }
    for path in locks.iter().copied().chain(sudoers) {
        let (directory, name) = root.parent(path)?;
        // `.NAME.PID`: the file that is linked to the name of the lock.
        let own = format!(".{name}.");
        for other in root.names("/etc")?.unwrap_or_default().into_iter().filter(|other| other.starts_with(&own)) {
            let pid = other[own.len()..].parse().ok().and_then(Pid::from_raw);
            if pid.is_some_and(|pid| pid != getpid() && test_kill_process(pid) == Err(Errno::SRCH)) {
                found.push((root.parent(path)?.0, other));
            }
        }
        if with_locks && holder_is_dead(&directory, name) {
            found.push((directory, name.to_owned()));
        }
    }
    Ok(found)
}

impl HeldLocks<'_> {
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

impl Drop for HeldLocks<'_> {
    fn drop(&mut self) {
        for link in self.links.iter().rev() {
            // A failure cannot be handled here; the next process finds that the holder has ended and removes the lock.
            let _ = remove(&link.directory, &link.name);
        }
        // The locks of fcntl(2) end with their files.
        self.open.clear();
        self.root.close_files();
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

/// The lock files of shadow-utils.
const ACCOUNT_LOCKS: [&str; 4] = ["/etc/passwd.lock", "/etc/group.lock", "/etc/gshadow.lock", "/etc/shadow.lock"];
/// The lock file of older versions of visudo.
const SUDOERS_LOCK: &str = "/etc/sudoers.tmp";
const PAUSE: Duration = Duration::from_millis(50);
