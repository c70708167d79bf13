//! Cases of imports: tables as personnel systems export them, in `tests/cases/imports`. `TENURE_UPDATE=1` writes the
//! results again.

use super::*;
use crate::{
    diag::{Diagnostics, RenderStyle},
    format::{codec, limits::MAX_FILE},
    inventory::test_fixtures::today,
    model::file::{FileKind, PrincipalStatus, Principals},
};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { compare(stringify!($name)); })*

        #[test]
        fn every_case_is_a_test() {
            let mut files: Vec<_> = fs::read_dir(folder())
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let tests: Vec<_> = [$(stringify!($name)),*].map(|name| format!("{name}.txt")).into();
            assert_eq!(files, tests);
        }
    };
}

cases!(
    cleared_cells_remove_the_values,
    cycles_of_managers_are_named,
    dates_and_words_are_translated,
    json_array_has_rows,
    json_mistakes_have_their_line,
    line_breaks_in_quotes_are_spaces,
    listed_again_is_active,
    mapping_mistakes_are_all_reported,
    mistakes_of_all_parts_are_reported,
    own_manager_can_be_removed,
    parts_are_one_set,
    personnel_numbers_and_addresses_become_ids,
    repeated_mistake_is_one_message,
    semicolons_are_found,
    tabs_are_found,
    transform_mistakes_are_reported,
);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/imports")
}

/// Imports the tables of a case, and compares the files or the problems with its last part.
fn compare(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).unwrap();
    let (given, expected) = text.split_once("== result\n").expect("a result");
    let found = imported(given).unwrap_or_else(|problems| problems.render(RenderStyle::plain()));
    if std::env::var_os("TENURE_UPDATE").is_some() {
        fs::write(&path, format!("{given}== result\n{found}")).unwrap();
    } else {
        assert_eq!(found, expected, "{name}");
    }
}

fn imported(given: &str) -> Result<String, Diagnostics> {
    let mut files = BTreeMap::new();
    let (mut mapping, mut tables, mut authoritative) = (ColumnMapping::default(), Vec::new(), false);
    for part in given.split("== ").skip(1) {
        let (title, text) = part.split_once('\n').unwrap();
        match title.split(' ').collect::<Vec<_>>()[..] {
            ["authoritative"] => authoritative = true,
            ["before", path] => drop(files.insert(path.to_owned(), codec::parse(path, text.as_bytes())?)),
            ["mapping"] => mapping = ColumnMapping::parse("imports/hr.toml", text.as_bytes())?,
            ["table", name] => tables.push(table(name, text.to_owned())),
            ["table", name, "crlf"] => tables.push(table(name, text.replace('\n', "\r\n"))),
            _ => panic!("unknown part {title}"),
        }
    }
    let rows = read(&tables, &mapping.authoritative(authoritative))?;
    let set = FileSet::new("principals/people.toml").unwrap();
    let merged = merge(&files, &set, &rows, authoritative, today());
    let mut shown = String::new();
    for (path, merged) in &merged {
        let MergedPrincipals { added, changed, left, returned, .. } = merged;
        writeln!(shown, "{path}: added {added:?}, changed {changed:?}, left {left:?}, returned {returned:?}").unwrap();
        shown.push_str(&codec::render(&merged.file));
    }
    let files: BTreeMap<_, _> = merged.into_iter().map(|(path, merged)| (path, merged.file)).collect();
    let again = merge(&files, &set, &rows, authoritative, today().plus_days(3));
    for (path, again) in again {
        assert_eq!(codec::render(&again.file), codec::render(&files[&path]), "the second import changes nothing");
    }
    Ok(shown)
}

fn table(name: &str, text: String) -> ImportTable {
    let layout = TableLayout::of_text(&text);
    ImportTable { name: name.to_owned(), text, layout }
}

/// 50,000 people: files of governed size, of which a later import with few changes changes few.
#[test]
fn fifty_thousand_people_fit_into_stable_files() {
    let person = |number: u32| format!("p{number:05},person {number}'s department,p{:05}\n", number / 10);
    let export = |numbers: &mut dyn Iterator<Item = u32>| {
        let rows: String = numbers.map(person).collect();
        let text = format!("id,team,manager\np00001,board,\n{rows}");
        read(&[table("hr.csv", text)], &ColumnMapping::default()).unwrap()
    };
    let set = FileSet::new("principals/people.toml").unwrap();
    let import = |files: &BTreeMap<String, Principals>, rows: &[ImportRow], now| {
        merge(files, &set, rows, true, now)
            .into_iter()
            .map(|(path, merged)| (path, merged.file))
            .collect::<BTreeMap<_, _>>()
    };
    let first = import(&BTreeMap::new(), &export(&mut (2..50_000).filter(|number| number % 1_000 != 7)), today());
    let rendered = |files: &BTreeMap<String, Principals>| -> BTreeMap<String, String> {
        files.iter().map(|(path, file)| (path.clone(), codec::render(file))).collect()
    };
    let before = rendered(&first);
    assert!(before.len() > 20, "{}", before.len());
    assert!(before.values().all(|text| text.len() <= MAX_FILE));
    assert_eq!(first.values().map(|file| file.principals.len()).sum::<usize>(), 49_999 - 50);

    // Three leave, and all who were missing come: the ones in their files, the others in the last file.
    let second = import(&first, &export(&mut (2..50_000).filter(|number| number % 20_000 != 19_999)), today());
    let after = rendered(&second);
    assert!(after.values().all(|text| text.len() <= MAX_FILE));
    let changed = after.iter().filter(|(path, text)| before.get(*path) != Some(*text)).count();
    assert!(changed <= 4, "{changed} files changed");
    let left = second.values().flat_map(|file| &file.principals).filter(|entry| entry.status == PrincipalStatus::Left);
    assert_eq!(left.count(), 2);

    // A longer value in every entry moves the last entries of full files, and of no others.
    let longer: Vec<ImportRow> = second
        .values()
        .flat_map(|file| &file.principals)
        .map(|entry| ImportRow {
            line: 0,
            entry: crate::model::file::PrincipalRecord {
                purpose: Some("p".repeat(90)),
                role: Some("r".repeat(30)),
                ..entry.clone()
            },
            given: ["purpose", "role"].map(str::to_owned).into(),
            cleared: [].into(),
        })
        .collect();
    let third = import(&second, &longer, today());
    assert!(rendered(&third).values().all(|text| text.len() <= MAX_FILE));
    let ids = |files: &BTreeMap<String, Principals>| {
        let mut ids: Vec<_> = files.values().flat_map(|file| &file.principals).map(|entry| entry.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&third), ids(&second), "each principal has one entry");
    assert!(second.iter().all(|(path, file)| {
        let first = file.principals.first().map(|entry| &entry.id);
        third[path].principals.first().map(|entry| &entry.id) == first
    }));
    assert_eq!(FileKind::Principals.schema(), third["principals/people.toml"].schema);
}
