//! Calls of the user's own `git`, with the same settings and environment for every call.

use super::Repository;
use std::process::Command;

/// Returns the command `git` with these arguments, in a repository.
pub(super) fn git_command(repository: Option<&Repository>, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    command.args(arguments).envs(ENVIRONMENT);
    if let Some(repository) = repository {
        // Relative URLs in the configuration are relative to the work tree, where users run git themselves.
        let place = repository.work_tree().unwrap_or_else(|| repository.inner.path());
        command.env("GIT_DIR", repository.inner.path()).current_dir(place);
    }
    command
}

/// Settings of every call: no hooks of this clone, no background maintenance, no password on a command line.
const SETTINGS: [&str; 6] = [
    "advice.pushUpdateRejected=false",
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.version=2",
    "transfer.credentialsInUrl=die",
];

const ENVIRONMENT: [(&str, &str); 7] = [
    ("GIT_ALLOW_PROTOCOL", "file:http:https:ssh"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LANGUAGE", ""),
    ("LC_ALL", "C"),
    // ssh uses its helper program or none, never the terminal.
    ("SSH_ASKPASS_REQUIRE", "force"),
];

/// Variables that would redirect git to another repository or make it print what it sends.
const NOT_INHERITED: [&str; 20] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CURL_VERBOSE",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_SETUP",
    "GIT_WORK_TREE",
];
