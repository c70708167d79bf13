//! Runs a program with a time limit, and makes its output safe to print.

use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    io::Read,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// An error of running a program.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChildError {
    /// It could not be started.
    #[error("`{program}` could not be started: {why}")]
    NotStarted {
        /// The program.
        program: String,
        /// The reason from the operating system.
        why: String,
    },
    /// It did not end in time, and was stopped together with its child processes.
    #[error("`{program}` did not end within {seconds} s")]
    TimedOut {
        /// The program.
        program: String,
        /// The time limit.
        seconds: u64,
    },
}

/// The output of a program.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ChildOutput {
    /// Whether it ended with status 0.
    pub(super) succeeded: bool,
    /// Its standard output, at most a few megabytes.
    pub(super) output: String,
    /// Its error output, without credentials and control characters.
    pub(super) complaint: String,
}

/// Runs `command` without input, for at most `patience`. The command gets its own process group, so that its helpers
/// (ssh, a credential helper) end with it and cannot read the terminal.
pub(super) fn run(mut command: Command, patience: Duration) -> Result<ChildOutput, ChildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let deadline = Instant::now() + patience;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child =
        command.spawn().map_err(|error| ChildError::NotStarted { program: program.clone(), why: error.to_string() })?;
    let group = Pid::from_child(&child);
    let output = drain(child.stdout.take());
    let complaint = drain(child.stderr.take());
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => break None,
        }
    };
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
    // A helper that outlives the program can hold its pipes open: the time limit includes reading them.
    let read =
        ended.and_then(|status| Some((status, output.recv_timeout(left).ok()?, complaint.recv_timeout(left).ok()?)));
    let Some((status, output, complaint)) = read else {
        let _gone = kill_process_group(group, Signal::KILL);
        let _reaped = child.wait();
        return Err(ChildError::TimedOut { program, seconds: patience.as_secs() });
    };
    Ok(ChildOutput {
        succeeded: status.success(),
        output: String::from_utf8_lossy(&output).into_owned(),
        complaint: presentable(&String::from_utf8_lossy(&complaint)),
    })
}

/// Reads a pipe to its end, and keeps the first part of it.
fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut pipe) = pipe {
            let mut chunk = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                let room = MOST_OUTPUT.saturating_sub(kept.len());
                kept.extend_from_slice(&chunk[..count.min(room)]);
            }
        }
        send.send(kept)
    });
    receive
}

/// Returns `text` on a few lines, without control characters, and without the user part and the query of URLs.
pub(super) fn presentable(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let cleaned: Vec<String> = lines
        .take(MOST_LINES)
        .map(|line| {
            let plain: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_WIDTH).collect();
            plain.split_inclusive(ENDS).map(without_secrets).collect()
        })
        .collect();
    cleaned.join("; ")
}

fn without_secrets(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    // Drops everything before the last `@`: a password may contain an unescaped slash.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let shown = rest.find(['?', '#']).map_or(rest, |query| &rest[..query]);
    let end = rest.chars().last().filter(|last| shown.len() < rest.len() && ENDS.contains(last));
    format!("{scheme}://{shown}{}", end.map(String::from).unwrap_or_default())
}

const ENDS: [char; 5] = [' ', '\'', '"', '<', '>'];
const MOST_LINES: usize = 12;
const MOST_OUTPUT: usize = 4 << 20;
const MOST_WIDTH: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_output_contains_no_credentials() {
        for (said, shown) in [
            (
                "fatal: unable to access 'https://ana:hunter2@h.example/r.git/': x",
                "fatal: unable to access 'https://h.example/r.git/': x",
            ),
            ("https://token@h/r?private=1 end", "https://h/r end"),
            ("ssh://git@h/r", "ssh://h/r"),
            ("https://ana:pass/word@h.example/r", "https://h.example/r"),
            ("https://a@b@c:8080/r", "https://c:8080/r"),
            ("no url\u{1b}[2J\nsecond", "no url [2J; second"),
        ] {
            assert_eq!(presentable(said), shown);
        }
    }

    #[test]
    fn timed_out_program_is_stopped_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & sleep 60"]);
        let began = Instant::now();
        let error = run(command, Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, ChildError::TimedOut { .. }));
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn helper_with_open_pipe_does_not_block() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & exit 0"]);
        let began = Instant::now();
        assert!(run(command, Duration::from_millis(300)).is_err());
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn missing_program_is_named() {
        let error = run(Command::new("no-such-program-here"), Duration::from_secs(1)).unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"));
    }
}
