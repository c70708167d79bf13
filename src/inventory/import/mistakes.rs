//! Collects the mistakes of imported tables. A mistake that repeats is one message with the number of lines.

use crate::diag::{Diagnostic, Diagnostics, counted};
use std::{collections::BTreeMap, mem};

/// The mistakes of all tables of an import, by table, column and kind of mistake.
#[derive(Debug, Default)]
pub(super) struct ImportMistakes {
    by_kind: BTreeMap<(String, String, String), ImportMistake>,
}

/// One kind of mistake in one column.
#[derive(Debug)]
struct ImportMistake {
    /// The message for the first line.
    message: String,
    /// The first lines.
    lines: Vec<u64>,
    /// The number of lines.
    count: usize,
}

impl ImportMistakes {
    /// Adds a mistake; an empty `column` means the whole row. Mistakes of a column that differ only in the values that
    /// they quote are one kind.
    pub(super) fn push(&mut self, table: &str, line: u64, column: &str, message: String) {
        let pattern = pattern(&message);
        self.push_kind(table, line, column, message, pattern);
    }

    /// Adds a mistake that is a kind of its own, because the values that it quotes are needed to correct it.
    pub(super) fn push_single(&mut self, table: &str, line: u64, message: String) {
        let kind = message.clone();
        self.push_kind(table, line, "", message, kind);
    }

    fn push_kind(&mut self, table: &str, line: u64, column: &str, message: String, pattern: String) {
        let kind = (table.to_owned(), column.to_owned(), pattern);
        let mistake =
            self.by_kind.entry(kind).or_insert_with(|| ImportMistake { message, lines: Vec::new(), count: 0 });
        mistake.count += 1;
        if mistake.lines.len() < LINES_SHOWN {
            mistake.lines.push(line);
        }
    }

    /// Returns whether there are no mistakes.
    pub(super) fn is_empty(&self) -> bool {
        self.by_kind.is_empty()
    }

    /// Returns one diagnostic for each kind of mistake.
    pub(super) fn into_diagnostics(mut self) -> Diagnostics {
        let mut problems = Diagnostics::new();
        for ((table, column, _), mistake) in mem::take(&mut self.by_kind) {
            let line = mistake.lines.first().copied().unwrap_or_default();
            let column = if column.is_empty() { String::new() } else { format!(", column `{column}`") };
            let repeated = match mistake.count {
                1 => String::new(),
                count => {
                    let lines: Vec<_> = mistake.lines.iter().map(u64::to_string).collect();
                    let more = if count > lines.len() { ", …" } else { "" };
                    format!(" (on {}: {}{more})", counted(count, "line"), lines.join(", "))
                }
            };
            let message = format!("line {line}{column}: {}{repeated}", mistake.message);
            problems.push(
                Diagnostic::error("table-malformed", message)
                    .in_file(table)
                    .help("correct the source file; no file was written"),
            );
        }
        problems
    }
}

/// Returns a message without the values in it: what is in backticks, and numbers.
fn pattern(message: &str) -> String {
    let plain = message.split('`').step_by(2);
    let mut pattern = plain.collect::<Vec<_>>().join("`");
    pattern.retain(|c| !c.is_ascii_digit());
    pattern
}

/// The number of lines that a message lists.
const LINES_SHOWN: usize = 3;
