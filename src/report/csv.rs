//! CSV tables (UTF-8, RFC 4180) without cells that a spreadsheet would evaluate as formulas.

/// Returns a table with a header row and the line ends of RFC 4180.
pub fn csv(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = record(columns.iter().map(|column| (*column).to_owned()));
    for row in rows {
        text.push_str(&record(row.into_iter().map(|cell| harmless(&cell))));
    }
    text
}

fn record(cells: impl Iterator<Item = String>) -> String {
    let quoted = |cell: String| {
        if cell.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    let cells: Vec<_> = cells.map(quoted).collect();
    format!("{}\r\n", cells.join(","))
}

/// Characters that start a formula in spreadsheets (OWASP, CSV injection).
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        let rows = [vec!["=1+1".to_owned(), "a \"b\", c".to_owned()], vec!["@sum".to_owned(), "two\nlines".to_owned()]];
        let text = csv(&["who", "what"], rows);
        assert_eq!(text, "who,what\r\n'=1+1,\"a \"\"b\"\", c\"\r\n'@sum,\"two\nlines\"\r\n");
        let read: Vec<_> =
            csv::Reader::from_reader(text.as_bytes()).into_records().map(|row| row.unwrap()[1].to_owned()).collect();
        assert_eq!(read, ["a \"b\", c", "two\nlines"]);
    }
}
