//! Assignments `KEY=VALUE` on the command line, for the next version of a file.

use super::CliError;
use crate::diag::Diagnostic;
use toml::{Table, Value};

/// Returns the failure of values that do not form a valid file; messages of the parser have several lines.
pub(super) fn invalid(file: &str, kind: &str, error: &dyn std::fmt::Display) -> CliError {
    let lines: Vec<_> = error.to_string().lines().map(|line| line.trim().to_owned()).collect();
    let problem = Diagnostic::error("malformed", format!("the {file} would be invalid: {}", lines.join(" ").trim()));
    problem.help(format!("`tenure schema {kind}` describes the keys")).into()
}

/// Sets a value in a table: `value` is TOML, or else text; an empty one removes the key.
///
/// # Errors
/// When a part of the key is not a table.
pub(super) fn assign(table: &mut Table, (key, value): &(String, String)) -> Result<(), CliError> {
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut place = table;
    for part in parts {
        let next = place.entry(part.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        place = next.as_table_mut().ok_or_else(|| {
            Diagnostic::error("wrong-type", format!("`{part}` of `{key}` is not a table"))
                .help("`tenure schema` describes the keys")
        })?;
    }
    if value.is_empty() {
        place.remove(last);
    } else {
        place.insert(last.to_owned(), parsed(value));
    }
    Ok(())
}

/// Parses `KEY=VALUE` on the command line.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    match key.split('.').all(is_plain) {
        true => Ok((key.to_owned(), value.to_owned())),
        false => Err("expected a key such as settings.host before `=`".to_owned()),
    }
}

fn parsed(value: &str) -> Value {
    let table: Option<Table> = toml::from_str(&format!("value = {value}")).ok();
    let single = table.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    single.unwrap_or_else(|| Value::String(value.to_owned()))
}
