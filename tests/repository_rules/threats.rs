//! Checks that the threat model lists every test of each row.

use crate::tree::{files, publish, read};
use std::collections::BTreeMap;

#[test]
fn threat_model_names_the_tests_of_each_row() {
    let tests = tests();
    let mut page = String::new();
    let mut rows = Vec::new();
    let (above, below) = {
        let text = read("docs/threats.md");
        let at = text.find("\n## Not covered yet\n").expect("the heading of what is not covered");
        (text[..at].to_owned(), text[at..].to_owned())
    };
    for line in above.lines() {
        let number = line.strip_prefix("| ").and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
        match number {
            None => page.push_str(line),
            Some(number) => {
                rows.push(number);
                let cells: Vec<&str> = line.trim_end_matches('|').split(" | ").collect();
                assert_eq!(cells.len(), 5, "{line}");
                let names = tests.get(&number).map_or_else(|| "none".to_owned(), |names| names.join("<br>"));
                page.push_str(&format!("{} | {names} |", cells[..4].join(" | ")));
            }
        }
        page.push('\n');
    }
    assert_eq!(rows, (1..=38).chain(COVERED).collect::<Vec<_>>(), "the rows of the table");
    let without: Vec<u32> = rows.into_iter().filter(|row| !tests.contains_key(row)).collect();
    assert_eq!(without, NO_TEST, "rows without a test");
    publish("docs/threats.md", &format!("{}{below}", page.trim_end_matches('\n').to_owned() + "\n"));
}

/// Returns the names of the tests, by row, sorted, each as a link to its file.
fn tests() -> BTreeMap<u32, Vec<String>> {
    let mut tests: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let files = files("src").into_iter().chain(files("tests")).filter(|path| path.ends_with(".rs"));
    // The rows of PostgreSQL connector tests belong to another table.
    for path in files.filter(|path| !path.starts_with("src/connector/postgres/")) {
        for line in read(&path).lines() {
            let Some(name) = line.trim_start().strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else {
                continue;
            };
            let row = ["row_", "threat_"].iter().find_map(|prefix| name.strip_prefix(prefix));
            let Some(row) = row.and_then(|rest| rest.split('_').next()?.parse().ok()) else { continue };
            tests.entry(row).or_default().push(format!("[`{name}`](../{path})"));
        }
    }
    tests.values_mut().for_each(|names| names.sort());
    tests
}

/// The rows after the first 38 that have a defence with a test.
const COVERED: [u32; 17] = [39, 40, 41, 42, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 59];
/// Plug-ins, which are not implemented yet.
const NO_TEST: [u32; 1] = [32];
