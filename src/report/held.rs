//! Held decisions: decisions that do not become actions now, each with its reason and remedy.

use super::table::OutputStyle;
use crate::{diag::escape, model::ItemId, plan::HeldDecision};
use std::{collections::BTreeMap, fmt::Write};

/// The principal and the entitlement of items, as far as they are known.
pub type ItemNames = BTreeMap<ItemId, (String, String)>;

/// Returns an item as its id with its principal and entitlement.
pub(super) fn item_name(items: &ItemNames, item: &ItemId) -> String {
    match items.get(item) {
        Some((principal, entitlement)) => format!("{item} {principal}: {entitlement}"),
        None => item.to_string(),
    }
}

/// Writes held decisions as text for a terminal.
pub(super) fn write_held(text: &mut String, held: &[HeldDecision], items: &ItemNames, style: OutputStyle) {
    for held in held {
        let item = item_name(items, &held.item);
        let _ = writeln!(text, "{} {} {}", style.warning("held"), held.system, escape(&item));
        let _ = writeln!(text, "     why: {}: {}", held.code.as_str(), escape(&held.why));
        let _ = writeln!(text, "     next: {}", escape(&held.next));
    }
}
