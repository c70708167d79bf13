//! Reads tables of principals: delimited text (RFC 4180), JSON arrays and JSON Lines.

use super::{
    cells::{self, TableCell},
    column_mapping::ColumnMapping,
    csv_rows, json_rows,
    managers::manager_cycles,
    mistakes::ImportMistakes,
    transform::transformed,
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::confusables,
    model::file::{MappedColumn, PrincipalKind, PrincipalRecord},
};
use std::collections::{BTreeMap, BTreeSet};

/// The format of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableLayout {
    /// Delimited values with a header line.
    Csv,
    /// An array of JSON objects.
    JsonArray,
    /// One JSON object per line.
    JsonLines,
}

impl TableLayout {
    /// Returns the format that the first character of the text indicates.
    pub fn of_text(text: &str) -> Self {
        match text.trim_start_matches('\u{feff}').trim_start().chars().next() {
            Some('[') => Self::JsonArray,
            Some('{') => Self::JsonLines,
            _ => Self::Csv,
        }
    }
}

/// One table of an import.
#[derive(Clone, Debug)]
pub struct ImportTable {
    /// The name of its file.
    pub name: String,
    /// Its content.
    pub text: String,
    /// Its format.
    pub layout: TableLayout,
}

/// One row, as a principal entry.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// The first line of the row, from 1.
    pub line: u64,
    /// The entry; keys that the row does not set are empty.
    pub entry: PrincipalRecord,
    /// The keys that the row sets.
    pub given: BTreeSet<String>,
    /// The keys whose value the row removes: its cell is empty, and the import is authoritative for the column.
    pub cleared: BTreeSet<String>,
}

/// Reads the tables of one import, which together list each principal once.
///
/// # Errors
/// All problems, each with its table, line and column. No row is skipped.
pub fn read(tables: &[ImportTable], mapping: &ColumnMapping) -> Result<Vec<ImportRow>, Diagnostics> {
    let mut mistakes = ImportMistakes::default();
    let mut all: Vec<ImportRow> = Vec::new();
    let mut places: BTreeMap<String, (&str, u64)> = BTreeMap::new();
    for table in tables {
        let name = table.name.as_str();
        let (header, rows) = match table.layout {
            TableLayout::Csv => {
                let (header, rows) = csv_rows::read(name, &table.text, mapping, &mut mistakes);
                (Some(header), rows)
            }
            TableLayout::JsonArray => (None, json_rows::read_array(name, &table.text, &mut mistakes)),
            TableLayout::JsonLines => (None, json_rows::read_lines(name, &table.text, &mut mistakes)),
        };
        let mut columns = KnownColumns { mapping, table: name, header, known: BTreeMap::new() };
        for row in rows {
            let Some((entry, given, cleared)) = columns.entry(row.line, row.cells, &mut mistakes) else { continue };
            let line = row.line;
            match places.get(entry.id.as_str()) {
                Some((other, first)) => {
                    let of = if *other == name { String::new() } else { format!(" of {other}") };
                    let message = format!("duplicate id `{}`: on line {first}{of} and on line {line}", entry.id);
                    mistakes.push(name, line, "id", message);
                }
                None => drop(places.insert(entry.id.to_string(), (name, line))),
            }
            all.push(ImportRow { line, entry, given, cleared });
        }
    }
    let people = all.iter().filter(|row| row.entry.kind == PrincipalKind::Person);
    let managers = people.filter_map(|row| Some((&row.entry.id, row.entry.owner.as_ref()?))).collect();
    for (number, cycle) in manager_cycles(&managers).into_iter().enumerate() {
        let place = cycle.members().first().and_then(|id| places.get(id.as_str()));
        let (table, line) = place.copied().unwrap_or_default();
        if number < MAX_CYCLES {
            mistakes.push_single(table, line, cycle.to_string());
        } else {
            mistakes.push(table, line, "", cycle.to_string());
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into_diagnostics());
    }
    if all.is_empty() {
        let names: Vec<_> = tables.iter().map(|table| format!("`{}`", table.name)).collect();
        let verb = if names.len() == 1 { "has" } else { "have" };
        let empty = Diagnostic::error("empty-table", format!("{} {verb} no rows", names.join(" and ")));
        let empty = tables.first().map_or(empty.clone(), |table| empty.in_file(&table.name));
        return Err(empty.help("an empty authoritative table would mark every principal as departed").into());
    }
    Ok(all)
}

/// The columns of one table that were seen before.
struct KnownColumns<'a> {
    mapping: &'a ColumnMapping,
    table: &'a str,
    /// The line of the header, where an unknown column is reported.
    header: Option<u64>,
    /// The columns by name; `None` for those that are ignored or unknown.
    known: BTreeMap<String, Option<MappedColumn>>,
}

impl KnownColumns<'_> {
    /// Returns the entry of a row, the keys that it sets and those that it removes. Adds its mistakes.
    fn entry(
        &mut self,
        line: u64,
        cells: Vec<(String, TableCell)>,
        mistakes: &mut ImportMistakes,
    ) -> Option<cells::ProvidedFields> {
        let mut keyed = Vec::new();
        let mut is_whole = true;
        for (name, cell) in cells {
            // An unknown column without values is not reported.
            if cell.is_empty() && !self.mapping.knows(&name) {
                continue;
            }
            let Some(column) = self.column(&name, line, mistakes) else { continue };
            let trick = cell.texts().flat_map(str::lines).find_map(confusables::check);
            let cell = match trick {
                Some(trick) => Err(trick.to_string()),
                None => transformed(cell, column),
            };
            match cell {
                Ok(cell) => keyed.push((column.clone(), cell)),
                Err(why) => {
                    mistakes.push(self.table, line, &name, why);
                    is_whole = false;
                }
            }
        }
        match cells::entry(keyed, self.mapping.removes_own_manager, is_whole) {
            Ok(fields) => Some(fields).filter(|_| is_whole),
            Err(wrong) => {
                for (column, why) in wrong {
                    mistakes.push(self.table, line, &column, why);
                }
                None
            }
        }
    }

    fn column(&mut self, name: &str, line: u64, mistakes: &mut ImportMistakes) -> Option<&MappedColumn> {
        if !self.known.contains_key(name) {
            let column = self.mapping.column(name);
            let key = column.as_ref().and_then(|column| column.key.as_deref());
            let unknown = key.filter(|key| !cells::is_key(key));
            if let Some(key) = unknown {
                let why = format!(
                    "unknown key `{key}`; map the column with --map COLUMN=KEY or a mapping file, or ignore it with --map COLUMN="
                );
                mistakes.push(self.table, self.header.unwrap_or(line), name, why);
            }
            let column = if unknown.is_some() { None } else { column };
            self.known.insert(name.to_owned(), column);
        }
        self.known.get(name)?.as_ref()
    }
}

/// The number of cycles of managers that have a message of their own.
const MAX_CYCLES: usize = 10;
