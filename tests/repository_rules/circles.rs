//! Checks that the files of a folder of `src` use each other in no circle.

use crate::file_uses::{FileUses, file_uses};
use crate::layers::{module_of, rust_files};
use crate::tree::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn files_of_a_folder_use_each_other_in_no_circle() {
    let found: Vec<String> = circles(&root().join("src")).iter().map(line).collect();
    assert!(found.is_empty(), "files that use each other in a circle:\n{}\n", found.join("\n"));
}

#[test]
fn circles_are_found_through_names_of_the_folder() {
    let found: Vec<String> = circles(&root().join("tests/cases/circles")).iter().map(line).collect();
    assert_eq!(found, ["store/direct.rs store/other.rs"]);
}

type Circle = BTreeSet<String>;

fn line(circle: &Circle) -> String {
    circle.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Returns the circles of files in each folder below `root`, sorted.
fn circles(root: &Path) -> BTreeSet<Circle> {
    let modules = modules(root);
    let ties: BTreeMap<&str, BTreeSet<&str>> =
        modules.values().map(|file| (file.path.as_str(), file.uses_of(&modules))).collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = ties.keys().map(|file| (*file, reached(file, &ties))).collect();
    let circle = |file: &str| -> Circle {
        let back = |other: &&&str| reached[**other].contains(file);
        reached[file].iter().filter(back).map(|other| (*other).to_owned()).collect()
    };
    reached.keys().map(|file| circle(file)).filter(|circle| circle.len() > 1).collect()
}

/// Returns the files that `file` uses, directly or through others.
fn reached<'a>(file: &'a str, ties: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![file];
    while let Some(next) = open.pop() {
        open.extend(ties[next].iter().filter(|other| found.insert(**other)));
    }
    found
}

type Modules = BTreeMap<Vec<String>, SourceFile>;

struct SourceFile {
    module: Vec<String>,
    /// The path below the root.
    path: String,
    uses: FileUses,
}

/// Returns the files below `root` that are part of the product, by module.
fn modules(root: &Path) -> Modules {
    let read = |file: PathBuf| {
        let place = file.strip_prefix(root).unwrap();
        let module = module_of(place);
        let uses = file_uses(&fs::read_to_string(&file).unwrap(), &module);
        (module.clone(), SourceFile { module, path: place.to_str().unwrap().to_owned(), uses })
    };
    let is_test = |name: &String| name == "tests" || name.ends_with("_tests") || name.starts_with("test_");
    rust_files(root).into_iter().map(read).filter(|(module, _)| !module.iter().any(is_test)).collect()
}

impl SourceFile {
    /// Returns the files of the folder that this one uses, without the modules that it is part of: a part may use the
    /// types of the whole. A name that is only passed on is not used.
    fn uses_of<'m>(&self, modules: &'m Modules) -> BTreeSet<&'m str> {
        let is_used = |name: &str| name == "*" || self.uses.words.contains(name);
        let bound = self.uses.bindings.iter().filter(|one| !one.is_public || is_used(&one.name)).map(|one| &one.path);
        bound
            .chain(&self.uses.paths)
            .filter_map(|path| definition(path, modules, 0))
            .filter(|file| file.module.first() == self.module.first() && !self.module.starts_with(&file.module))
            .map(|file| file.path.as_str())
            .collect()
    }
}

/// Returns the file that defines the item at a path, through the names that modules pass on.
fn definition<'m>(path: &[String], modules: &'m Modules, depth: usize) -> Option<&'m SourceFile> {
    let length = (1..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]))?;
    let file = &modules[&path[..length]];
    let Some(name) = path.get(length).filter(|_| depth < DEEPEST) else { return Some(file) };
    if file.uses.definitions.contains(name) {
        return Some(file);
    }
    let further = |binding: &[String]| definition(&[binding, &path[length + 1..]].concat(), modules, depth + 1);
    let own = file.uses.bindings.iter().find(|binding| binding.name == *name);
    let globs = file.uses.bindings.iter().filter(|binding| binding.name == "*");
    let of_globs = globs.filter_map(|glob| modules.get(&glob.path));
    let passed_on = own.and_then(|binding| further(&binding.path));
    passed_on.or_else(|| of_globs.into_iter().find(|file| file.uses.definitions.contains(name))).or(Some(file))
}

/// The number of modules that may pass a name on.
const DEEPEST: usize = 8;
