//! Changes cells as a mapping file describes it.

use super::cells::TableCell;
use crate::model::file::{CellTransform, MappedColumn};

/// Returns the cell with the values, transforms and template of its column applied to each of its texts. An empty text
/// stays empty.
///
/// # Errors
/// When a transform does not apply to a text.
pub(super) fn transformed(cell: TableCell, column: &MappedColumn) -> Result<TableCell, String> {
    let is_list = column.key.as_deref() == Some("accounts");
    match cell {
        TableCell::Text(text) if is_list => {
            let words = TableCell::Text(text).words();
            words.into_iter().map(|word| one(word, column)).collect::<Result<_, _>>().map(TableCell::Texts)
        }
        TableCell::Text(text) => one(text, column).map(TableCell::Text),
        TableCell::Texts(texts) => {
            texts.into_iter().map(|text| one(text, column)).collect::<Result<_, _>>().map(TableCell::Texts)
        }
        TableCell::Flag(flag) => match column.values.get(if flag { "true" } else { "false" }) {
            Some(value) => Ok(TableCell::Text(value.clone())),
            None => Ok(TableCell::Flag(flag)),
        },
    }
}

fn one(text: String, column: &MappedColumn) -> Result<String, String> {
    let text = column.values.get(text.trim()).cloned().unwrap_or_else(|| text.trim().to_owned());
    if text.is_empty() {
        return Ok(text);
    }
    let text = column.transform.iter().try_fold(text, |text, transform| applied(*transform, &text))?;
    Ok(match &column.template {
        Some(template) => template.replace(PLACEHOLDER, &text),
        None => text,
    })
}

fn applied(transform: CellTransform, text: &str) -> Result<String, String> {
    match transform {
        CellTransform::DayMonthYear => date(text, [2, 1, 0], "day.month.year"),
        CellTransform::LocalPart => match text.split_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(local.to_owned()),
            _ => Err(format!("expected an e-mail address, found `{text}`")),
        },
        CellTransform::LowerCase => Ok(text.to_lowercase()),
        CellTransform::MonthDayYear => date(text, [2, 0, 1], "month/day/year"),
    }
}

/// Returns a date as `year-month-day`; `order` has the positions of year, month and day.
fn date(text: &str, order: [usize; 3], form: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(['.', '/', '-']).map(str::trim).collect();
    let refused = || format!("expected a date as {form}, found `{text}`");
    let part = |at: usize, digits: std::ops::RangeInclusive<usize>| {
        let part = parts.get(at).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        part.filter(|part| digits.contains(&part.len())).ok_or_else(refused)
    };
    if parts.len() != 3 {
        return Err(refused());
    }
    let [year, month, day] = order;
    Ok(format!("{}-{:0>2}-{:0>2}", part(year, 4..=4)?, part(month, 1..=2)?, part(day, 1..=2)?))
}

/// The part of a template that the text of the cell replaces.
pub(super) const PLACEHOLDER: &str = "{value}";
