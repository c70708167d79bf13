//! Tests that the command lines in help texts and in generated workflows parse.

use crate::{
    cli::command_line::Cli,
    forge::{WorkflowInputs, workflows},
    model::{
        Digest, SystemId,
        file::{Engine, System},
    },
};
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use std::collections::BTreeMap;

#[test]
fn every_example_of_every_help_text_parses() {
    let mut command = Cli::command();
    command.build();
    let mut examples = Vec::new();
    helps(&command, &mut examples);
    assert!(examples.len() > 80, "{}", examples.len());
    for (whose, line) in examples {
        parses(&whose, &line);
    }
}

#[test]
fn every_workflow_command_parses() {
    let system = r#"
        schema = "tenure/system/v1"
        repo = "urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11"
system = "pg"
        version = 1
prev = "none"
connector = "postgres"
        owner = "ana"
        tier = "T2"
        remediation = "automatic"
        [settings]
        password_env = "PG_PASSWORD"
    "#;
    let systems: BTreeMap<SystemId, System> =
        [(SystemId::parse("pg").unwrap(), toml::from_str(system).unwrap())].into();
    let engine = "version = \"1.0.0\"\nurl = \"https://example.org/tenure\"\ndigest = \"sha256:";
    let engine: Engine = toml::from_str(&format!("{engine}{}\"\n", Digest::of("an engine").hex())).unwrap();
    let files = workflows(WorkflowInputs { root: Digest::of("a root"), engine: &engine, systems: &systems }).unwrap();
    let mut count = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".yml")) {
        for line in run_lines(text) {
            parses(path, &line);
            count += 1;
        }
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn unknown_commands_are_rejected() {
    for line in ["tenure campaign begin", "tenure plan --bogus", "tenure campaign open --from x", "tenure nothing"] {
        assert!(refusal(line).is_some(), "{line}");
    }
    assert_eq!(refusal("tenure collect pg"), None);
}

/// Collects the examples of a command and of its subcommands.
fn helps(command: &clap::Command, examples: &mut Vec<(String, String)>) {
    let whose = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    for text in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
        let text = joined(&text.to_string());
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("tenure "));
        examples.extend(lines.map(|line| (whose.clone(), line.to_owned())));
    }
    command.get_subcommands().for_each(|below| helps(below, examples));
}

/// Returns the `tenure` commands in workflow steps, one for each line.
fn run_lines(text: &str) -> Vec<String> {
    let text = joined(text);
    let line = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("run: ").unwrap_or(line);
        let at = ["tenure ", "./tenure "].iter().find_map(|start| line.strip_prefix(start).map(|rest| rest.to_owned()));
        // The ways in which a shell line contains another command.
        let inner = ["$(tenure ", "if tenure ", "if ! tenure ", "&& tenure ", "|| tenure ", "| tenure "];
        let inside = || inner.iter().find_map(|start| line.split_once(start).map(|(_, rest)| rest.to_owned()));
        at.or_else(inside).map(|rest| format!("tenure {rest}"))
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(line).collect()
}

/// Joins continued lines.
fn joined(text: &str) -> String {
    text.split("\\\n").map(str::trim_end).map(str::trim_start).collect::<Vec<_>>().join(" ")
}

fn parses(whose: &str, line: &str) {
    if let Some(refusal) = refusal(line) {
        panic!("{whose}: `{line}`\n{refusal}");
    }
}

/// Returns the reason why a command line is invalid. Placeholders may be invalid values.
fn refusal(line: &str) -> Option<String> {
    match Cli::command().try_get_matches_from(words(line)) {
        Ok(_) => None,
        Err(error) if matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::DisplayHelp) => None,
        Err(error) => Some(error.to_string()),
    }
}

/// Splits a line into words as a shell does, up to a pipe, a redirection or a remark.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut begun, mut spaces) = (String::new(), None, false, 0);
    for c in line.chars() {
        spaces = if c == ' ' { spaces + 1 } else { 0 };
        match (quote, c) {
            (None, '|' | ';' | '>' | '&' | ')' | '#' | '<') => break,
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
                // At least two spaces separate a remark from the command.
                if spaces > 1 {
                    break;
                }
            }
            (_, c) => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[test]
fn row_48_no_command_has_an_option_for_the_clock() {
    fn walk(command: &clap::Command) {
        for argument in command.get_arguments() {
            let names = [argument.get_id().as_str(), argument.get_long().unwrap_or_default()];
            assert!(!names.iter().any(|name| ["now", "clock", "time"].contains(name)), "{}", command.get_name());
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&Cli::command());
    assert!(Cli::try_parse_from(["tenure", "plan", "--now", "2027-01-01T00:00:00Z"]).is_err());
}
