//! Checks that a policy attribute is in two files: the row that defines it, and the file that computes it.

use crate::{connectors::product, tree::read};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn policy_attribute_is_in_a_row_and_at_most_one_more_file() {
    let names = names();
    assert!(names.len() > 100 && names.contains("principal.mfa"), "{names:?}");
    let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let product = product();
    let quoted = Regex::new("\"([a-z0-9_.]+)\"").unwrap();
    for (path, lines) in product.iter().filter(|(path, _)| defines(path) && path != TABLE) {
        let code = lines.iter().map(|(_, line)| line).filter(|line| !line.trim_start().starts_with("//"));
        let words = code.flat_map(|line| quoted.captures_iter(line)).map(|found| found.get(1).unwrap());
        for name in words.filter_map(|word| names.get(word.as_str())) {
            places.entry(name).or_default().insert(path);
        }
    }
    places.retain(|name, files| files.len() > 1 && !USED.contains(name));
    assert!(places.is_empty(), "attributes in more than one file besides their row:\n{places:#?}");
}

/// Returns the names of the rows.
fn names() -> BTreeSet<String> {
    let table = read(TABLE);
    let rows = table.split("pub const ATTRIBUTES").nth(1).unwrap().split("\n];").next().unwrap();
    let row = Regex::new(r#"(?m)^    (?:flag|map|number|text|texts)\(\s*"([a-z0-9_.]+)""#).unwrap();
    row.captures_iter(rows).map(|found| found[1].to_owned()).collect()
}

/// Returns whether a file defines or computes attributes. Other layers read them by name, like a rule does.
fn defines(path: &str) -> bool {
    ["src/policy/", "src/inventory/", "src/connector/"].iter().any(|folder| path.starts_with(folder))
}

const TABLE: &str = "src/policy/attributes.rs";

/// Attributes that the evaluation of rules reads: limits depend on the tier, and rules on the active profiles.
const USED: [&str; 3] = ["grant.tier", "principal.tier", "profiles"];
