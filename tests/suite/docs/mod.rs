//! Tests of the documentation: links, commands, examples, the tutorial, the list of threat tests, and the table of
//! codes.
//!
//! `TENURE_UPDATE=1 cargo test --test docs` writes the generated parts: the tests of each threat, the table of codes, and
//! the output of commands in the README and the tutorial.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

#[path = "../support/mod.rs"]
mod support;

mod citations;
mod codes;
mod commands;
mod connectors;
mod links;
mod markdown;
mod readme;
mod threats;
mod transcript;
mod tutorial;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns the root of the source tree.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a file, by its path from the root.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the path of every Markdown page from the root, sorted.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", ".github"] {
        pages.extend(files(folder).into_iter().filter(|path| path.ends_with(".md")));
    }
    pages.sort();
    pages
}

/// Returns the paths of the files below a folder from the root, sorted.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("target") => {}
                true => folders.push(path),
                false => found.push(relative(&path)),
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

/// Writes a page with generated parts, or fails when it is outdated.
fn publish(path: &str, wanted: &str) {
    let is = read(path);
    if is != wanted && std::env::var_os("TENURE_UPDATE").is_some() {
        fs::write(root().join(path), wanted).unwrap();
        return;
    }
    if is != wanted {
        let at = is.lines().zip(wanted.lines()).position(|(is, wanted)| is != wanted).unwrap_or(0);
        let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
        panic!(
            "{path}:{} is stale; write it: TENURE_UPDATE=1 cargo test --test docs\n- {}\n+ {}",
            at + 1,
            line(&is),
            line(wanted)
        );
    }
}

/// Returns `path` relative to the folder of `page`, without `.` and `..`.
fn resolved(page: &str, path: &str) -> PathBuf {
    let mut resolved = PathBuf::from(page);
    resolved.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => assert!(resolved.pop(), "{page}: `{path}` leaves the repository"),
            part => resolved.push(part),
        }
    }
    resolved
}
