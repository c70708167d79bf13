//! Checks the layers of the crate: a folder of `src` imports only from folders in lower layers.

use crate::imports::{imports, placed};
use crate::tree::root;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of each layer, the lowest layer first. A folder imports only from lower layers.
const LAYERS: [&[&str]; 13] = [
    &["model", "diag", "git"],
    &["format"],
    &["store", "policy", "connector"],
    &["trust", "inventory"],
    &["campaign"],
    &["plan"],
    &["enforce"],
    &["evidence"],
    &["audit"],
    &["report", "forge"],
    &["app"],
    &["cli"],
    &["main"],
];

/// Imports from lower layers that are not allowed: an audit works offline on a clone, so it has no access to targets.
const NEVER: [(&str, &[&str]); 1] = [("audit", &["connector", "inventory", "enforce"])];

#[test]
fn imports_are_from_lower_layers_only() {
    let wrong = check(&root().join("src"));
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn crate_documentation_lists_the_same_layers() {
    let page = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter(|row| row.starts_with(|first: char| first.is_ascii_digit()))
        .map(|row| row.split('`').skip(1).step_by(2).collect())
        .collect();
    let layers: Vec<Vec<&str>> = LAYERS[..LAYERS.len() - 1].iter().map(|layer| layer.to_vec()).collect();
    assert_eq!(rows, layers, "the table in src/lib.rs and the one here differ");
}

#[test]
fn wrong_imports_are_found() {
    let wrong = root().join("tests/cases/wrong_layers");
    let known = fs::read_to_string(wrong.join("found.txt")).unwrap();
    assert_eq!(check(&wrong), known.lines().collect::<Vec<_>>());
}

/// Returns a message for each import that is not allowed and each folder without a layer, sorted by path and line.
fn check(root: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let files = rust_files(root);
    let elsewhere: BTreeMap<PathBuf, Vec<String>> = files.iter().flat_map(|file| placed_by(file, root)).collect();
    for file in files {
        let place = file.strip_prefix(root).unwrap();
        let module = elsewhere.get(&file).cloned().unwrap_or_else(|| module_of(place));
        let Some(folder) = module.first() else { continue };
        let Some(layer) = layer_of(folder) else {
            wrong.push(format!("{}: `{folder}` is in no layer", place.display()));
            continue;
        };
        for import in imports(&fs::read_to_string(&file).unwrap(), &module) {
            let here = format!("{}:{}: `{folder}` in layer {}", place.display(), import.line, layer + 1);
            let name = &import.name;
            match layer_of(name) {
                _ if name == folder => {}
                None => wrong.push(format!("{here} names `{name}`, which is in no layer")),
                Some(other) if other == layer => wrong.push(format!("{here} imports `{name}` in the same layer")),
                Some(other) if other > layer => {
                    wrong.push(format!("{here} imports `{name}` above it, in layer {}", other + 1))
                }
                Some(other) if NEVER.iter().any(|(from, to)| from == folder && to.contains(&name.as_str())) => {
                    wrong.push(format!("{here} imports `{name}` in layer {}, which it must not use", other + 1));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

fn layer_of(folder: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&folder))
}

/// Returns the module path of a file below the crate root; empty for the root itself.
pub fn module_of(place: &Path) -> Vec<String> {
    let mut module: Vec<String> =
        place.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// Returns the module paths of the files that `file` includes with `#[path]`.
fn placed_by(file: &Path, root: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let module = module_of(file.strip_prefix(root).unwrap());
    let place = |(other, name): (String, String)| (file.with_file_name(other), [module.clone(), vec![name]].concat());
    placed(&fs::read_to_string(file).unwrap()).into_iter().map(place).collect()
}

/// Returns the Rust files below a folder.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
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
