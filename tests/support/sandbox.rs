//! A home, a git configuration and an identity, isolated from the machine.

use super::servers::program;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A temporary folder with its own home; deleted when dropped.
pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    /// Creates an empty sandbox.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("tenure-").tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(root.path().join("home")).expect("a folder can be made");
        Self { root }
    }

    /// Returns the folder of the sandbox.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Returns the path of `name` in the sandbox.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Returns the complete environment of a command in the sandbox: no configuration, agent, proxy or language of the
    /// machine.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut all: Vec<(OsString, OsString)> =
            FIXED.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        let path = std::env::var("PATH").unwrap_or_default();
        all.push(("PATH".into(), format!("{path}:/usr/local/sbin:/usr/sbin:/sbin").into()));
        all.push(("HOME".into(), self.join("home").into()));
        all.push(("XDG_CONFIG_HOME".into(), self.join("home/.config").into()));
        all
    }

    /// Returns a command with only [`Sandbox::environment`] that starts in `folder`.
    pub fn command(&self, program: impl AsRef<OsStr>, folder: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment()).current_dir(folder);
        command
    }

    /// Runs `git` in `folder` and returns its output without the last line end; fails the test on an error.
    pub fn git(&self, folder: impl AsRef<Path>, arguments: &[&str]) -> String {
        succeed(self.command(program("git"), folder).args(arguments))
    }

    /// Creates a bare repository whose branch is `main`, and returns its path.
    pub fn bare(&self, name: &str) -> PathBuf {
        let path = self.join(name);
        self.git(self.path(), &["init", "--quiet", "--bare", "--initial-branch=main", name]);
        path
    }
}

/// Sets the time at which a command runs. The program has no option for it: Debian's libfaketime answers for the clock.
pub fn at<'c>(command: &'c mut Command, time: &str) -> &'c mut Command {
    let time = time.trim_end_matches('Z').replace('T', " ");
    command.env("LD_PRELOAD", library_of_time()).env("FAKETIME", time);
    // Only the time of day changes: waiting and the times of files do not.
    command.envs([("DONT_FAKE_MONOTONIC", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")])
}

/// Returns the path of libfaketime, which differs by architecture.
fn library_of_time() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("the folder exists").flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.exists()).expect("faketime is installed: tests/support/install.sh")
}

/// Adds a hook to a bare repository: a shell script, as on a Git host.
pub fn hook(repository: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(repository.join("hooks")).expect("a folder can be made");
    executable(&repository.join("hooks").join(name), &format!("#!/bin/sh\n{script}\n"));
}

/// Writes a program.
///
/// Another process writes it: a file that this process has open for writing cannot be executed, and a child process that
/// another test starts at that moment would keep it open.
pub fn executable(file: &Path, text: &str) {
    let mut writer = Command::new(program("install"));
    writer.args(["-m", "755", "/dev/stdin"]).arg(file).stdin(Stdio::piped());
    let mut writer = writer.spawn().expect("install can be started");
    let mut input = writer.stdin.take().expect("its input is a pipe");
    input.write_all(text.as_bytes()).expect("install reads");
    drop(input);
    assert!(writer.wait().expect("install ends").success(), "{}", file.display());
}

/// Runs a command and returns its output without the last line end; fails the test on an error.
pub fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.trim_end_matches('\n').to_owned()
}

const FIXED: [(&str, &str); 13] = [
    ("GIT_AUTHOR_DATE", "2026-11-23T05:00:00Z"),
    ("GIT_AUTHOR_EMAIL", "ana.ruiz@example.org"),
    ("GIT_AUTHOR_NAME", "Ana Ruiz"),
    ("GIT_COMMITTER_DATE", "2026-11-23T05:00:00Z"),
    ("GIT_COMMITTER_EMAIL", "ana.ruiz@example.org"),
    ("GIT_COMMITTER_NAME", "Ana Ruiz"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C.UTF-8"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("TERM", "dumb"),
    ("TZ", "UTC"),
];
