//! Renders a diagnostic as JSON for programs.

use super::{Diagnostic, SourceExcerpt, SourceLabel, escape, unicode::escape_lines};
use serde_json::{Value, json};

pub(super) fn value(problem: &Diagnostic) -> Value {
    let labels: Vec<Value> =
        problem.excerpts.iter().flat_map(|excerpt| excerpt.labels.iter().map(|each| label(excerpt, each))).collect();
    let place = |key: &str| labels.first().map_or(Value::Null, |label| label[key].clone());
    json!({
        "severity": problem.severity.as_str(),
        "code": problem.code,
        "message": escape(&problem.message),
        "file": problem.file().map(escape),
        "line": place("line"),
        "column": place("column"),
        "labels": labels,
        "notes": problem.notes.iter().map(|note| escape_lines(note)).collect::<Vec<_>>(),
        "help": problem.help.as_deref().map(escape_lines),
    })
}

fn label(excerpt: &SourceExcerpt, label: &SourceLabel) -> Value {
    let (line, column) = excerpt.source.position(label.span.start);
    json!({
        "file": escape(excerpt.source.name()),
        "line": line,
        "column": column,
        "start": label.span.start,
        "end": label.span.end,
        "text": escape(&label.text),
    })
}
