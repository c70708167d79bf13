//! A git remote over HTTP with a user who may write and one who may only read.

use super::sandbox::Sandbox;
use super::servers::{Server, program};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// A running `git http-backend` behind Basic authentication; stopped when dropped.
pub struct GitHttp {
    server: Server,
    port: u16,
    passwords: [String; 2],
}

/// A user of the remote.
#[derive(Clone, Copy)]
pub enum User {
    /// May fetch.
    Reader,
    /// May fetch and push.
    Writer,
}

impl GitHttp {
    /// Serves the bare repositories in folder `root` of the sandbox.
    pub fn serve(sandbox: &Sandbox, root: &Path) -> Self {
        let passwords = [password(), password()];
        let users = sandbox.join("git-http-users.json");
        let [reader, writer] = &passwords;
        let text = format!(
            r#"{{"reader": {{"password": "{reader}", "write": false}}, "writer": {{"password": "{writer}", "write": true}}}}"#
        );
        fs::write(&users, text).expect("a file in the sandbox can be written");
        let mut command = sandbox.command(program("python3"), sandbox.path());
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/git_http.py")).arg(root).arg(users);
        let mut port = None;
        let output = sandbox.join("git-http.log");
        let server = Server::start("git-http", &mut command, &output).wait_until(|| {
            port = fs::read_to_string(&output).ok().and_then(|text| announced(&text));
            port.is_some()
        });
        Self { server, port: port.expect("it was waited for"), passwords }
    }

    /// Returns the address of a repository, without a user.
    pub fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }

    /// Returns the address of a repository with a user's name and password in it.
    pub fn url_as(&self, user: User, repository: &str) -> String {
        format!("http://{}:{}@127.0.0.1:{}/{repository}", user.name(), self.password(user), self.port)
    }

    /// Returns the variables that make `git` log in as `user`, through a credential helper, with the plain
    /// [`GitHttp::url`].
    pub fn login(&self, sandbox: &Sandbox, user: User) -> Vec<(OsString, OsString)> {
        let file = sandbox.join(&format!("git-http-{}.credentials", user.name()));
        let line = self.url_as(user, "");
        fs::write(&file, line.trim_end_matches('/')).expect("a file in the sandbox can be written");
        let helper = format!("store --file={}", file.display());
        [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "credential.helper"), ("GIT_CONFIG_VALUE_0", &helper)]
            .map(|(name, value)| (name.into(), value.into()))
            .into()
    }

    /// Returns the password of a user, to search for it where it must not occur.
    pub fn password(&self, user: User) -> &str {
        match user {
            User::Reader => &self.passwords[0],
            User::Writer => &self.passwords[1],
        }
    }

    /// Returns the output of the server, one line per request.
    pub fn output(&self) -> String {
        self.server.output()
    }
}

impl User {
    fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
        }
    }
}

fn announced(output: &str) -> Option<u16> {
    output.lines().find_map(|line| line.strip_prefix("listening ")).and_then(|port| port.parse().ok())
}

fn password() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
