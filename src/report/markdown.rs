//! Bounded Markdown for pull requests, with all markup in names escaped.

use crate::diag::escape;

/// Maximum length of Markdown output in bytes; a pull request comment holds 65,536 characters.
pub const MAX_MARKDOWN: usize = 60_000;

/// Returns `text` for a table cell, with Markdown, HTML, mentions, links and workflow commands escaped.
pub fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for character in escape(text).chars() {
        match character {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            // An entity cannot be interpreted as a mention, a link or a command, and unlike a zero-width joiner it is
            // visible.
            '@' => safe.push_str("&#64;"),
            ':' => safe.push_str("&#58;"),
            '\n' | '\r' => safe.push(' '),
            plain => safe.push(plain),
        }
    }
    safe
}

/// Appends rows of a table up to the limit, and a note with the number of omitted rows.
pub(super) fn rows(text: &mut String, rows: impl ExactSizeIterator<Item = Vec<String>>) {
    let total = rows.len();
    for (written, row) in rows.enumerate() {
        let cells: Vec<_> = row.iter().map(|text| cell(text)).collect();
        let line = format!("| {} |\n", cells.join(" | "));
        if text.len() + line.len() > MAX_MARKDOWN - RESERVED {
            text.push_str(&format!("\n… and {} more; `tenure plan` shows them all.\n", total - written));
            return;
        }
        text.push_str(&line);
    }
}

/// Bytes reserved for text after a table.
const RESERVED: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_25_hostile_names_stay_names() {
        for hostile in [
            "@acme/admins",
            "[click](https://evil.example)",
            "<img src=x onerror=alert(1)>",
            "::set-output name=x::y",
            "`rm -rf /`",
            "a|b|c",
            "\u{202e}gnp.exe",
            "x\n| injected | row |",
        ] {
            let safe = cell(hostile);
            for dangerous in ["@", "](", "<", "::", "\n", "\u{202e}"] {
                assert!(!safe.contains(dangerous), "{hostile:?} became {safe:?}");
            }
        }
    }
}
