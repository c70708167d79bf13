//! The house: which folder of `src` stands on which floor, and that no import points up or sideways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop there"
)]

#[path = "support/imports.rs"]
mod imports;

use imports::{imports, placed};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, lowest first. A folder imports only from floors below its own.
const FLOORS: [&[&str]; 12] = [
    &["model", "diag", "git"],
    &["format"],
    &["store", "policy", "connector"],
    &["trust", "inventory"],
    &["campaign"],
    &["plan"],
    &["enforce"],
    &["evidence"],
    &["audit"],
    &["report"],
    &["cli"],
    &["main"],
];

/// Arrows that point down and are still wrong: an audit needs a clone and no network, so it cannot even name these.
const NEVER: [(&str, &[&str]); 1] = [("audit", &["connector", "inventory", "enforce"])];

#[test]
fn no_import_points_up_or_sideways() {
    let wrong = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_crate_documents_the_same_floors() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter(|row| row.starts_with(|first: char| first.is_ascii_digit()))
        .map(|row| row.split('`').skip(1).step_by(2).collect())
        .collect();
    let floors: Vec<Vec<&str>> = FLOORS[..FLOORS.len() - 1].iter().map(|floor| floor.to_vec()).collect();
    assert_eq!(rows, floors, "the table in src/lib.rs and the one here differ");
}

#[test]
fn a_crooked_house_is_found() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/crooked_house");
    let known = fs::read_to_string(house.join("found.txt")).unwrap();
    assert_eq!(check(&house), known.lines().collect::<Vec<_>>());
}

/// Returns a sentence for each wrong arrow and each file or folder without a floor, by path and line.
fn check(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let files = rust_files(root);
    let elsewhere: BTreeMap<PathBuf, Vec<String>> = files.iter().flat_map(|file| placed_by(file, root)).collect();
    for file in files {
        let place = file.strip_prefix(root).unwrap();
        let module = elsewhere.get(&file).cloned().unwrap_or_else(|| module_of(place));
        let Some(folder) = module.first() else { continue };
        let Some(floor) = floor_of(folder) else {
            wrong.push(format!("{}: `{folder}` is on no floor", place.display()));
            continue;
        };
        for import in imports(&fs::read_to_string(&file).unwrap(), &module) {
            let here = format!("{}:{}: `{folder}` on floor {}", place.display(), import.line, floor + 1);
            let name = &import.name;
            match floor_of(name) {
                _ if name == folder => {}
                None => wrong.push(format!("{here} names `{name}`, which is on no floor")),
                Some(other) if other == floor => wrong.push(format!("{here} imports `{name}` beside it")),
                Some(other) if other > floor => {
                    wrong.push(format!("{here} imports `{name}` above it, on floor {}", other + 1))
                }
                Some(other) if NEVER.iter().any(|(from, to)| from == folder && to.contains(&name.as_str())) => {
                    wrong.push(format!("{here} imports `{name}` on floor {}, which it must not know", other + 1));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

fn floor_of(folder: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&folder))
}

/// Returns the module path of a file below the crate root; nothing for the root itself.
fn module_of(place: &Path) -> Vec<String> {
    let mut module: Vec<String> =
        place.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Returns the module paths of the files that `file` gives to modules of its own by `#[path]`.
fn placed_by(file: &Path, root: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let module = module_of(file.strip_prefix(root).unwrap());
    let place = |(other, name): (String, String)| (file.with_file_name(other), [module.clone(), vec![name]].concat());
    placed(&fs::read_to_string(file).unwrap()).into_iter().map(place).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}
