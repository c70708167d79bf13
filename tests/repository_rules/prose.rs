//! Checks the prose of the repository: module headers, comments, documentation, messages, and the names of tests.
//!
//! `tests/cases/prose/banned.txt` lists the constructions that are not used, each with what to write in its place.

use crate::passages::{self, Kind, Passage};
use crate::tree::root;
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest name of a test, without the `row_NN_` of the threat table.
const LONGEST_TEST_NAME: usize = 60;

#[test]
fn prose_has_no_banned_construction() {
    let banned = banned();
    let found: Vec<String> = files().iter().flat_map(|file| check_prose(file, &banned)).collect();
    assert!(found.is_empty(), "\n{}\n{} in all; see tests/cases/prose/banned.txt\n", found.join("\n"), found.len());
}

#[test]
fn test_names_are_short() {
    let test = Regex::new(r"#\[test\]\s*(?:#\[[^\]]*\]\s*)*fn (?:row_\d+[a-z]?_)?(\w+)").unwrap();
    let found: Vec<String> =
        files().iter().filter(|file| file.ends_with(".rs")).flat_map(|file| long_test_names(file, &test)).collect();
    assert!(found.is_empty(), "\n{}\n{} in all\n", found.join("\n"), found.len());
}

#[test]
fn banned_constructions_are_found_in_every_kind_of_passage() {
    let source = "//! Who reads `nobody`.\n\n/// What is\n/// put to\n/// review.\nfn f() {\n    // It stands.\n    \
                  g(\"no `house`, {court}, but a \\\n       desk\");\n}\n";
    let found: Vec<String> =
        check_passages("a.rs", passages::of_rust(source), &banned()).iter().map(|line| quoted(line)).collect();
    assert_eq!(found, ["a.rs:1: Who", "a.rs:3: What", "a.rs:4: put to review", "a.rs:7: stands", "a.rs:9: desk"]);
}

/// A banned construction and what to write in its place.
struct Banned {
    pattern: Regex,
    kinds: &'static [Kind],
    write: String,
}

fn banned() -> Vec<Banned> {
    let list = fs::read_to_string(root().join("tests/cases/prose/banned.txt")).unwrap();
    list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(banned_line).collect()
}

fn banned_line(line: &str) -> Banned {
    let (pattern, write) = line.split_once(" => ").unwrap_or_else(|| panic!("no ` => ` in: {line}"));
    let (kinds, pattern): (&[Kind], _) = match pattern.split_once(": ") {
        Some(("header", pattern)) => (&[Kind::Header], pattern),
        Some(("doc", pattern)) => (&[Kind::Doc], pattern),
        _ => (&[Kind::Comment, Kind::Doc, Kind::Header, Kind::Literal], pattern),
    };
    let start =
        if pattern.starts_with(|first: char| first.is_alphanumeric() || first == '(') { r"(?-u:\b)" } else { "" };
    let end = if pattern.ends_with(r"\?") { "" } else { r"(?-u:\b)" };
    let pattern = Regex::new(&format!("(?i){start}{pattern}{end}")).unwrap();
    Banned { pattern, kinds, write: write.to_owned() }
}

fn check_prose(file: &str, banned: &[Banned]) -> Vec<String> {
    let source = fs::read_to_string(root().join(file)).unwrap();
    let mut passages = if file.ends_with(".md") { passages::of_markdown(&source) } else { passages::of_rust(&source) };
    if !file.starts_with("src/") {
        passages.retain(|(kind, _)| *kind != Kind::Literal);
    }
    let mut found = check_passages(file, passages, banned);
    if file.ends_with(".rs") && !source.starts_with("//!") {
        found.insert(0, format!("{file}:1: the file has no header"));
    }
    found
}

/// Returns one line for each banned construction in `passages`.
fn check_passages(file: &str, passages: Vec<(Kind, Passage)>, banned: &[Banned]) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, passage) in passages {
        let mut here: Vec<(usize, String)> = banned
            .iter()
            .filter(|rule| rule.kinds.contains(&kind))
            .flat_map(|rule| rule.pattern.find_iter(&passage.text).map(move |hit| (rule, hit)))
            .map(|(rule, hit)| {
                let line = passage.line(hit.start());
                (hit.start(), format!("{file}:{line}: \"{}\"; write: {}", hit.as_str(), rule.write))
            })
            .collect();
        here.sort();
        found.extend(here.into_iter().map(|(_, line)| line));
    }
    found
}

fn long_test_names(file: &str, test: &Regex) -> Vec<String> {
    let source = fs::read_to_string(root().join(file)).unwrap();
    let long = |name: &str| name.len() > LONGEST_TEST_NAME;
    test.captures_iter(&source)
        .map(|captures| captures.get(1).unwrap())
        .filter(|name| long(name.as_str()))
        .map(|name| {
            let line = source[..name.start()].matches('\n').count() + 1;
            format!("{file}:{line}: {} has {} characters, not {LONGEST_TEST_NAME}", name.as_str(), name.len())
        })
        .collect()
}

/// Returns the place and the construction of a line of [`check_passages`].
fn quoted(line: &str) -> String {
    line.split("\"; write").next().unwrap().replacen('"', "", 1)
}

/// Returns every Rust and Markdown file of the repository that holds prose, relative to its root.
fn files() -> Vec<String> {
    let mut all = Vec::new();
    for place in [".github", "README.md", "benches", "docs", "src", "tests"] {
        collect(&root().join(place), &mut all);
    }
    all.sort();
    let relative = |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    all.into_iter().map(relative).filter(|file| !file.starts_with("tests/cases")).collect()
}

fn collect(place: &Path, all: &mut Vec<PathBuf>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).unwrap() {
            collect(&entry.unwrap().path(), all);
        }
    } else if place.extension().is_some_and(|extension| extension == "rs" || extension == "md") && place.exists() {
        all.push(place.to_owned());
    }
}
