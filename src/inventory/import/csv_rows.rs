//! Reads the rows of delimited text (RFC 4180). The delimiter is that of the header line.

use super::{
    cells::{TableCell, TableRow, one_line},
    column_mapping::ColumnMapping,
    mistakes::ImportMistakes,
};
use crate::model::file::ColumnDelimiter;

/// Returns the line of the header, and the rows. Rows without any value are left out.
pub(super) fn read(
    table: &str,
    text: &str,
    mapping: &ColumnMapping,
    mistakes: &mut ImportMistakes,
) -> (u64, Vec<TableRow>) {
    let text = text.trim_start_matches('\u{feff}');
    let (declared, body) = declared(text);
    let declared = mapping.delimiter.map(byte).or(declared);
    let mut lines = LineCounter { text: body, offset: 0, line: if body.len() == text.len() { 1 } else { 2 } };
    let delimiter = declared.unwrap_or_else(|| found(body, mapping));
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(body.as_bytes());
    let header = lines.line_at(0);
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(one_line).collect(),
        Err(error) => {
            mistakes.push(table, header, "", error.to_string());
            return (header, Vec::new());
        }
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = lines.line_at(offset(record.position()));
                if record.iter().any(|text| !text.is_empty()) {
                    let cells = headers.iter().cloned().zip(record.iter().map(|text| TableCell::Text(text.to_owned())));
                    rows.push(TableRow { line, cells: cells.collect() });
                }
            }
            Err(error) => {
                let line = lines.line_at(offset(error.position()));
                let why = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("the row has {len} cells, but the table has {expected_len} columns")
                    }
                    _ => error.to_string(),
                };
                mistakes.push(table, line, "", why);
            }
        }
    }
    (header, rows)
}

/// Counts lines up to increasing offsets. The reader of the rows reports a row after an empty line on the wrong line.
struct LineCounter<'t> {
    text: &'t str,
    offset: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn line_at(&mut self, offset: usize) -> u64 {
        let rest = self.text.get(offset..).unwrap_or_default();
        let start = offset + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let passed = self.text.get(self.offset..start).unwrap_or_default();
        self.line += passed.matches('\n').count() as u64;
        self.offset = self.offset.max(start);
        self.line
    }
}

fn offset(position: Option<&csv::Position>) -> usize {
    position.and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default()
}

/// Returns the delimiter that the first line declares as `sep=;`, and the text after this line.
fn declared(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end_matches('\r').strip_prefix("sep=").map(str::as_bytes) {
        Some([delimiter]) => (Some(*delimiter), rest),
        _ => (None, text),
    }
}

/// Returns the delimiter under which the header line has the most known columns, and then the most columns.
fn found(text: &str, mapping: &ColumnMapping) -> u8 {
    let score = |delimiter: u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = reader.headers().cloned().unwrap_or_default();
        (headers.iter().filter(|name| mapping.knows(&one_line(name))).count(), headers.len())
    };
    // The last of several equal maxima is the result: a comma.
    DELIMITERS.into_iter().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

const fn byte(delimiter: ColumnDelimiter) -> u8 {
    match delimiter {
        ColumnDelimiter::Comma => b',',
        ColumnDelimiter::Pipe => b'|',
        ColumnDelimiter::Semicolon => b';',
        ColumnDelimiter::Tab => b'\t',
    }
}

const DELIMITERS: [u8; 4] = [b'|', b'\t', b';', b','];
