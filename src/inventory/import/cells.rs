//! Conversion of table cells to the keys of a principal entry.

use crate::{
    model::{
        PrincipalId, Timestamp,
        file::{AttributeValue, PrincipalKind, PrincipalRecord, PrincipalStatus, Principals},
    },
    policy::{AttributeKind, attribute, unfit},
};
use std::collections::BTreeSet;

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

    fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }

    fn word(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.trim().to_owned()),
            Self::Flag(_) | Self::Texts(_) => Err("expected a single value".to_owned()),
        }
    }

    fn words(&self) -> Vec<String> {
        let all = self.texts().flat_map(|text| text.split(';')).map(|word| word.trim().to_owned());
        all.filter(|word| !word.is_empty()).collect()
    }
}

/// An entry, and the keys that the row sets.
pub(super) type ProvidedFields = (PrincipalRecord, BTreeSet<String>);

/// Returns the entry of a row and the keys that it sets. An empty cell sets no key.
///
/// # Errors
/// All problems, by column.
pub(super) fn entry(
    cells: impl Iterator<Item = (String, String, TableCell)>,
) -> Result<ProvidedFields, Vec<(String, String)>> {
    let mut wrong = Vec::new();
    let mut given = BTreeSet::new();
    // INVARIANT: the id is set from its cell below, or the row is rejected.
    let Ok(nobody) = PrincipalId::parse("nobody") else { return Err(Vec::new()) };
    let mut entry = PrincipalRecord::new(nobody, PrincipalKind::Person);
    for (column, key, cell) in cells.filter(|(_, _, cell)| !cell.is_empty()) {
        let key = if key == "manager" { "owner".to_owned() } else { key };
        match set(&mut entry, &key, &cell) {
            Ok(()) if !given.insert(key.clone()) => wrong.push((column, format!("another column also sets `{key}`"))),
            Ok(()) => {}
            Err(why) => wrong.push((column, why)),
        }
    }
    if !given.contains("id") && wrong.is_empty() {
        wrong.push((
            "id".to_owned(),
            "the id is empty or its column is missing; name the column with --map COLUMN=id".to_owned(),
        ));
    }
    if wrong.is_empty() { Ok((entry, given)) } else { Err(wrong) }
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
                return Err(format!(
                    "unknown key `{key}`; map the column with --map COLUMN=KEY or ignore it with --map COLUMN="
                ));
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

const KINDS: [(&str, PrincipalKind); 6] = [
    ("agent", PrincipalKind::Agent),
    ("break-glass", PrincipalKind::BreakGlass),
    ("engine", PrincipalKind::Engine),
    ("person", PrincipalKind::Person),
    ("service", PrincipalKind::Service),
    ("vendor", PrincipalKind::Vendor),
];
const STATUSES: [(&str, PrincipalStatus); 2] = [("active", PrincipalStatus::Active), ("left", PrincipalStatus::Left)];
