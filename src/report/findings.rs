//! Findings as text and JSON.

use super::table::OutputStyle;
use crate::{
    diag::escape,
    model::{Finding, Severity},
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Returns findings as text for a terminal, most severe first.
pub fn findings_human(findings: &[Finding], style: OutputStyle) -> String {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort();
    let mut text = String::new();
    for finding in sorted {
        let head = format!("{}[{}]", finding.severity, finding.code);
        let head = match finding.severity {
            Severity::Critical | Severity::High => style.bad(&head),
            Severity::Medium | Severity::Low => style.warning(&head),
        };
        let _ = writeln!(text, "{head} {}: {}", escape(&finding.subject), escape(&finding.message));
        let _ = writeln!(text, "  help: {}", escape(&finding.help));
    }
    text
}

/// Returns findings as JSON, most severe first.
pub fn findings_json(findings: &[Finding]) -> Value {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort();
    json!({"findings": sorted})
}
