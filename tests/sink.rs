//! Deposited secrets, decrypted with the `age` tool.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

mod support;

use secrecy::{ExposeSecret as _, SecretString};
use support::sandbox::Sandbox;
use support::servers::program;
use tenure::connector::{SecretSink as _, sink::AgeSink};

#[test]
fn age_tool_decrypts_deposit() {
    let sandbox = Sandbox::new();
    let person = age::x25519::Identity::generate();
    let identity = sandbox.join("key.txt");
    std::fs::write(&identity, format!("{}\n", person.to_string().expose_secret())).unwrap();

    let sink = AgeSink::new(&[person.to_public().to_string()], sandbox.path()).unwrap();
    let place = sink.deposit("aws-test-robot", &SecretString::from("a secret of a test".to_owned())).unwrap();

    let mut open = sandbox.command(program("age"), sandbox.path());
    let output = open.arg("-d").arg("-i").arg(&identity).arg(&place).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, b"a secret of a test");
}
