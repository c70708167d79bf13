//! Checks the names of types in `src`: each is used once, error types end in `Error`, and most have two words or more.

use crate::tree::root;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Type names of one word: at most this many in a hundred.
const ONE_WORD_PERCENT: usize = 33;

#[test]
fn type_names_are_unique() {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let sources = sources();
    let types: Vec<Type> = sources.iter().flat_map(types_of).collect();
    for found in &types {
        places.entry(&found.name).or_default().push(&found.place);
    }
    let twice: Vec<String> = places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| format!("`{name}` is defined in {}", places.join(" and ")))
        .collect();
    assert!(twice.is_empty(), "\n{}\n", twice.join("\n"));
}

#[test]
fn error_types_end_in_error() {
    let wrong: Vec<String> = sources()
        .iter()
        .flat_map(errors_of)
        .filter(|found| !found.name.ends_with("Error"))
        .map(|found| format!("{}: `{}` is an error, and its name does not end in `Error`", found.place, found.name))
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn most_type_names_have_two_words() {
    let names: Vec<String> = sources().iter().flat_map(types_of).map(|found| found.name).collect();
    let one_word: Vec<&str> = names.iter().map(String::as_str).filter(|name| words(name) == 1).collect();
    assert!(
        one_word.len() * 100 <= names.len() * ONE_WORD_PERCENT,
        "{} of {} type names have one word: {}",
        one_word.len(),
        names.len(),
        one_word.join(" ")
    );
}

#[test]
fn scan_finds_types_and_errors() {
    let text = "\
#[derive(Debug, thiserror::Error)]
#[error(\"no\")]
pub enum Refused {
    A,
}
impl std::error::Error for Unfit {}
pub(super) struct SignedNote<'a>(&'a str);
impl Iterator for SignedNote<'_> {
    type Item = u8;
}
type Pairs = Vec<(u8, u8)>;
fn check() {
    struct Inner;
}
#[cfg(test)]
mod tests {
    struct World;
}
";
    let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    let found = |all: Vec<Type>| all.into_iter().map(|one| format!("{} {}", one.place, one.name)).collect::<Vec<_>>();
    assert_eq!(found(types_of(&source)), ["a.rs:3 Refused", "a.rs:7 SignedNote", "a.rs:11 Pairs", "a.rs:13 Inner"]);
    assert_eq!(found(errors_of(&source)), ["a.rs:3 Refused", "a.rs:6 Unfit"]);
    assert_eq!([words("Grant"), words("GrantKey"), words("AwsIam"), words("ParseIdError")], [1, 2, 2, 3]);
}

struct Source {
    path: String,
    text: String,
}

struct Type {
    name: String,
    /// `<path>:<line>`
    place: String,
}

/// Returns the files of `src` that are part of the product.
fn sources() -> Vec<Source> {
    let root = root().join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let of_tests = |path: &str| {
        let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
        parts.iter().any(|part| *part == "tests" || part.ends_with("_tests") || part.starts_with("test_"))
    };
    files
        .into_iter()
        .map(|file| Source {
            path: file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&file).unwrap(),
        })
        .filter(|source| !of_tests(&source.path))
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Returns the lines before the tests at the bottom of a file, with their numbers.
fn lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let is_tests = |line: &str| line.starts_with("mod tests {");
    source.text.lines().enumerate().map(|(index, line)| (index + 1, line)).take_while(move |(_, line)| !is_tests(line))
}

/// Returns the types that a file defines; an associated type is none of its own.
fn types_of(source: &Source) -> Vec<Type> {
    lines(source)
        .filter_map(|(number, line)| Some(Type { name: defined(line)?, place: format!("{}:{number}", source.path) }))
        .collect()
}

/// Returns the types of a file that implement `std::error::Error`, by a derive or by hand.
fn errors_of(source: &Source) -> Vec<Type> {
    let mut derives = false;
    let mut found = Vec::new();
    for (number, line) in lines(source) {
        let place = format!("{}:{number}", source.path);
        let by_hand = line.trim_start().starts_with("impl").then(|| line.split_once("error::Error for ")).flatten();
        if let Some((_, name)) = by_hand {
            found.push(Type { name: identifier(name), place });
        } else if let Some(derived) = line.trim_start().strip_prefix("#[derive(") {
            derives = derived.split([',', ')']).any(|one| matches!(one.trim(), "Error" | "thiserror::Error"));
        } else if let Some(name) = defined(line) {
            if derives {
                found.push(Type { name, place });
            }
            derives = false;
        }
    }
    found
}

/// Returns the name of the type that a line defines.
fn defined(line: &str) -> Option<String> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        let after = if after.starts_with('(') { after.split_once(')')?.1 } else { after };
        rest = after.strip_prefix(' ')?;
    }
    let (keyword, name) = rest.split_once(' ')?;
    let is_type = match keyword {
        "enum" | "struct" | "trait" | "union" => true,
        "type" => !line.starts_with(' '),
        _ => false,
    };
    let name = identifier(name);
    (is_type && name.starts_with(|first: char| first.is_ascii_uppercase())).then_some(name)
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

fn words(name: &str) -> usize {
    name.chars().filter(char::is_ascii_uppercase).count()
}
