//! Tests that every `tenure` command in a message exists: each one in a string literal of `src` is parsed.
//!
//! A command in backticks is a reference and may omit its arguments; any other command must be complete.

use super::help_examples::words;
use crate::cli::command_line::Cli;
use clap::{CommandFactory as _, error::ErrorKind};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn commands_in_messages_parse() {
    let mut refused = Vec::new();
    let mut count = 0;
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for literal in string_literals(product) {
            for found in commands(&literal) {
                count += 1;
                if let Some(why) = rejection(&found) {
                    refused.push(format!("{}: `{}`: {why}", path.display(), found.line));
                }
            }
        }
    }
    assert!(refused.is_empty(), "\n{}", refused.join("\n"));
    assert!(count > 100, "{count} commands");
}

#[test]
fn commands_are_found_in_messages() {
    let found = |text: &str| commands(text).into_iter().map(|one| (one.line, one.quoted)).collect::<Vec<_>>();
    assert_eq!(
        found("run `tenure plan {id}`, then tenure enforce; or stop"),
        [("tenure plan x1".to_owned(), true), ("tenure enforce".to_owned(), false)]
    );
    assert_eq!(found("Tenure plans; tenure/1 and tenure {shown}"), []);
    let line = |text: &str| MessageCommand { line: text.to_owned(), quoted: false };
    for unknown in ["tenure campaign begin", "tenure plan --bogus", "tenure sign", "tenure review ITEM"] {
        assert!(rejection(&line(unknown)).is_some(), "{unknown}");
    }
    assert_eq!(rejection(&MessageCommand { line: "tenure sign".to_owned(), quoted: true }), None);
}

/// A command in a message.
#[derive(Debug)]
struct MessageCommand {
    line: String,
    quoted: bool,
}

/// Returns the reason why a command cannot be run as written.
fn rejection(found: &MessageCommand) -> Option<String> {
    // An item id is a valid campaign id in form, but `review` takes no item.
    if found.line.starts_with("tenure review ITEM") || found.line.starts_with("tenure review itm-") {
        return Some("`tenure review` takes a campaign".to_owned());
    }
    let line = found.line.replace("help COMMAND", "help plan").replace(" …", "");
    let abridged = found.line.contains('…');
    let kind = match Cli::command().try_get_matches_from(words(&line)) {
        Ok(_) => return None,
        Err(error) => error.kind(),
    };
    let is_value = matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::DisplayHelp);
    let is_incomplete = matches!(
        kind,
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let accepted = is_value || is_incomplete && (abridged || found.quoted);
    (!accepted).then(|| kind.to_string())
}

/// Returns the commands in a message, with a value for each placeholder.
fn commands(text: &str) -> Vec<MessageCommand> {
    let text = &joined(text);
    let mut found = Vec::new();
    for (start, _) in text.match_indices("tenure ") {
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "-/._\"".contains(c)) {
            continue;
        }
        let rest = &text[start..];
        let quoted = before == Some('`');
        let ends: &[&str] = if quoted {
            &["`"]
        } else {
            &["\n", ";", ", ", ". ", ": ", " then", " (", "`", "  ", " to ", " and ", " or "]
        };
        let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        let line = filled(rest[..end].trim_end_matches([',', ':', ' ']));
        let line = line.strip_suffix('.').filter(|line| !line.ends_with(' ')).unwrap_or(&line).to_owned();
        let is_command = line.split(' ').nth(1).is_some_and(|word| {
            word != "x1" && word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        });
        if is_command {
            found.push(MessageCommand { line, quoted });
        }
    }
    found
}

/// Joins lines that end in a backslash with the next line.
fn joined(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}

/// Replaces the placeholders of a format string with a value.
fn filled(text: &str) -> String {
    let mut line = String::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '{' => {
                depth += 1;
                line.push_str("x1");
            }
            '}' => depth -= 1,
            _ if depth == 0 => line.push(c),
            _ => {}
        }
    }
    line
}

/// Returns the source files of the product, without those of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_test = ["tests", "stories"].contains(&name.as_str()) || name.ends_with("tests.rs");
        if path.is_dir() && !is_test {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && !is_test {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns the string literals of Rust source, with the escapes that occur in commands resolved.
fn string_literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            rest = rest.get(3..).unwrap_or_default();
        } else if c == '"' {
            let (literal, after) = plain_literal(&rest[1..]);
            literals.push(literal);
            rest = after;
        } else {
            rest = &rest[c.len_utf8()..];
        }
    }
    literals
}

fn plain_literal(text: &str) -> (String, &str) {
    let mut literal = String::new();
    let mut characters = text.char_indices();
    while let Some((place, c)) = characters.next() {
        match c {
            '"' => return (literal, &text[place + 1..]),
            '\\' => match characters.next() {
                Some((_, 'n')) => literal.push('\n'),
                Some((_, '\n')) => {
                    // A continued literal resumes at the first non-blank character of the next line.
                    let mut ahead = characters.clone();
                    while ahead.next().is_some_and(|(_, c)| c.is_whitespace()) {
                        characters.next();
                    }
                }
                Some((_, other)) => literal.push(other),
                None => break,
            },
            other => literal.push(other),
        }
    }
    (literal, "")
}
