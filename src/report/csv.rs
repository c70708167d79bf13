//! CSV tables (UTF-8, RFC 4180) without cells that a spreadsheet would evaluate as formulas.

use std::io::{self, Write};

/// Writes a table with a header row.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_csv(out: impl Write, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| escape_formula(cell)))?;
    }
    writer.flush()
}

/// Prefixes a cell that a spreadsheet would take for a formula (OWASP, CSV injection).
fn escape_formula(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_cells_are_quoted_and_never_formulas() {
        let rows = [vec!["=1+1".to_owned(), "a \"b\", c".to_owned()], vec!["@sum".to_owned(), "two\nlines".to_owned()]];
        let mut text = Vec::new();
        write_csv(&mut text, &["who", "what"], rows).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, "who,what\r\n'=1+1,\"a \"\"b\"\", c\"\r\n'@sum,\"two\nlines\"\r\n");
        let read: Vec<_> =
            csv::Reader::from_reader(text.as_bytes()).into_records().map(|row| row.unwrap()[1].to_owned()).collect();
        assert_eq!(read, ["a \"b\", c", "two\nlines"]);
    }
}
