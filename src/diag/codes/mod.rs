//! The codes of all diagnostics and findings, by area.
//!
//! `docs/codes.md` is generated from this table. `tests/suite/docs/codes.rs` compares the table with the codes in `src`.

mod audit;
mod campaign;
mod code;
mod commands;
mod enforcement;
mod evidence;
mod files;
mod inventory;
mod policy;
mod trust;

pub use code::{Code, CodeSeverity};

/// The codes of one area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CodeArea {
    /// The title.
    pub title: &'static str,
    /// The codes, sorted by name.
    pub codes: &'static [Code],
}

/// Returns the code with a name.
pub fn find(name: &str) -> Option<&'static Code> {
    AREAS.iter().find_map(|area| {
        let index = area.codes.binary_search_by(|code| code.name.cmp(name)).ok()?;
        area.codes.get(index)
    })
}

/// Returns all codes, by area.
pub fn all() -> impl Iterator<Item = &'static Code> {
    AREAS.iter().flat_map(|area| area.codes)
}

/// The areas. Each code is in one of them.
pub const AREAS: [CodeArea; 9] = [
    CodeArea { title: "Files", codes: files::CODES },
    CodeArea { title: "Trust, signatures and decisions", codes: trust::CODES },
    CodeArea { title: "Policies", codes: policy::CODES },
    CodeArea { title: "Inventory", codes: inventory::CODES },
    CodeArea { title: "Campaigns", codes: campaign::CODES },
    CodeArea { title: "Enforcement", codes: enforcement::CODES },
    CodeArea { title: "Evidence branch", codes: evidence::CODES },
    CodeArea { title: "Audit", codes: audit::CODES },
    CodeArea { title: "Commands", codes: commands::CODES },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_sorted_and_unique() {
        for area in AREAS {
            assert!(area.codes.is_sorted_by(|one, other| one.name < other.name), "{}", area.title);
        }
        let names: BTreeSet<_> = all().map(|code| code.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(names.iter().all(|name| find(name).is_some_and(|code| code.name == *name)));
        assert_eq!(find("no-such-code"), None);
    }

    #[test]
    fn meaning_and_remedy_are_sentences() {
        for code in all() {
            for text in [code.meaning, code.remedy] {
                assert!(text.ends_with('.') && !text.starts_with(char::is_whitespace), "{}: {text}", code.name);
            }
        }
    }
}
