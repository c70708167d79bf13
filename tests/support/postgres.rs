//! A real PostgreSQL server for tests, in a private folder on a free loopback port, stopped with the process.

use super::servers::{Server, free_port, systems};
use postgres::{Client, NoTls};
use rustix::process::Signal;
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A cluster of databases with one superuser, `super`.
pub struct Cluster {
    // Dropped in this order: the server stops before its folder is removed.
    _server: Server,
    _broom: Child,
    folder: PathBuf,
    port: u16,
    password: String,
}

impl Cluster {
    /// Starts a server of Debian's version; `settings` are lines of `postgresql.conf`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, with the command that installs it.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_from(&programs(), settings)
    }

    /// Starts a server of each installed version, the oldest first: Debian's, and those that `install.sh` fetches.
    pub fn start_all(settings: &[&str]) -> Vec<Self> {
        let fetched = ["postgres-16", "postgres-17", "postgres-18"].map(|name| systems().join(name).join("bin"));
        let fetched = fetched.into_iter().filter(|folder| folder.join("initdb").is_file());
        std::iter::once(programs()).chain(fetched).map(|folder| Self::start_from(&folder, settings)).collect()
    }

    fn start_from(programs: &Path, settings: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("tenure-postgres-").tempdir().expect("a folder").keep();
        let user = unprivileged();
        if let Some(user) = &user {
            chown(&folder, Some(user.uid), Some(user.gid)).expect("root can give a folder away");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("own folder");
        let broom = sweep(&folder);
        let password = random();
        let secret = folder.join("password");
        fs::write(&secret, &password).expect("own folder");
        let data = folder.join("data");
        let made = run_as(user.as_ref(), &programs.join("initdb"), &folder)
            .args(["--username=super", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(format!("--pwfile={}", secret.display()))
            .arg(format!("--pgdata={}", data.display()))
            .output()
            .expect("initdb can be started");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let conf = data.join("postgresql.conf");
        let mut lines = fs::read_to_string(&conf).expect("initdb wrote it");
        lines.push_str(
            "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_connections = 200\n",
        );
        lines.push_str(&settings.join("\n"));
        fs::write(&conf, lines + "\n").expect("own folder");
        let port = free_port();
        let mut command = run_as(user.as_ref(), &programs.join("postgres"), &folder);
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        let server = Server::start("postgres", &mut command, &folder.join("log")).stopped_by(Signal::INT);
        let cluster =
            |server| Self { _server: server, _broom: broom, folder: folder.clone(), port, password: password.clone() };
        let ready = || connect(port, "postgres", "super", &password).is_ok();
        cluster(server.wait_until(ready))
    }

    /// Returns the loopback port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the major version of the server.
    pub fn version(&self) -> u32 {
        self.ask("postgres", "SHOW server_version_num").parse::<u32>().expect("a number") / 10_000
    }

    /// Returns the superuser's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Returns the folder of its data, `postgresql.conf` and `pg_hba.conf`.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Changes the owner of a file to the server, so that no other user can read it.
    pub fn give_to_server(&self, file: &Path) {
        if let Some(user) = unprivileged() {
            chown(file, Some(user.uid), Some(user.gid)).expect("root can give a file away");
        }
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("own file");
    }

    /// Returns a connection as the superuser.
    pub fn client(&self, database: &str) -> Client {
        self.log_in(database, "super", &self.password).expect("the superuser can log in")
    }

    /// Tries to log in.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn log_in(&self, database: &str, user: &str, password: &str) -> Result<Client, postgres::Error> {
        connect(self.port, database, user, password)
    }

    /// Runs statements as the superuser.
    pub fn sql(&self, database: &str, statements: &str) {
        self.client(database).batch_execute(statements).unwrap_or_else(|error| panic!("{statements}: {error:?}"));
    }

    /// Returns the first column of the first row as text.
    pub fn ask(&self, database: &str, query: &str) -> String {
        let rows = self.client(database).simple_query(query).unwrap_or_else(|error| panic!("{query}: {error:?}"));
        let first = rows.iter().find_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("").to_owned()),
            _ => None,
        });
        first.unwrap_or_default()
    }
}

fn connect(port: u16, database: &str, user: &str, password: &str) -> Result<Client, postgres::Error> {
    let mut settings = postgres::Config::new();
    settings.host("127.0.0.1").port(port).dbname(database).user(user).password(password);
    settings.connect_timeout(Duration::from_secs(10)).connect(NoTls)
}

struct Unprivileged {
    uid: u32,
    gid: u32,
}

/// The server refuses to run as root, which therefore switches to `postgres`, or to `nobody`.
fn unprivileged() -> Option<Unprivileged> {
    if fs::metadata("/proc/self").expect("proc").uid() != 0 {
        return None;
    }
    let passwd = fs::read_to_string("/etc/passwd").expect("accounts");
    let found = ["postgres", "nobody"].iter().find_map(|name| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some(Unprivileged { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    });
    Some(found.expect("an account `postgres` or `nobody`"))
}

fn run_as(user: Option<&Unprivileged>, program: &Path, folder: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={}", user.uid)).arg(format!("--regid={}", user.gid));
            command.arg("--clear-groups").arg(program);
            command
        }
    };
    command.current_dir(folder).env("HOME", folder).env("LC_ALL", "C");
    command
}

/// Finds `initdb` and `postgres`, newest version first.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .rev()
        .map(|(_, folder)| folder)
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .expect("PostgreSQL is not installed; run `apt-get install postgresql` (or tests/support/install.sh)")
}

/// Removes the folder after this process and the server have ended.
fn sweep(folder: &Path) -> Child {
    Command::new("/bin/sh")
        .args(["-c", BROOM, "broom"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh can be started")
}

fn random() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const BROOM: &str = r#"
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e "$1/data/postmaster.pid" ] || break
  sleep 0.5
done
rm -rf -- "$1"
"#;
