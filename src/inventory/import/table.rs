//! Reads tables of principals: CSV (RFC 4180) and JSON Lines.

use super::cells::{self, TableCell};
use crate::{
    diag::{Diagnostic, Diagnostics},
    format::confusables,
    model::file::PrincipalRecord,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The format of a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableLayout {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per line.
    JsonLines,
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
}

/// Reads a table. `columns` maps column names to keys where they differ; a column mapped to `""` is ignored.
///
/// # Errors
/// All problems, each with its line and column. No row is skipped.
pub fn read(
    name: &str,
    text: &str,
    layout: TableLayout,
    columns: &BTreeMap<String, String>,
) -> Result<Vec<ImportRow>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let rows = match layout {
        TableLayout::Csv => csv(name, text, &mut problems),
        TableLayout::JsonLines => json_lines(name, text, &mut problems),
    };
    let mut all = Vec::new();
    // A wrong column is wrong in every row: it is reported once, with the number of lines.
    let mut by_column: BTreeMap<(String, String), (u64, usize)> = BTreeMap::new();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (line, cells) in rows {
        let left_out = |column: &String| columns.get(column).is_some_and(String::is_empty);
        let keyed = cells.into_iter().filter(|(column, _)| !left_out(column)).map(|(column, cell)| {
            let key = columns.get(&column).cloned().unwrap_or_else(|| column.clone());
            (column, key, cell)
        });
        match cells::entry(keyed) {
            Ok((entry, given)) => {
                if let Some(first) = seen.insert(entry.id.to_string(), line) {
                    let message = format!("duplicate id `{}`: on line {first} and on line {line}", entry.id);
                    problems.push(problem(name, line, "id", &message));
                }
                all.push(ImportRow { line, entry, given });
            }
            Err(wrong) => {
                for cell in wrong {
                    by_column.entry(cell).or_insert((line, 0)).1 += 1;
                }
            }
        }
    }
    for ((column, why), (line, lines)) in by_column {
        let why = if lines > 1 { format!("{why} (on {lines} lines)") } else { why };
        problems.push(problem(name, line, &column, &why));
    }
    if all.is_empty() && !problems.has_errors() {
        let empty = Diagnostic::error("empty-table", format!("`{name}` has no rows")).in_file(name);
        problems.push(empty.help("an empty authoritative table would mark every principal as departed"));
    }
    if problems.has_errors() { Err(problems) } else { Ok(all) }
}

type RowCells = Vec<(String, TableCell)>;

fn csv(name: &str, text: &str, problems: &mut Diagnostics) -> Vec<(u64, RowCells)> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_owned).collect(),
        Err(error) => {
            problems.push(problem(name, 1, "", &error.to_string()));
            return Vec::new();
        }
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let cells = headers.iter().cloned().zip(record.iter().map(|text| TableCell::Text(text.to_owned())));
                rows.push((line, checked(name, line, cells.collect(), problems)));
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let why = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("the row has {len} cells, but the table has {expected_len} columns")
                    }
                    _ => error.to_string(),
                };
                problems.push(problem(name, line, "", &why));
            }
        }
    }
    rows
}

fn json_lines(name: &str, text: &str, problems: &mut Diagnostics) -> Vec<(u64, RowCells)> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str::<BTreeMap<String, Value>>(text) {
            Ok(object) => {
                let mut cells = RowCells::new();
                flatten("", object, &mut cells);
                rows.push((line, checked(name, line, cells, problems)));
            }
            Err(error) => problems.push(problem(name, line, "", &format!("not a JSON object: {error}"))),
        }
    }
    rows
}

/// `{"attributes": {"principal.mfa": "otp"}}` and `{"attributes.principal.mfa": "otp"}` are equivalent.
fn flatten(prefix: &str, object: BTreeMap<String, Value>, cells: &mut RowCells) {
    for (key, value) in object {
        let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flatten(&key, inner.into_iter().collect(), cells),
            Value::Null => {}
            Value::Bool(flag) => cells.push((key, TableCell::Flag(flag))),
            Value::Number(number) => cells.push((key, TableCell::Text(number.to_string()))),
            Value::String(text) => cells.push((key, TableCell::Text(text))),
            Value::Array(values) => {
                let words =
                    values.into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                cells.push((key, TableCell::Texts(words.collect())));
            }
        }
    }
}

/// Rejects invisible characters, which could make one value look like another.
fn checked(name: &str, line: u64, cells: RowCells, problems: &mut Diagnostics) -> RowCells {
    for (column, cell) in &cells {
        if let Some(trick) = cell.texts().find_map(confusables::check) {
            problems.push(problem(name, line, column, &trick.to_string()));
        }
    }
    cells
}

fn problem(name: &str, line: u64, column: &str, why: &str) -> Diagnostic {
    let place = if column.is_empty() { format!("line {line}") } else { format!("line {line}, column `{column}`") };
    Diagnostic::error("table-malformed", format!("{place}: {why}"))
        .in_file(name)
        .help("correct the source file; no file was written")
}
