//! The test harness: servers start, serve and stop with their test.

use crate::support::git_http::{GitHttp, User};
use crate::support::git_ssh::GitSsh;
use crate::support::sandbox::{Sandbox, hook, succeed};
use crate::support::servers::{Server, accepts, free_port, is_running, program};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
fn a_server_serves_and_ends_with_its_value() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let server = sleeper_on(&sandbox, port);
    assert!(accepts(port));
    let pid = server.pid();
    drop(server);
    assert!(!is_running(pid));
    assert!(!accepts(port));
}

#[test]
fn a_server_that_will_not_end_is_made_to() {
    let sandbox = Sandbox::new();
    let mut deaf = Command::new("sh");
    deaf.args(["-c", "trap '' TERM; echo deaf; exec sleep 600"]);
    let server = Server::start("deaf", &mut deaf, &sandbox.join("deaf.log"));
    let output = sandbox.join("deaf.log");
    let server = server.wait_until(|| std::fs::read_to_string(&output).is_ok_and(|text| text == "deaf\n"));
    let pid = server.pid();
    drop(server);
    assert!(!is_running(pid));
}

#[test]
fn a_server_that_fails_shows_its_own_words() {
    let sandbox = Sandbox::new();
    let story = std::panic::catch_unwind(|| {
        let mut failing = Command::new("sh");
        failing.args(["-c", "echo no such cluster >&2; exit 7"]);
        Server::start("failing", &mut failing, &sandbox.join("failing.log")).wait_until(|| false)
    });
    let message = *story.err().expect("it stops the test").downcast::<String>().expect("with a message");
    assert!(message.contains("exit status: 7") && message.contains("no such cluster"), "{message}");
}

/// The other half of the next test: started by it in a separate process, and killed there.
#[test]
#[ignore = "runs inside a_killed_test_leaves_nothing_behind"]
fn holds_a_server() {
    let sandbox = Sandbox::new();
    let port = free_port();
    let server = sleeper_on(&sandbox, port);
    println!("\nserving {} {port}", server.pid());
    sleep(Duration::from_secs(600));
}

#[test]
fn a_killed_test_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let mut test = Command::new(std::env::current_exe().expect("this test is a file"))
        .args(["--exact", "servers::harness::holds_a_server", "--ignored", "--nocapture"])
        .env("TMPDIR", sandbox.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the same tests can be started again");
    let lines = BufReader::new(test.stdout.take().expect("its output is a pipe")).lines();
    let said = lines.map_while(Result::ok).find(|line| line.starts_with("serving ")).expect("it serves");
    let numbers: Vec<u32> = said.split(' ').skip(1).map(|word| word.parse().expect("a number")).collect();
    let [pid, port] = numbers[..] else { panic!("{said}") };
    assert!(is_running(pid));

    test.kill().expect("it can be killed");
    test.wait().expect("and collected");

    let deadline = Instant::now() + Duration::from_secs(10);
    while is_running(pid) {
        assert!(Instant::now() < deadline, "process {pid} outlived its test");
        sleep(Duration::from_millis(20));
    }
    assert!(!accepts(u16::try_from(port).expect("a port")));
}

#[test]
fn ports_are_never_given_out_twice() {
    let ports: std::collections::BTreeSet<u16> = (0..200).map(|_| free_port()).collect();
    assert_eq!(ports.len(), 200);
    assert!(ports.iter().all(|port| !accepts(*port)));
}

#[test]
fn a_sandbox_knows_nothing_of_the_machine() {
    let sandbox = Sandbox::new();
    let seen = succeed(&mut sandbox.command("env", sandbox.path()));
    assert!(!seen.contains("SSH_AUTH_SOCK"), "{seen}");
    let settings = sandbox.git(sandbox.path(), &["config", "--list", "--show-scope"]);
    assert!(!settings.contains("global") && !settings.contains("system"), "{settings}");
    let bare = sandbox.bare("acme.git");
    let first = sandbox.git(&bare, &["commit-tree", "-m", "empty", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
    let again = sandbox.git(&bare, &["commit-tree", "-m", "empty", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
    assert_eq!(first, again, "commits do not depend on who runs the tests, or when");
}

#[test]
fn git_over_http_asks_who_pushes() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("acme.git");
    let http = GitHttp::serve(&sandbox, sandbox.path());
    let work = first_commit(&sandbox);
    let push = |url: &str, login: &[(OsString, OsString)]| {
        let mut command = sandbox.command(program("git"), &work);
        command.envs(login.iter().cloned()).args(["push", "--quiet", url, "HEAD:main"]).output().expect("git starts")
    };

    let nobody = push(&http.url("acme.git"), &[]);
    assert!(said(&nobody).contains("could not read Username"), "{}", said(&nobody));
    let reader = push(&http.url("acme.git"), &http.login(&sandbox, User::Reader));
    assert!(said(&reader).contains("403"), "{}", said(&reader));
    assert_eq!(sandbox.git(&bare, &["for-each-ref"]), "", "neither has written");

    let writer = push(&http.url("acme.git"), &http.login(&sandbox, User::Writer));
    assert!(writer.status.success(), "{}", said(&writer));
    let head = sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(sandbox.git(&bare, &["rev-parse", "main"]), head);
    let read = sandbox.git(&work, &["ls-remote", &http.url_as(User::Reader, "acme.git"), "main"]);
    assert!(read.starts_with(&head), "{read}");
    assert!(!http.output().contains(http.password(User::Writer)));
}

#[test]
fn git_over_http_passes_on_what_a_hook_declines() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("acme.git");
    hook(&bare, "pre-receive", "echo frozen until Monday >&2; exit 1");
    let http = GitHttp::serve(&sandbox, sandbox.path());
    let work = first_commit(&sandbox);
    let url = http.url_as(User::Writer, "acme.git");
    let push = sandbox.command(program("git"), &work).args(["push", &url, "HEAD:main"]).output().expect("git starts");
    assert!(!push.status.success());
    assert!(said(&push).contains("frozen until Monday") && said(&push).contains("pre-receive hook declined"));
}

#[test]
fn git_over_ssh_knows_one_key() {
    let sandbox = Sandbox::new();
    let bare = sandbox.bare("acme.git");
    let ssh = GitSsh::serve(&sandbox);
    let work = first_commit(&sandbox);
    let push = |to: &str| {
        let mut command = sandbox.command(program("git"), &work);
        command.env("GIT_SSH_COMMAND", ssh.command()).args(["push", "--quiet", &ssh.url(&bare), to]);
        command.output().expect("git starts")
    };

    let known = push("HEAD:main");
    assert!(known.status.success(), "{}{}", said(&known), ssh.output());
    let head = sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(sandbox.git(&bare, &["rev-parse", "main"]), head);

    ssh.forget_all_keys();
    let forgotten = push("HEAD:other");
    assert!(said(&forgotten).contains("Permission denied"), "{}", said(&forgotten));
    assert_eq!(sandbox.git(&bare, &["for-each-ref", "refs/heads/other"]), "");
}

/// Creates a repository with one commit and returns its folder.
fn first_commit(sandbox: &Sandbox) -> PathBuf {
    sandbox.git(sandbox.path(), &["init", "--quiet", "--initial-branch=main", "work"]);
    let work = sandbox.join("work");
    sandbox.git(&work, &["commit", "--quiet", "--allow-empty", "--message=first"]);
    work
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a small server that accepts connections and sends no data.
fn sleeper_on(sandbox: &Sandbox, port: u16) -> Server {
    let listen = "import socket,sys,time\ns=socket.create_server(('127.0.0.1',int(sys.argv[1])))\ntime.sleep(600)";
    let mut command = sandbox.command(program("python3"), sandbox.path());
    command.args(["-c", listen, &port.to_string()]);
    Server::start("sleeper", &mut command, &sandbox.join("sleeper.log")).wait_for_port(port)
}
