//! Texts about items and campaigns: shortened names, days, and the last use of a grant.

use super::population::unused_days;
use crate::{
    format::confusables,
    model::{Inventory, Timestamp, Usage},
};

/// Returns a name for use in a governed file: truncated, with hidden characters escaped.
pub(super) fn truncate(name: &str) -> String {
    let name = match name.char_indices().nth(MOST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    };
    confusables::escape_confusables(&name).into_owned()
}

/// Returns the day of a time.
pub(super) fn format_date(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// Returns the last use of a grant in words.
pub(super) fn usage_text(usage: &Usage, inventory: &Inventory) -> String {
    let days = unused_days(usage, inventory);
    match (usage, days) {
        (Usage::Unknown(because), _) => format!("use unknown: {}", truncate(because)),
        (Usage::At(time), Some(0 | 1)) => format!("in use: {}", format_date(*time)),
        (Usage::At(time), Some(days)) => format!("unused {days} days, since {}", format_date(*time)),
        (Usage::NeverSince(time), Some(days)) => {
            format!("never used in the {days} days since recording began on {}", format_date(*time))
        }
        (Usage::At(time) | Usage::NeverSince(time), None) => format!("not used since {}", format_date(*time)),
    }
}

/// The maximum length of a name, in characters.
const MOST_NAME: usize = 96;
