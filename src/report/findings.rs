//! Findings as text, as JSON, and as SARIF 2.1.0.

use super::table::Look;
use crate::{
    diag::escape,
    model::{Digest, Finding, Severity},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write};

/// Returns findings for people at a terminal, worst first.
pub fn findings_human(findings: &[Finding], look: Look) -> String {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort();
    let mut text = String::new();
    for finding in sorted {
        let head = format!("{}[{}]", finding.severity, finding.code);
        let head = match finding.severity {
            Severity::Critical | Severity::High => look.bad(&head),
            Severity::Medium | Severity::Low => look.warning(&head),
        };
        let _ = writeln!(text, "{head} {}: {}", escape(&finding.subject), escape(&finding.message));
        let _ = writeln!(text, "  help: {}", escape(&finding.help));
    }
    text
}

/// Returns findings for programs, worst first.
pub fn findings_json(findings: &[Finding]) -> Value {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort();
    json!({"findings": sorted})
}

/// Returns findings as a SARIF 2.1.0 log (OASIS), for code scanning.
pub fn findings_sarif(findings: &[Finding]) -> Value {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort();
    let codes: BTreeSet<_> = sorted.iter().map(|finding| finding.code).collect();
    let rules: Vec<_> = codes.iter().map(|code| json!({"id": code, "name": code})).collect();
    let results: Vec<_> = sorted
        .iter()
        .map(|finding| {
            let (path, line) = place(&finding.subject);
            let level = match finding.severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low => "note",
            };
            let fingerprint = Digest::of(format!("{}\n{}", finding.code, finding.subject)).hex();
            json!({
                "ruleId": finding.code,
                "level": level,
                "message": {"text": format!("{} {}", finding.message, finding.help)},
                "partialFingerprints": {"tenure/v1": fingerprint},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": path},
                    "region": {"startLine": line},
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "tenure", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    })
}

/// A subject is `path`, `path:line` or something that is no path at all.
fn place(subject: &str) -> (String, u64) {
    let (path, line) = match subject.rsplit_once(':') {
        Some((path, line)) => line.parse().map_or((subject, 1), |line| (path, line)),
        None => (subject, 1),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if !path.is_empty() && path.bytes().all(plain) {
        (path.to_owned(), line)
    } else {
        ("governance.toml".to_owned(), 1)
    }
}
