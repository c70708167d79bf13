//! Reads the rows of JSON: an array of objects, or one object on each line.

use super::{
    cells::{TableCell, TableRow},
    mistakes::ImportMistakes,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads one JSON object on each line.
pub(super) fn read_lines(table: &str, text: &str, mistakes: &mut ImportMistakes) -> Vec<TableRow> {
    let mut rows = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => rows.extend(row(table, line, value, mistakes)),
            Err(error) => {
                mistakes.push(table, line, "", format!("not JSON: {}", without_place(&error)));
            }
        }
    }
    rows
}

/// Reads an array of JSON objects. Text that is not JSON ends the table, and is reported with its line.
pub(super) fn read_array(table: &str, text: &str, mistakes: &mut ImportMistakes) -> Vec<TableRow> {
    let mut rows = Vec::new();
    let mut cursor = TextCursor { text: text.trim_start_matches('\u{feff}'), offset: 0, line: 1 };
    if !cursor.take('[') {
        mistakes.push(table, cursor.line, "", "not a JSON array".to_owned());
        return rows;
    }
    if cursor.take(']') {
        return rows;
    }
    loop {
        cursor.skip_space();
        let mut values = serde_json::Deserializer::from_str(cursor.rest()).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                let length = values.byte_offset();
                rows.extend(row(table, cursor.line, value, mistakes));
                cursor.advance(length);
            }
            Some(Err(error)) => {
                let line = cursor.line + (error.line() as u64).saturating_sub(1);
                mistakes.push(table, line, "", format!("not JSON: {}", without_place(&error)));
                return rows;
            }
            None => {
                mistakes.push(table, cursor.line, "", "the JSON array has no end".to_owned());
                return rows;
            }
        }
        if cursor.take(']') {
            cursor.skip_space();
            if !cursor.rest().is_empty() {
                mistakes.push(table, cursor.line, "", "text follows the JSON array".to_owned());
            }
            return rows;
        }
        if !cursor.take(',') {
            mistakes.push(table, cursor.line, "", "expected `,` or `]` in the JSON array".to_owned());
            return rows;
        }
    }
}

/// Returns the message of an error without its line and column, which count from the start of the object.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

fn row(table: &str, line: u64, value: Value, mistakes: &mut ImportMistakes) -> Option<TableRow> {
    let Value::Object(object) = value else {
        mistakes.push(table, line, "", "not a JSON object".to_owned());
        return None;
    };
    let mut cells = Vec::new();
    flatten("", object.into_iter().collect(), &mut cells);
    Some(TableRow { line, cells })
}

/// `{"attributes": {"principal.mfa": "otp"}}` and `{"attributes.principal.mfa": "otp"}` are equivalent.
fn flatten(prefix: &str, object: BTreeMap<String, Value>, cells: &mut Vec<(String, TableCell)>) {
    for (key, value) in object {
        let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flatten(&key, inner.into_iter().collect(), cells),
            Value::Null => cells.push((key, TableCell::Text(String::new()))),
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

/// A position in a text, with its line.
struct TextCursor<'t> {
    text: &'t str,
    offset: usize,
    line: u64,
}

impl<'t> TextCursor<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn advance(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or_default();
        self.line += passed.matches('\n').count() as u64;
        self.offset += length;
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.advance(rest.len() - rest.trim_start().len());
    }

    /// Skips white space and this character; returns whether it was there.
    fn take(&mut self, expected: char) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(expected);
        if is_next {
            self.advance(expected.len_utf8());
        }
        is_next
    }
}
