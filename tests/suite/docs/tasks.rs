//! Checks the lists of files to change in `docs/development.md`: kinds are listed in their tables alone.

use super::{files, read};
use std::collections::BTreeSet;
use tenure::model::{file::FileKind, record::RecordPayload};

#[test]
fn kinds_of_files_are_listed_in_three_files() {
    let places = lists("FileKind::", FileKind::ALL.len());
    assert_eq!(places, ["src/store/layout.rs"], "files that list kinds, besides the table in src/model/file/mod.rs");
    let table = read("src/model/file/mod.rs");
    assert!(FileKind::ALL.iter().all(|kind| table.contains(&format!("\"{}\" at \"", kind.name()))));
}

#[test]
fn kinds_of_records_are_listed_in_two_files() {
    let places = lists("RecordPayload::", RecordPayload::KINDS.len());
    assert_eq!(places, ["src/model/history.rs", "src/model/record/payload.rs"], "files that list kinds of records");
    let table = read("src/model/record/payload.rs");
    assert!(RecordPayload::KINDS.iter().all(|(kind, _)| table.contains(&format!(") = \"{kind}\","))));
}

/// Returns the source files that name at least half of the variants of a type.
fn lists(prefix: &str, variants: usize) -> Vec<String> {
    let named = |path: &String| {
        let text = read(path);
        let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        let ends = |rest: &str| rest.split(|end: char| !end.is_alphanumeric()).next().unwrap_or_default().to_owned();
        text.split(prefix).skip(1).map(ends).collect::<BTreeSet<_>>().len()
    };
    let is_source = |path: &String| path.ends_with(".rs") && !path.ends_with("_tests.rs");
    files("src").into_iter().filter(is_source).filter(|path| named(path) * 2 >= variants).collect()
}
