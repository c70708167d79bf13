//! An emulator of AWS: `moto_server` from PyPI, on loopback. Results on the emulator are not results on AWS.
//!
//! Known differences from AWS: an inactive access key still signs; users, groups and keys are listed without pages; a
//! deleted user stays a member of its groups.

use super::sandbox::Sandbox;
use super::servers::{Server, free_port, systems};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

/// A running emulator; stopped when dropped.
pub struct Moto {
    port: u16,
    _server: Server,
    _sandbox: Sandbox,
}

impl Moto {
    /// Starts an empty account. Calls with a wrong key or without the right are refused.
    pub fn start() -> Self {
        let sandbox = Sandbox::new();
        let port = free_port();
        let mut command = sandbox.command(program(), sandbox.path());
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = Server::start("moto_server", &mut command, &sandbox.join("moto.log")).wait_for_port(port);
        let moto = Self { port, _server: server, _sandbox: sandbox };
        moto.checks(true);
        moto
    }

    /// Returns its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a call with full permissions, such as an administrator at the console, and returns the reply.
    pub fn by_hand(&self, action: &str, with: &[(&str, &str)]) -> String {
        self.checks(false);
        let mut body = format!("Version=2010-05-08&Action={action}");
        for (name, value) in with {
            let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            body.push_str(&format!("&{name}={value}"));
        }
        let (status, answer) = self.post("/", &body);
        assert_eq!(status, 200, "{action}: {answer}");
        self.checks(true);
        answer
    }

    /// Switches the check of keys and permissions on or off.
    fn checks(&self, whether: bool) {
        let (status, answer) = self.post("/moto-api/reset-auth", if whether { "0" } else { "inf" });
        assert_eq!(status, 200, "{answer}");
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the emulator is there");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
        let length = body.len();
        let kind = if path == "/" { "application/x-www-form-urlencoded" } else { "text/plain" };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: {kind}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=nobody/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("the emulator reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the emulator answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }
}

/// Returns the text of the first element of this name.
pub fn element(answer: &str, name: &str) -> String {
    let inside = answer.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    inside.unwrap_or_else(|| panic!("no <{name}> in {answer}")).0.to_owned()
}

fn program() -> PathBuf {
    let own = std::env::var_os("TENURE_TEST_VENV").map(|folder| PathBuf::from(folder).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    own.into_iter()
        .chain([systems().join("moto/bin")])
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("moto_server"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("`moto_server` is not installed; run tests/support/install.sh"))
}
