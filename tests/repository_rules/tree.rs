//! Files of the source tree, and pages with generated parts.

use std::{fs, path::Path};

/// Returns the root of the source tree.
pub fn root() -> &'static Path {
    Path::new(super::ROOT)
}

/// Returns the text of a file, by its path from the root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the path of every Markdown page from the root, sorted.
pub fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", ".github"] {
        pages.extend(files(folder).into_iter().filter(|path| path.ends_with(".md")));
    }
    pages.sort();
    pages
}

/// Returns the paths of the files below a folder from the root, sorted.
pub fn files(folder: &str) -> Vec<String> {
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
pub fn publish(path: &str, wanted: &str) {
    let is = read(path);
    if is != wanted && std::env::var_os("TENURE_UPDATE").is_some() {
        fs::write(root().join(path), wanted).unwrap();
        return;
    }
    if is != wanted {
        let at = is.lines().zip(wanted.lines()).position(|(is, wanted)| is != wanted).unwrap_or(0);
        let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
        panic!(
            "{path}:{} is stale; write it: TENURE_UPDATE=1 cargo test -- docs:: threat_model\n- {}\n+ {}",
            at + 1,
            line(&is),
            line(wanted)
        );
    }
}
