//! Checks that no text refers to a document outside of the repository.

use crate::{
    markdown,
    tree::{files, read, root},
};
use std::path::Path;

#[test]
fn cited_documents_exist() {
    let mut missing = Vec::new();
    let mut all = vec!["README.md".to_owned(), "Cargo.toml".to_owned()];
    for folder in ["src", "tests", "benches", "policies", "docs", ".github", ".ci"] {
        all.extend(files(folder));
    }
    let names: Vec<String> = all.iter().filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect();
    for path in all.iter().filter(|path| is_text(path) && !path.ends_with("tests/repository_rules/citations.rs")) {
        for (line, text) in (1..).zip(read(path).lines()) {
            for word in OUTSIDE.iter().filter(|word| text.contains(**word)) {
                missing.push(format!("{path}:{line}: cites `{word}`"));
            }
            for cited in documents(text) {
                let name = cited.rsplit('/').next().unwrap_or(cited);
                let there = root().join(cited).exists() || names.iter().any(|known| known == name);
                if !there && !path.contains("tests/") && !path.ends_with("tests.rs") {
                    missing.push(format!("{path}:{line}: there is no `{cited}`"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn codes_and_keys_on_pages_exist() {
    let code: String = files("src").iter().filter(|path| path.ends_with(".rs")).map(|path| read(path)).collect();
    let schemas: String = files("schemas").iter().map(|path| read(path)).collect();
    let mut unknown = Vec::new();
    for page in ["docs/review-quality.md", "docs/strategies.md"] {
        for (line, text) in markdown::prose(&read(page)) {
            for span in markdown::spans(&text) {
                let quoted = format!("\"{span}\"");
                let exists = match (is_word(span, '-'), is_word(span, '_')) {
                    (true, _) => code.contains(&quoted),
                    (_, true) => schemas.contains(&quoted),
                    _ => true,
                };
                if !exists {
                    unknown.push(format!("{page}:{line}: {span}"));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "\n{}\n", unknown.join("\n"));
}

/// Returns whether a code span is a name of lower-case words joined by `joint`.
fn is_word(span: &str, joint: char) -> bool {
    span.contains(joint) && span.chars().all(|c| c.is_ascii_lowercase() || c == joint)
}

/// Returns the documents that a line refers to.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_');
    let words = text.split(move |c| !part(c)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| word.strip_suffix(".md").is_some_and(is_citation))
}

/// Returns whether a page name is a reference to a document, and not a name in an example.
fn is_citation(stem: &str) -> bool {
    let capitals = stem.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    !stem.is_empty() && (capitals || ["docs/", ".github/"].iter().any(|folder| stem.contains(folder)))
}

fn is_text(path: &str) -> bool {
    let kinds = ["md", "rs", "toml", "yml", "sh", "py"];
    Path::new(path).extension().is_some_and(|kind| kinds.iter().any(|known| kind == *known))
}

/// Documents from which this project was derived, and which are not part of it.
const OUTSIDE: [&str; 4] = ["DESIGN section", "THREATS", "DESIGN's", "practice 5."];
