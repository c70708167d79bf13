//! Diagnostics as Markdown, for a pull request or a job summary.

use super::markdown::{MAX_MARKDOWN, cell};
use crate::diag::{Diagnostic, DiagnosticSeverity, Diagnostics, counted};

/// Returns one line with the numbers of checked files and of problems.
pub fn problems_summary(problems: &Diagnostics, files: usize) -> String {
    let (errors, warnings) = (problems.count(DiagnosticSeverity::Error), problems.count(DiagnosticSeverity::Warning));
    format!("{files} governed files checked: {}, {}", counted(errors, "error"), counted(warnings, "warning"))
}

/// Returns a heading and a table of problems in at most [`MAX_MARKDOWN`] bytes, errors first. Omitted rows are counted.
pub fn problems_markdown(problems: &Diagnostics, heading: &str) -> String {
    let mut text = format!("### Tenure: {}\n", cell(heading));
    let mut sorted = problems.sorted();
    sorted.sort_by_key(|problem| problem.severity);
    if !sorted.is_empty() {
        text.push_str("\n| | where | what | next |\n|---|---|---|---|\n");
    }
    for (shown, problem) in sorted.iter().enumerate() {
        let row = row(problem);
        if text.len() + row.len() > MAX_MARKDOWN - ROOM {
            text.push_str(&format!("\nand {} more: `tenure check`\n", sorted.len() - shown));
            break;
        }
        text.push_str(&row);
    }
    text
}

fn row(problem: &Diagnostic) -> String {
    let line = problem.line().map(|line| format!(" line {line}")).unwrap_or_default();
    let place = format!("{}{line}", problem.file().unwrap_or_default());
    let head = format!("{} {}", problem.severity.as_str(), problem.code);
    let help = problem.help.as_deref().unwrap_or_default();
    let cells = [&head, &place, &problem.message, help].map(cell);
    format!("| {} |\n", cells.join(" | "))
}

/// Bytes reserved for the note about omitted rows.
const ROOM: usize = 100;
