//! Conversion of table cells to the keys of a principal entry.

use crate::{
    model::{
        PrincipalId, Timestamp,
        file::{AttributeValue, MappedColumn, PrincipalKind, PrincipalRecord, PrincipalStatus, Principals},
    },
    policy::{AttributeKind, attribute, unfit},
};
use std::collections::BTreeSet;

/// One row before its cells are interpreted.
pub(super) struct TableRow {
    /// The first line of the row, from 1.
    pub(super) line: u64,
    /// The cells, each with the name of its column.
    pub(super) cells: Vec<(String, TableCell)>,
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) enum TableCell {
    /// A boolean.
    Flag(bool),
    /// A string, possibly empty.
    Text(String),
    /// A list of strings.
    Texts(Vec<String>),
}

impl TableCell {
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self {
            Self::Flag(_) => (None, &[][..]),
            Self::Text(text) => (Some(text.as_str()), &[][..]),
            Self::Texts(texts) => (None, texts.as_slice()),
        };
        one.into_iter().chain(many.iter().map(String::as_str))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Flag(_) => false,
            Self::Text(text) => text.trim().is_empty(),
            Self::Texts(texts) => texts.iter().all(|text| text.trim().is_empty()),
        }
    }

    fn word(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(one_line(text)),
            Self::Flag(_) | Self::Texts(_) => Err("expected a single value".to_owned()),
        }
    }

    pub(super) fn words(&self) -> Vec<String> {
        let all = self.texts().flat_map(|text| text.split([';', '\n'])).map(|word| word.trim().to_owned());
        all.filter(|word| !word.is_empty()).collect()
    }
}

/// Returns a text in one line: a line break in quotes becomes a space.
pub(super) fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// An entry, the keys that the row sets, and the keys whose value it removes.
pub(super) type ProvidedFields = (PrincipalRecord, BTreeSet<String>, BTreeSet<String>);

/// Returns the entry of a row, the keys that it sets and those that it removes. An empty cell removes the value if the
/// column is authoritative. With `removes_own_manager`, a person who is their own manager has none.
/// The id may be missing unless the row `is_whole`.
///
/// # Errors
/// All problems, by column.
pub(super) fn entry(
    cells: Vec<(MappedColumn, TableCell)>,
    removes_own_manager: bool,
    is_whole: bool,
) -> Result<ProvidedFields, Vec<(String, String)>> {
    let mut wrong = Vec::new();
    let (mut given, mut cleared) = (BTreeSet::new(), BTreeSet::new());
    // INVARIANT: the id is set from its cell below, or the row is rejected.
    let Ok(nobody) = PrincipalId::parse("nobody") else { return Err(Vec::new()) };
    let mut entry = PrincipalRecord::new(nobody, PrincipalKind::Person);
    for (column, cell) in cells {
        let key = column.key.unwrap_or_default();
        if cell.is_empty() {
            if column.authoritative && !KEPT.contains(&key.as_str()) {
                cleared.insert(key);
            }
            continue;
        }
        match set(&mut entry, &key, &cell) {
            Ok(()) if given.contains(&key) => wrong.push((column.name, format!("another column also sets `{key}`"))),
            Ok(()) => drop(given.insert(key)),
            Err(why) => wrong.push((column.name, why)),
        }
    }
    if !given.contains("id") && wrong.is_empty() && is_whole {
        wrong.push((
            "id".to_owned(),
            "the id is empty or its column is missing; name the column with --map COLUMN=id".to_owned(),
        ));
    }
    if removes_own_manager && entry.kind == PrincipalKind::Person && entry.owner.as_ref() == Some(&entry.id) {
        entry.owner = None;
        given.remove("owner");
        cleared.insert("owner".to_owned());
    }
    cleared.retain(|key| !given.contains(key));
    if wrong.is_empty() { Ok((entry, given, cleared)) } else { Err(wrong) }
}

/// Returns whether a key can be imported.
pub(super) fn is_key(key: &str) -> bool {
    let key = plain_key(key);
    KEYS.contains(&key) || key.strip_prefix("attributes.").is_some_and(|name| !name.is_empty())
}

/// Returns the key of a principal for another name of it.
pub(super) fn plain_key(key: &str) -> &str {
    if key == "manager" { "owner" } else { key }
}

fn set(entry: &mut PrincipalRecord, key: &str, cell: &TableCell) -> Result<(), String> {
    let id = |cell: &TableCell| PrincipalId::parse(&cell.word()?).map_err(|error| error.to_string());
    let time = |cell: &TableCell| Timestamp::parse(&cell.word()?).map_err(|error| format!("{error}, or a day alone"));
    match key {
        "id" => entry.id = id(cell)?,
        "kind" => entry.kind = one_of(&cell.word()?, &KINDS)?,
        "status" => entry.status = one_of(&cell.word()?, &STATUSES)?,
        "accounts" => {
            entry.accounts = cell.words();
            if let Some(bare) = entry.accounts.iter().find(|account| !account.contains(':')) {
                return Err(format!("expected an account `<system>:<immutable id>`, found `{bare}`"));
            }
            entry.accounts.sort();
            entry.accounts.dedup();
        }
        "owner" => entry.owner = Some(id(cell)?),
        "deputy" => entry.deputy = Some(id(cell)?),
        "sponsor" => entry.sponsor = Some(id(cell)?),
        "team" => entry.team = Some(cell.word()?),
        "workload" => entry.workload = Some(cell.word()?),
        "purpose" => entry.purpose = Some(cell.word()?),
        "environment" => entry.environment = Some(cell.word()?),
        "role" => entry.role = Some(cell.word()?),
        "vendor" => entry.vendor = Some(cell.word()?),
        "end_date" => entry.end_date = Some(time(cell)?),
        "role_changed_on" => entry.role_changed_on = Some(time(cell)?),
        _ => {
            let Some(name) = key.strip_prefix("attributes.") else {
                return Err(format!("unknown key `{key}`"));
            };
            let fact = fact(name, cell)?;
            entry.attributes.insert(name.to_owned(), fact);
            let lone = PrincipalRecord {
                attributes: [(
                    name.to_owned(),
                    entry.attributes.get(name).cloned().unwrap_or(AttributeValue::Flag(false)),
                )]
                .into(),
                ..PrincipalRecord::new(entry.id.clone(), entry.kind)
            };
            let file = Principals { schema: String::new(), principals: vec![lone] };
            if let Some(unfit) = unfit(&file).pop() {
                return Err(format!("{}; {}", unfit.why, unfit.help));
            }
        }
    }
    Ok(())
}

/// Table cells are strings; the type of the attribute decides how they are parsed.
fn fact(name: &str, cell: &TableCell) -> Result<AttributeValue, String> {
    let kind = attribute(name).map(|attribute| attribute.kind);
    match (cell, kind) {
        (TableCell::Flag(flag), _) => Ok(AttributeValue::Flag(*flag)),
        (_, Some(AttributeKind::Texts)) => Ok(AttributeValue::Texts(cell.words())),
        (_, Some(AttributeKind::Flag)) => match cell.word()?.to_ascii_lowercase().as_str() {
            "true" | "yes" => Ok(AttributeValue::Flag(true)),
            "false" | "no" => Ok(AttributeValue::Flag(false)),
            other => Err(format!("expected `true` or `false`, found `{other}`")),
        },
        (_, Some(AttributeKind::Number)) if !name.ends_with("_days") => {
            cell.word()?.parse().map(AttributeValue::Number).map_err(|_| "expected an integer".to_owned())
        }
        _ => Ok(AttributeValue::Text(cell.word()?)),
    }
}

fn one_of<T: Copy>(word: &str, known: &[(&str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(name, _)| *name == word);
    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    found.map(|(_, value)| *value).ok_or_else(|| format!("expected one of {}, found `{word}`", names.join(", ")))
}

/// The keys of a principal that a table can set, without attributes.
const KEYS: [&str; 15] = [
    "accounts",
    "deputy",
    "end_date",
    "environment",
    "id",
    "kind",
    "owner",
    "purpose",
    "role",
    "role_changed_on",
    "sponsor",
    "status",
    "team",
    "vendor",
    "workload",
];
/// The keys that an empty cell never removes: each principal has the first three, accounts that were found by other
/// means stay, and the date of the last change is kept by the import.
const KEPT: [&str; 5] = ["accounts", "id", "kind", "role_changed_on", "status"];
const KINDS: [(&str, PrincipalKind); 6] = [
    ("agent", PrincipalKind::Agent),
    ("break-glass", PrincipalKind::BreakGlass),
    ("engine", PrincipalKind::Engine),
    ("person", PrincipalKind::Person),
    ("service", PrincipalKind::Service),
    ("vendor", PrincipalKind::Vendor),
];
const STATUSES: [(&str, PrincipalStatus); 2] = [("active", PrincipalStatus::Active), ("left", PrincipalStatus::Left)];
