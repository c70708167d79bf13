//! Checks that every command in the documentation is accepted by the program.

use super::{blocks, markdown, pages, read};
use crate::support::sandbox::Sandbox;
use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

#[test]
fn commands_in_blocks_are_accepted() {
    let mut refused = Vec::new();
    let mut count = 0;
    for page in pages() {
        for block in blocks::blocks(&read(&page)) {
            for line in block_commands(&block) {
                count += 1;
                if let Some(why) = usage_error(&line) {
                    refused.push(format!("{page}:{}: `{line}`\n{why}", block.line));
                }
            }
        }
    }
    assert!(refused.is_empty(), "\n{}\n", refused.join("\n"));
    assert!(count > 40, "{count} commands");
}

#[test]
fn commands_in_text_exist() {
    let mut helps = Helps::default();
    let mut unknown = Vec::new();
    for page in pages() {
        for (line, text) in markdown::prose(&read(&page)) {
            for span in markdown::spans(&text).into_iter().filter(|span| span.starts_with("tenure ")) {
                if let Some(why) = helps.refuse(span) {
                    unknown.push(format!("{page}:{line}: `{span}`: {why}"));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "\n{}\n", unknown.join("\n"));
}

/// Returns the commands of a block that start this program, one for each line.
fn block_commands(block: &blocks::Block) -> Vec<String> {
    let console = block.language == "console";
    if !console && block.language != "sh" {
        return Vec::new();
    }
    let joined = block.text.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| if console { line.strip_prefix("$ ") } else { Some(line.trim()) });
    lines.filter(|line| line.starts_with("tenure ")).map(str::to_owned).collect()
}

/// Returns the error message of the program for an unknown command line. A known command starts to search for a
/// repository in an empty folder, and exits with another code than 2.
fn usage_error(line: &str) -> Option<String> {
    let sandbox = Sandbox::new();
    let words = line.split(" | ").next().unwrap_or_default().split(" > ").next().unwrap_or_default();
    let words = words.split(" && ").next().unwrap_or_default().split("   # ").next().unwrap_or_default();
    let mut command = sandbox.command("bash", sandbox.path());
    command.args(["-c", &words.replacen("tenure", env!("CARGO_BIN_EXE_tenure"), 1)]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let refused = output.status.code() == Some(2);
    refused.then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The help texts of commands, each requested once.
#[derive(Default)]
struct Helps(BTreeMap<Vec<String>, Option<String>>);

impl Helps {
    /// Returns the reason why a command, possibly with placeholders, is invalid.
    fn refuse(&mut self, span: &str) -> Option<String> {
        let mut path: Vec<String> = Vec::new();
        let mut help = self.of(&path)?;
        let mut words = span.split(' ').skip(1).peekable();
        if words.peek() == Some(&"help") {
            words.next();
        }
        for word in words {
            if let Some(option) = word.strip_prefix("--") {
                let option = option.split(['=', '…']).next().unwrap_or(option);
                if !help.contains(&format!("--{option}")) {
                    return Some(format!("no option `--{option}`"));
                }
                continue;
            }
            let name = word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            if !(path.is_empty() || help.contains("\nCommands:\n")) || !name {
                continue;
            }
            path.push(word.to_owned());
            let Some(text) = self.of(&path) else { return Some(format!("no command `{}`", path.join(" "))) };
            help = text;
        }
        None
    }

    fn of(&mut self, path: &[String]) -> Option<String> {
        let ask = || {
            let output = Command::new(env!("CARGO_BIN_EXE_tenure")).args(path).arg("--help").output().unwrap();
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        self.0.entry(path.to_vec()).or_insert_with(ask).clone()
    }
}
