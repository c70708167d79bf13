//! Generates `docs/codes.md`, and compares the table of codes with the codes that `src` reports.

use super::{files, publish, read};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use tenure::diag::codes::{AREAS, CodeSeverity, all, find};

#[test]
fn page_of_codes_is_that_of_the_table() {
    let mut page = HEAD.to_owned();
    for area in AREAS {
        page.push_str(&format!("\n## {}\n\n| code | severity | meaning | remedy |\n|---|---|---|---|\n", area.title));
        for code in area.codes {
            let severity = code.severity;
            page.push_str(&format!("| `{}` | {severity} | {} | {} |\n", code.name, code.meaning, code.remedy));
        }
    }
    publish("docs/codes.md", &page);
}

#[test]
fn every_reported_code_is_in_the_table() {
    let reported = reported();
    let unknown: Vec<_> = reported.iter().filter(|(code, _)| find(code).is_none()).collect();
    assert!(unknown.is_empty(), "codes without an entry below src/diag/codes: {unknown:#?}");
    let unused: Vec<&str> =
        all().map(|code| code.name).filter(|name| !reported.contains_key(*name) && !DEFAULTS.contains(name)).collect();
    assert!(unused.is_empty(), "codes of the table that no file of src reports: {unused:?}");
}

#[test]
fn severity_of_a_code_is_the_highest_reported_one() {
    let mut wrong = Vec::new();
    for (name, places) in reported() {
        let Some(code) = find(&name) else { continue };
        for (path, severity) in places {
            let Some(severity) = severity else { continue };
            // A finding may also be reported as an error of a command.
            let is_lower = severity < code.severity && (severity.is_finding() || !code.severity.is_finding());
            if is_lower {
                wrong.push(format!("{path}: `{name}` is {severity}, but {} in the table", code.severity));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Returns the codes that `src` reports: the paths of each, with the severity where it is written beside the code.
fn reported() -> BTreeMap<String, BTreeSet<(String, Option<CodeSeverity>)>> {
    let sources = sources();
    let helper = Regex::new(r"fn (\w+)\(\s*(?:&(?:mut )?self,\s*)?(?:\w+: [^,]+,\s*)?code: &'static str").unwrap();
    let helpers: BTreeSet<(&str, String)> = sources
        .iter()
        .flat_map(|(path, text)| helper.captures_iter(text).map(|found| (folder(path), found[1].to_owned())))
        .collect();
    let code = r#""([a-z][a-z0-9]*(?:-[a-z0-9]+)*)""#;
    let words = r#""([a-z][a-z0-9]*(?:-[a-z0-9]+)+)""#;
    let pattern = |text: &str| Regex::new(&text.replace("CODE", code).replace("WORDS", words)).unwrap();
    let diagnostic = pattern(r"(?:Diagnostic|Self)::(error|warning|note)\(\s*CODE,");
    let plain = [
        pattern(r"\bcode: CODE"),
        pattern(r"(?:severity|Severity::\w+),\s*WORDS,"),
        pattern(r"\(WORDS, (?:message\)|format!)"),
        pattern(r"\(\s*WORDS,\s*(?:ExitStatus|FailureKind)::"),
        pattern(r"(?:ExitStatus|FailureKind)::\w+,\s*WORDS,"),
        pattern(r"\bproblem\(WORDS,"),
        pattern(r"const (?:UNDECIDED|HELD_PAIR): &str = CODE"),
    ];
    let finding = pattern(r"severity: Severity::(\w+),\s*code: CODE");
    let chosen = Regex::new(r"let code = if [^;]*;").unwrap();
    let returned = Regex::new(r"(?s)fn (?:\w+_)?code\(.*?\n(?:    )?\}\n").unwrap();
    let any = pattern(r"(?:=> |\(|, |\{ )WORDS");
    let defect = pattern(r"(?m)^    [A-Z]\w+ = CODE,");
    let mut found: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
    for (path, text) in &sources {
        let mut add = |name: &str, severity| {
            found.entry(name.to_owned()).or_default().insert((path.clone(), severity));
        };
        diagnostic.captures_iter(text).for_each(|one| add(&one[2], severity(&one[1])));
        finding.captures_iter(text).for_each(|one| add(&one[2], severity(&one[1])));
        plain.iter().flat_map(|plain| plain.captures_iter(text)).for_each(|one| add(&one[1], None));
        for (_, helper) in helpers.iter().filter(|(folder, _)| path.starts_with(folder)) {
            let call = pattern(&format!(r"\b{helper}\(\s*(?:[a-z.&]+, )?CODE,"));
            call.captures_iter(text).for_each(|one| add(&one[1], None));
        }
        for part in chosen.find_iter(text).chain(returned.find_iter(text)) {
            any.captures_iter(part.as_str()).for_each(|one| add(&one[1], None));
        }
        if path.ends_with("evidence/defect.rs") {
            defect.captures_iter(text).for_each(|one| add(&one[1], Some(CodeSeverity::Critical)));
        }
    }
    found
}

/// Returns the source files without tests, by path.
fn sources() -> BTreeMap<String, String> {
    let is_test = |path: &str| {
        path.split(['/', '.']).any(|part| part == "tests" || part.ends_with("_tests") || part.starts_with("test_"))
    };
    let own = |path: &String| path.ends_with(".rs") && !is_test(path) && !path.starts_with("src/diag/");
    files("src")
        .into_iter()
        .filter(own)
        .map(|path| {
            let text = read(&path);
            let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            (path, text[..end].to_owned())
        })
        .collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn severity(word: &str) -> Option<CodeSeverity> {
    use CodeSeverity::{Critical, Error, High, Low, Medium, Note, Warning};
    let all = [Critical, High, Medium, Low, Error, Warning, Note];
    all.into_iter().find(|severity| severity.to_string() == word.to_lowercase())
}

/// Codes of a file whose problems are not known.
const DEFAULTS: [&str; 1] = ["malformed"];

const HEAD: &str = "\
# Codes

Every problem that Tenure reports has a code, which never changes its meaning. This page lists all codes with the highest severity
with which each is reported. `error`, `warning` and `note` are severities of the output of commands. `critical`, `high`, `medium`
and `low` are severities of findings: of `tenure audit`, of rejected files, and of reviews. A message has a more specific remedy
where one is known.
";
