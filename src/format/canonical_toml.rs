//! The canonical form of governed TOML files. The writer is part of Tenure, so that signed bytes do not change with a
//! dependency.
//!
//! A value has exactly one text:
//! - keys are in the order of the struct's fields (maps: sorted), absent values are left out;
//! - `key = value`, one space on each side, keys bare where TOML allows it, else basic strings;
//! - strings are basic strings on one line; escaped are only `"`, `\` and control characters (`\b \t \n \f \r`, else
//!   `\u00XX`); integers in decimal without separators;
//! - an array is on one line when that line has at most [`WIDTH`] characters, else each element is on a line of its
//!   own, two spaces in, with a comma after each;
//! - a struct or map is a table `[a.b]`, a list of them is `[[a.b]]`; below a table's own values, in field order, with
//!   one blank line before each header; the header of a table that only holds tables is left out;
//! - no comments, no blank lines elsewhere, LF after each line.
//!
//! The formatters of editors (taplo, tombi) do not change a text in this form.

mod inline;
mod read;
mod table;

pub use read::from_str;
pub use table::to_string;

/// The maximum length of a line with an array, in characters.
pub const WIDTH: usize = 80;

/// A value that has no canonical TOML form.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SerializeError {
    /// A list contains both tables and other values, or tables within lists within lists.
    #[error("a list contains both tables and other values")]
    Mixed,
    /// TOML has no such value.
    #[error("TOML has no {0}")]
    NoSuchValue(&'static str),
    /// The `Serialize` implementation of the type failed.
    #[error("{0}")]
    Refused(String),
}

impl serde::ser::Error for SerializeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }
}

/// Appends a key: bare where TOML allows it, else as a string.
fn push_key(key: &str, text: &mut String) {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) { text.push_str(key) } else { push_string(key, text) }
}

/// Appends a basic string with the fewest escapes.
fn push_string(string: &str, text: &mut String) {
    text.push('"');
    let mut rest = string;
    while let Some(at) = rest.bytes().position(|b| b == b'"' || b == b'\\' || b.is_ascii_control()) {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        // INVARIANT: `position` matched one ASCII character, which is one byte.
        match special.as_bytes()[0] {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\x08' => text.push_str("\\b"),
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\x0c' => text.push_str("\\f"),
            b'\r' => text.push_str("\\r"),
            control => text.push_str(&format!("\\u{control:04X}")),
        }
        rest = &special[1..];
    }
    text.push_str(rest);
    text.push('"');
}
