//! Workflow commands of GitHub Actions: annotations, and a guard around all other output.
//!
//! The runner interprets any line of stdout or stderr that begins with `::` or contains `##[` as a command ("Workflow
//! commands for GitHub Actions", docs.github.com). Text from targets and files is therefore printed only between
//! [`stop`] and [`resume`], and escaped in annotations.

use crate::diag::{Diagnostic, DiagnosticSeverity, Diagnostics, escape, unicode::escape_lines};
use std::collections::BTreeMap;

/// Returns the line that disables commands until [`resume`] with the same token.
pub fn stop(token: &str) -> String {
    format!("::stop-commands::{token}\n")
}

/// Returns the line that enables commands again.
pub fn resume(token: &str) -> String {
    format!("::{token}::\n")
}

/// Returns one annotation for each problem, errors first, each kind sorted by file and line. A step displays ten
/// annotations of each kind and drops the others silently ("Workflow commands", docs.github.com): a final annotation
/// counts the omitted ones.
pub fn annotations(problems: &Diagnostics) -> String {
    let mut sorted = problems.sorted();
    sorted.sort_by_key(|problem| problem.severity);
    let mut left = BTreeMap::from([
        (DiagnosticSeverity::Error, MOST),
        (DiagnosticSeverity::Note, MOST - 1),
        (DiagnosticSeverity::Warning, MOST),
    ]);
    let (mut text, mut more) = (String::new(), 0);
    for problem in sorted {
        match left.get_mut(&problem.severity).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                text.push_str(&annotation(problem));
            }
            None => more += 1,
        }
    }
    if more > 0 {
        text.push_str(&format!("::notice title=tenure::and {more} more: see the job summary and the log\n"));
    }
    text
}

fn annotation(problem: &Diagnostic) -> String {
    let command = match problem.severity {
        DiagnosticSeverity::Error => "error",
        DiagnosticSeverity::Note => "notice",
        DiagnosticSeverity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(file) = problem.file() {
        properties.push(format!("file={}", property(file)));
    }
    if let Some(region) = problem.region() {
        properties.push(format!("line={},endLine={}", region.start.0, region.end.0));
        // Columns are valid only for a span on one line.
        if region.start.0 == region.end.0 {
            properties.push(format!("col={},endColumn={}", region.start.1, region.end.1));
        }
    }
    properties.push(format!("title={}", property(&format!("tenure {}", problem.code))));
    let mut message = escape(&problem.message).into_owned();
    for note in &problem.notes {
        message.push_str(&format!("\n{}", escape_lines(note)));
    }
    if let Some(help) = &problem.help {
        message.push_str(&format!("\nnext: {}", escape_lines(help)));
    }
    format!("::{command} {}::{}\n", properties.join(","), data(&clipped(message)))
}

/// Returns text escaped as the data of a command, so that it cannot end the line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns text escaped as the value of a property, so that it cannot end the property or the list of properties.
fn property(text: &str) -> String {
    data(&escape(text)).replace(':', "%3A").replace(',', "%2C")
}

fn clipped(mut text: String) -> String {
    if text.len() > MESSAGE {
        let mut end = MESSAGE;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Maximum number of annotations of each kind that one step displays.
const MOST: usize = 10;
/// Maximum bytes of one message, below the limit of the run page.
const MESSAGE: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceFile;

    #[test]
    fn annotation_names_location_rule_and_next_command() {
        let review =
            SourceFile::new("campaigns/q4/reviews/db/ana.toml", "[[item]]\nreason = \"x\"\ndecision = \"certify\"\n");
        let problem = Diagnostic::error("self-review", "`ana` cannot review their own grant")
            .at(&review, 22..42, "this decision")
            .help("reassign it");
        assert_eq!(
            annotations(&problem.into()),
            "::error file=campaigns/q4/reviews/db/ana.toml,line=3,endLine=3,col=1,endColumn=21,title=tenure self-review\
             ::`ana` cannot review their own grant%0Anext: reassign it\n"
        );
    }

    #[test]
    fn row_25_nothing_hostile_becomes_a_command() {
        for hostile in [
            "x\n::set-output name=a::b",
            "x\r\n::add-mask::y",
            "%0A::error::z",
            "\u{2028}::warning::w",
            "a,line=1,title=b::c",
            "##[add-mask]secret",
            "\u{1b}[2J::endgroup::",
        ] {
            let text = annotations(
                &Diagnostic::error("code", hostile).in_file(hostile).with_note(hostile).help(hostile).into(),
            );
            assert_eq!(text.lines().count(), 1, "{hostile:?} became {text:?}");
            let (head, _) = text.strip_prefix("::error ").unwrap().split_once("::").unwrap();
            assert_eq!(head.split(',').count(), 2, "{hostile:?} became {text:?}");
            assert!(!text.contains('\r') && !text.contains('\u{2028}') && !text.contains('\u{1b}'), "{text:?}");
        }
    }

    #[test]
    fn annotations_show_errors_first_and_count_omitted() {
        let many = |severity: DiagnosticSeverity, what: &'static str| {
            (0..15).map(move |n| Diagnostic { severity, ..Diagnostic::error("w", format!("{what} {n}")).in_file("a") })
        };
        let all: Diagnostics = many(DiagnosticSeverity::Warning, "warning")
            .chain(many(DiagnosticSeverity::Note, "note"))
            .chain(many(DiagnosticSeverity::Error, "error"))
            .collect();
        let text = annotations(&all);
        let count = |kind: &str| text.lines().filter(|line| line.starts_with(&format!("::{kind} "))).count();
        assert_eq!((count("error"), count("warning"), count("notice")), (10, 10, 10), "{text}");
        assert!(text.starts_with("::error "), "{text}");
        assert!(text.ends_with("and 16 more: see the job summary and the log\n"), "{text}");
    }
}
