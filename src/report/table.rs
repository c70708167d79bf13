//! Tables and text styles for terminals.

use crate::diag::{RenderStyle, escape};
use anstyle::{AnsiColor, Style as Paint};
use comfy_table::{ContentArrangement, Table, presets};

/// The output style.
#[derive(Clone, Copy, Debug)]
pub struct OutputStyle {
    style: RenderStyle,
}

impl OutputStyle {
    /// Returns the output style.
    pub const fn new(style: RenderStyle) -> Self {
        Self { style }
    }

    /// Returns `text` in this style, unchanged if color is disabled.
    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        if self.style.colour { format!("{paint}{text}{paint:#}") } else { text.to_owned() }
    }

    /// Returns a heading.
    pub(super) fn heading(self, text: &str) -> String {
        self.paint(Paint::new().bold(), text)
    }

    /// Returns text styled as success.
    pub(super) fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    /// Returns text styled as failure.
    pub(super) fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// Returns text styled as warning.
    pub(super) fn warning(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    /// Returns a table with these columns and rows, fitted to the width of the terminal.
    pub(super) fn table(self, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.style.width).unwrap_or(100));
        table.set_header(columns.to_vec());
        for row in rows {
            table.add_row(row.iter().map(|cell| escape(cell).into_owned()).collect::<Vec<_>>());
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        text
    }
}
