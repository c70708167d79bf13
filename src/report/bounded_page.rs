//! Bounded Markdown pages with several tables, which share the available bytes and count omitted rows.

use super::markdown::{MAX_MARKDOWN, cell};

/// One table of a page, as lines of Markdown.
pub(super) struct PageTable {
    heading: String,
    rows: Vec<String>,
}

impl PageTable {
    /// Returns the table with this title. Cells are escaped and truncated.
    pub(super) fn new(title: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Self {
        let heading = format!("**{title}**\n\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
        let most = MOST_ROW / columns.len().max(1);
        let row = |cells: Vec<String>| {
            let cells: Vec<_> = cells.iter().map(|text| clipped(text, most)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        Self { heading, rows: rows.map(row).collect() }
    }

    fn len(&self) -> usize {
        self.heading.len() + self.rows.iter().map(String::len).sum::<usize>() + 1
    }

    /// Appends the rows that fit into `limit` bytes. Rows are never truncated.
    fn write(&self, text: &mut String, limit: usize) {
        text.push_str(&self.heading);
        let is_whole = self.len() <= limit;
        let mut left = limit.saturating_sub(self.heading.len() + MOST_REMARK);
        for (written, row) in self.rows.iter().enumerate() {
            if !is_whole && row.len() > left {
                let more = self.rows.len() - written;
                text.push_str(&format!("\n… and {more} more; `tenure plan` shows them all.\n"));
                break;
            }
            left = left.saturating_sub(row.len());
            text.push_str(row);
        }
        text.push('\n');
    }
}

/// Returns `head`, the non-empty tables, and `end`, in at most [`MAX_MARKDOWN`] bytes. Short tables are complete; long
/// ones share the remaining bytes evenly.
pub(super) fn page(head: &str, tables: &[PageTable], end: &str) -> String {
    let tables: Vec<&PageTable> = tables.iter().filter(|table| !table.rows.is_empty()).collect();
    let mut limit = MAX_MARKDOWN.saturating_sub(head.len() + end.len());
    let mut lengths: Vec<usize> = tables.iter().map(|table| table.len()).collect();
    lengths.sort_unstable();
    let mut share = limit;
    for (placed, length) in lengths.iter().enumerate() {
        share = limit / (lengths.len() - placed);
        if *length > share {
            break;
        }
        limit -= length;
    }
    let mut text = head.to_owned();
    tables.iter().for_each(|table| table.write(&mut text, share));
    text.push_str(end);
    text
}

/// Returns `text` for a cell, truncated to `most` bytes plus an ellipsis.
fn clipped(text: &str, most: usize) -> String {
    let mut safe = cell(text);
    if safe.len() > most {
        safe.clear();
        for character in text.chars() {
            let next = cell(character.encode_utf8(&mut [0; 4]));
            if safe.len() + next.len() > most {
                break;
            }
            safe.push_str(&next);
        }
        safe.push('…');
    }
    safe
}

/// Approximate bytes of one row.
const MOST_ROW: usize = 2_000;
/// Bytes of the note about omitted rows.
const MOST_REMARK: usize = 80;
