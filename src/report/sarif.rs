//! Diagnostics and findings as a SARIF 2.1.0 log (OASIS), for code scanning.

use crate::{
    diag::{Diagnostic, DiagnosticSeverity as Weight, Diagnostics, FileRegion, codes, escape, unicode::escape_lines},
    model::{Digest, Finding, Severity},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Returns the diagnostics of a run, with line and column of each.
pub fn problems_sarif(problems: &Diagnostics) -> Value {
    let mut sorted = problems.sorted();
    // If there are too many, warnings are omitted before errors.
    sorted.sort_by_key(|problem| problem.severity);
    to_sarif(sorted.into_iter().map(of_problem))
}

/// Returns findings, most severe first.
pub fn findings_sarif(findings: &[Finding]) -> Value {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort();
    to_sarif(sorted.into_iter().map(of_finding))
}

/// One result.
struct SarifResult {
    code: &'static str,
    level: &'static str,
    /// The security severity for code scanning, 0 to 10.
    weight: &'static str,
    message: String,
    help: String,
    path: Option<String>,
    region: Option<FileRegion>,
    /// The identity, which does not change when surrounding lines move.
    identity: String,
}

fn of_problem(problem: &Diagnostic) -> SarifResult {
    let (level, weight) = match problem.severity {
        Weight::Error => ("error", "8.0"),
        Weight::Warning => ("warning", "5.0"),
        Weight::Note => ("note", "2.0"),
    };
    let mut message = escape(&problem.message).into_owned();
    problem.notes.iter().for_each(|note| message.push_str(&format!("\n{}", escape_lines(note))));
    let place = problem.lines().map_or(problem.message.as_str(), str::trim);
    SarifResult {
        code: problem.code,
        level,
        weight,
        help: problem.help.as_deref().map(escape_lines).unwrap_or_default(),
        path: problem.file().map(str::to_owned),
        region: problem.region(),
        identity: format!("{}\n{}\n{place}", problem.code, problem.file().unwrap_or_default()),
        message: clipped(message),
    }
}

fn of_finding(finding: &Finding) -> SarifResult {
    let (level, weight) = match finding.severity {
        Severity::Critical => ("error", "9.5"),
        Severity::High => ("error", "8.0"),
        Severity::Medium => ("warning", "5.0"),
        Severity::Low => ("note", "2.0"),
    };
    let (path, line) = place(&finding.subject);
    SarifResult {
        code: finding.code,
        level,
        weight,
        message: clipped(format!("{}: {}", escape(&finding.subject), escape(&finding.message))),
        help: escape_lines(&finding.help),
        path,
        region: line.map(|line| FileRegion { start: (line, 1), end: (line, 1) }),
        identity: format!("{}\n{}", finding.code, finding.subject),
    }
}

/// A subject is `path`, `path:line`, or not a path.
fn place(subject: &str) -> (Option<String>, Option<usize>) {
    let (path, line) = match subject.rsplit_once(':') {
        Some((path, line)) => line.parse().map_or((subject, None), |line| (path, Some(line))),
        None => (subject, None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let is_path = path.contains(['/', '.']) && path.bytes().all(plain);
    if is_path { (Some(path.to_owned()), line) } else { (None, None) }
}

fn to_sarif(mut results: impl Iterator<Item = SarifResult>) -> Value {
    let mut size = 0;
    let (mut taken, mut more): (Vec<SarifResult>, usize) = (Vec::new(), 0);
    for result in results.by_ref() {
        size += result.message.len() + result.help.len() + FRAME;
        if taken.len() < MOST && size < MOST_BYTES { taken.push(result) } else { more += 1 }
    }
    let results = taken;
    let mut rules: BTreeMap<&str, &SarifResult> = BTreeMap::new();
    for result in &results {
        rules.entry(result.code).or_insert(result);
    }
    let places: BTreeMap<&str, usize> = rules.keys().copied().zip(0..).collect();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let results: Vec<Value> = results
        .iter()
        .map(|result| {
            let times = seen.entry(&result.identity).or_default();
            *times += 1;
            one(result, places[result.code], *times)
        })
        .collect();
    let mut log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tenure",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|result| rule(result)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": "tenure/"},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the governed repository."}}},
            "results": results,
        }],
    });
    if more > 0 {
        let text =
            format!("{more} more results were omitted from this log; `tenure check` and `tenure audit` show all.");
        let notification = json!({"level": "warning", "message": {"text": text}});
        log["runs"][0]["invocations"] =
            json!([{"executionSuccessful": true, "toolExecutionNotifications": [notification]}]);
    }
    log
}

/// A message, truncated for a log with many results.
fn clipped(mut text: String) -> String {
    if text.len() > MESSAGE {
        let end = (0..=MESSAGE).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

fn rule(result: &SarifResult) -> Value {
    let words = result.code.replace('-', " ");
    let help = if result.help.is_empty() { "tenure check" } else { &result.help };
    json!({
        "id": result.code,
        "name": result.code.split('-').map(capital).collect::<String>(),
        "shortDescription": {"text": format!("{}.", capital(&words))},
        "fullDescription": {"text": codes::find(result.code).map_or(result.code, |code| code.meaning)},
        "help": {"text": format!("Next: {help}"), "markdown": format!("Next: {}", super::cell(help))},
        "defaultConfiguration": {"level": result.level},
        "properties": {"precision": "very-high", "security-severity": result.weight, "tags": ["security", "access-review"]},
    })
}

/// GitHub identifies a result by `primaryLocationLineHash`; the number distinguishes equal results.
fn one(result: &SarifResult, rule: usize, times: u32) -> Value {
    let help = if result.help.is_empty() { String::new() } else { format!("\nNext: {}", result.help) };
    let digest = Digest::of(&result.identity).hex();
    let fingerprint = format!("{}:{times}", digest.get(..32).unwrap_or(&digest));
    let mut value = json!({
        "ruleId": result.code,
        "ruleIndex": rule,
        "level": result.level,
        "message": {"text": format!("{}{help}", result.message)},
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    });
    // Code scanning omits results without a location; results about the whole repository are located at its first file.
    let path = result.path.as_deref().unwrap_or("governance.toml");
    let mut place = json!({"artifactLocation": {
        "uri": utf8_percent_encode(path, &URI).to_string(),
        "uriBaseId": "%SRCROOT%",
    }});
    let whole = FileRegion { start: (1, 1), end: (1, 1) };
    let FileRegion { start, end } = result.region.unwrap_or(whole);
    place["region"] = if start == end {
        json!({"startLine": start.0, "startColumn": start.1})
    } else {
        json!({"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1})
    };
    value["locations"] = json!([{"physicalLocation": place}]);
    value
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Characters of a path that are not encoded in a URI reference (RFC 3986, section 3.3).
const URI: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
/// Code scanning accepts 25,000 results per run and shows 5,000.
const MOST: usize = 5_000;
/// Code scanning accepts 10 MB compressed; this limit is safe without compression.
const MOST_BYTES: usize = 9_000_000;
/// Bytes of one result besides its texts.
const FRAME: usize = 900;
const MESSAGE: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sarif_log_respects_limits_and_counts_omissions() {
        for (count, length) in [(6_000, 10), (4_000, 5_000)] {
            let many = (0..count).map(|n| Diagnostic::warning("w", format!("{n} {}", "x".repeat(length))).in_file("a"));
            let all: Diagnostics = many.chain([Diagnostic::error("e", "the error").in_file("z")]).collect();
            let log = problems_sarif(&all);
            let results = log["runs"][0]["results"].as_array().unwrap();
            assert!(results.len() <= 5_000 && log.to_string().len() < 10_000_000, "{}", results.len());
            assert_eq!(results[0]["ruleId"], "e", "errors come first");
            let told = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
            assert!(
                told.as_str().unwrap().starts_with(&format!("{} more results", count + 1 - results.len())),
                "{told}"
            );
        }
        let few = problems_sarif(&Diagnostic::error("e", "the error").in_file("z").into());
        assert!(few["runs"][0].get("invocations").is_none());
    }
}
