//! Checks that the folders of connectors have the same files, and that no other code knows a connector.

use crate::tree::{files, read};
use regex::Regex;
use std::collections::BTreeSet;

#[test]
fn connectors_have_the_files_of_the_development_page() {
    let listed = listed_files();
    assert!(listed.iter().filter(|path| path.contains("/NAME/")).count() > 5, "{listed:?}");
    let all: BTreeSet<String> = files("src").into_iter().collect();
    for connector in connectors() {
        for path in &listed {
            let path = path.replace("NAME", &connector.folder);
            let folder = path.replace(".rs", "/mod.rs");
            assert!(all.contains(&path) || all.contains(&folder), "{path} is missing");
        }
    }
}

#[test]
fn connector_is_mentioned_by_one_line_of_one_file() {
    let listed: Vec<String> = listed_files().into_iter().filter(|path| !path.contains("NAME")).collect();
    assert_eq!(listed, ["src/connector/mod.rs"]);
    for connector in connectors() {
        let found = mentions(&connector, &product());
        let places: Vec<&str> = found.iter().filter_map(|found| found.split_once(':')).map(|(path, _)| path).collect();
        assert_eq!(places, listed, "{}:\n{}", connector.id, found.join("\n"));
    }
}

#[test]
fn layers_above_do_not_use_words_of_a_connector() {
    let words = Regex::new(r"(?i)\b(sudo\w*|pg_\w+|iam|aws\w*|postgres\w*|authorized_keys|scram\w*)\b").unwrap();
    let above = |path: &str| LAYERS_ABOVE.iter().any(|folder| path.starts_with(&format!("src/{folder}/")));
    let found: Vec<String> = product()
        .iter()
        .filter(|(path, _)| above(path))
        .flat_map(|(path, lines)| lines.iter().map(move |(number, line)| (path, number, line)))
        .filter(|(_, _, line)| words.is_match(line))
        .map(|(path, number, line)| format!("{path}:{number}: {}", line.trim()))
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn mention_is_a_path_or_the_name_in_quotes() {
    let connector = Connector { folder: "some_db".to_owned(), id: "some-db".to_owned() };
    let lines = [
        "use super::some_db;",
        "pub mod some_db;",
        "    some_db::open();",
        "    let some_db = 1;",
        "    // some-db and some_db",
        "    matches!(name, \"some-db\" | \"other\")",
    ];
    let lines = lines.iter().enumerate().map(|(index, line)| (index + 1, (*line).to_owned())).collect();
    let found = mentions(&connector, &[("src/a.rs".to_owned(), lines)]);
    let numbers: Vec<&str> = found.iter().filter_map(|found| found.split(':').nth(1)).collect();
    assert_eq!(numbers, ["1", "2", "3", "6"]);
}

/// A connector.
struct Connector {
    folder: String,
    /// The name in system files.
    id: String,
}

/// The path of a file and its numbered lines.
pub type NumberedFile = (String, Vec<(usize, String)>);

/// Returns the connectors: the folders with a definition.
fn connectors() -> Vec<Connector> {
    let found: Vec<Connector> = files("src/connector")
        .iter()
        .filter_map(|path| path.strip_prefix("src/connector/")?.strip_suffix("/definition.rs"))
        .map(|folder| {
            let config = read(&format!("src/connector/{folder}/config.rs"));
            let (_, rest) = config.split_once("const NAME: &str = \"").unwrap_or_else(|| panic!("{folder}: no NAME"));
            Connector { folder: folder.to_owned(), id: rest.split('"').next().unwrap().to_owned() }
        })
        .collect();
    assert!(found.len() >= 3);
    found
}

/// Returns the lines outside the folder of a connector that mention it: `path:number: line`.
fn mentions(connector: &Connector, files: &[NumberedFile]) -> Vec<String> {
    let Connector { folder, id } = connector;
    let path = Regex::new(&format!(r"(::|\bmod ){folder}\b|\b{folder}::")).unwrap();
    let quoted = format!("\"{id}\"");
    let own = format!("src/connector/{folder}/");
    files
        .iter()
        .filter(|(file, _)| !file.starts_with(&own))
        .flat_map(|(file, lines)| lines.iter().map(move |(number, line)| (file, number, line)))
        .filter(|(_, _, line)| !line.trim_start().starts_with("//"))
        .filter(|(_, _, line)| path.is_match(line) || line.contains(&quoted))
        .map(|(file, number, line)| format!("{file}:{number}: {}", line.trim()))
        .collect()
}

/// Returns the files of the product, without tests and without the demo, which is about one host.
pub fn product() -> Vec<NumberedFile> {
    let of_tests = |path: &str| {
        let parts = path.trim_end_matches(".rs").split('/');
        parts.clone().any(|part| part == "tests" || part.ends_with("_tests") || part.starts_with("test_"))
    };
    files("src")
        .into_iter()
        .filter(|path| path.ends_with(".rs") && !of_tests(path) && !path.starts_with("src/cli/demo/"))
        .map(|path| {
            let text = read(&path);
            let lines = text.lines().take_while(|line| !line.starts_with("mod tests {"));
            let lines = lines.enumerate().map(|(index, line)| (index + 1, line.to_owned())).collect();
            (path, lines)
        })
        .collect()
}

/// Returns the files of the table on the development page.
fn listed_files() -> Vec<String> {
    let page = read("docs/development.md");
    let (_, section) = page.split_once("\n## A new connector\n").expect("a section");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    rows.flat_map(|cell| cell.split('`').filter(|part| part.starts_with("src/")).map(str::to_owned)).collect()
}

/// The layers that use connectors by their definitions only.
const LAYERS_ABOVE: [&str; 12] = [
    "app",
    "audit",
    "campaign",
    "enforce",
    "evidence",
    "forge",
    "inventory",
    "plan",
    "policy",
    "report",
    "store",
    "trust",
];
