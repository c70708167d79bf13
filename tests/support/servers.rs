//! Starts real servers on loopback, waits for them, and stops them with the test.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A server process of this test, in its own process group.
///
/// It is stopped when this value is dropped. If the test process is killed instead, a watchdog that holds the other end
/// of a pipe notices it and stops the group.
pub struct Server {
    name: String,
    child: Child,
    group: Pid,
    watchdog: Child,
    output: PathBuf,
    stop: Signal,
    ended: Option<ExitStatus>,
}

impl Server {
    /// Starts `command` with its output going to the file `output`.
    ///
    /// The command must stay in the foreground (`sshd -D`, `postgres`, not `pg_ctl start`). The server may not be ready
    /// yet; see [`Server::wait_until`].
    pub fn start(name: &str, command: &mut Command, output: &Path) -> Self {
        let file = File::create(output).expect("the output file of a server can be made");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a file handle can be cloned"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}; run tests/support/install.sh"));
        let group = Pid::from_child(&child);
        let watchdog = watch(group);
        let output = output.to_owned();
        Self { name: name.to_owned(), child, group, watchdog, output, stop: Signal::TERM, ended: None }
    }

    /// Sets the signal that stops the server, if it is not `TERM`: PostgreSQL stops immediately on `INT`.
    pub fn stopped_by(mut self, signal: Signal) -> Self {
        self.stop = signal;
        self
    }

    /// Waits until `ready` returns true; fails the test with the server's output when it ends or takes too long.
    pub fn wait_until(mut self, mut ready: impl FnMut() -> bool) -> Self {
        let deadline = Instant::now() + START_LIMIT;
        while !ready() {
            if let Some(status) = self.ended() {
                panic!("{} ended at once ({status}):\n{}", self.name, self.output());
            }
            assert!(Instant::now() < deadline, "{} is not ready after {START_LIMIT:?}:\n{}", self.name, self.output());
            sleep(STEP);
        }
        self
    }

    /// Waits until the server accepts connections on a loopback `port`.
    pub fn wait_for_port(self, port: u16) -> Self {
        self.wait_until(|| accepts(port))
    }

    /// Returns everything the server has written so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// Returns the process id of the server, which is also that of its group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to stop, and kills it if it does not.
    pub fn stop(&mut self) {
        // The watchdog is stopped first: once the server is gone, its process id could be reused.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        if self.ended().is_some() {
            return;
        }
        let _ = kill_process_group(self.group, self.stop);
        let deadline = Instant::now() + STOP_LIMIT;
        // The process id is reused only after `wait`, so until then the group belongs to this server.
        while Instant::now() < deadline && self.alive() {
            sleep(STEP);
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        self.ended = self.child.wait().ok();
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    fn alive(&self) -> bool {
        is_running(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns an unused loopback port, below the range of ports for outgoing connections, and never the same one twice in
/// a process.
pub fn free_port() -> u16 {
    static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut taken = TAKEN.lock().expect("no test stops while it holds this");
    let mut bytes = [0; 2];
    for _ in 0..10_000 {
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        let port = FIRST_PORT + u16::from_le_bytes(bytes) % PORTS;
        if !taken.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            taken.insert(port);
            return port;
        }
    }
    panic!("no loopback port is free between {FIRST_PORT} and {}", FIRST_PORT + PORTS);
}

/// Returns whether a loopback `port` accepts connections.
pub fn accepts(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Duration::from_millis(500)).is_ok()
}

/// Returns whether the process `pid` is running; a zombie is not.
pub fn is_running(pid: u32) -> bool {
    let mut stat = String::new();
    let read = File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_string(&mut stat));
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    read.is_ok() && !matches!(state, None | Some('Z' | 'X'))
}

/// Returns the full path of a program, including folders that are only in the `PATH` of administrators.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(more)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`{name}` is not installed; run tests/support/install.sh"))
}

/// Returns the folder below `target` with the installed packages of `install.sh`.
pub fn systems() -> PathBuf {
    let test = std::env::current_exe().expect("this test is a file");
    let places = test.ancestors().map(|folder| folder.join("systems"));
    let found = places.into_iter().find(|folder| folder.is_dir());
    found.unwrap_or_else(|| panic!("nothing is installed in target/systems; run tests/support/install.sh"))
}

/// Starts the process that stops `group` when this process ends.
///
/// The pipe is closed on exec, so no other child process keeps it open, and it closes however this process ends.
fn watch(group: Pid) -> Child {
    Command::new("/bin/sh")
        .args(["-c", WATCHDOG, "watchdog", &group.as_raw_nonzero().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("sh can be started")
}

const WATCHDOG: &str = r#"
read -r _
kill -s TERM -- "-$1" && kill -s INT -- "-$1"
sleep 2
kill -s KILL -- "-$1"
"#;
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(10);
const FIRST_PORT: u16 = 15_000;
const PORTS: u16 = 15_000;
