//! What happens to a campaign on its way: the close of a stage, what changed meanwhile, and who was passed over.

use super::table::OutputStyle;
use crate::{
    campaign::ChangedGrant,
    diag::counted,
    model::{
        ItemId, SystemId, Tier,
        file::{NoResponseItem, NoResponseOutcome, StageClose},
    },
};
use std::collections::BTreeMap;

/// Returns what nobody answered in a stage, and what that comes to; `items` says where each is and how dangerous.
pub fn stage_human(close: &StageClose, items: &BTreeMap<&ItemId, (&SystemId, Tier)>, look: OutputStyle) -> String {
    let counts = format!("{} answered, {} silent", close.answered, close.silent.len());
    let mut text = format!("{}\n", look.heading(&format!("{} stage {}: {counts}", close.campaign, close.stage)));
    if close.silent.is_empty() {
        return text;
    }
    let row = |silent: &NoResponseItem| {
        let place = items.get(&silent.item).map(|(system, tier)| (tier.to_string(), system.to_string()));
        let (tier, system) = place.unwrap_or_default();
        let comes_to = comes_to(silent.then).to_owned();
        vec![tier, system, silent.principal.clone(), silent.entitlement.clone(), comes_to]
    };
    let columns = ["tier", "system", "who", "what", "nobody answered, so it"];
    text.push_str(&look.table(&columns, close.silent.iter().map(row)));
    text
}

const fn comes_to(then: NoResponseOutcome) -> &'static str {
    match then {
        NoResponseOutcome::Advance => "goes to the next stage",
        NoResponseOutcome::Disable => "is disabled",
        NoResponseOutcome::Except => "needs an exception, or a fallback's decision",
        NoResponseOutcome::Open => "stays open",
    }
}

/// Returns what changed since a population was frozen, what nobody looked at first; nothing when nothing changed.
pub fn drift_human(changes: &[ChangedGrant], look: OutputStyle) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let open = changes.iter().filter(|change| change.disposition.is_none()).count();
    let head = format!("{} since the population was frozen, {open} not looked at", counted(changes.len(), "change"));
    let mut sorted: Vec<&ChangedGrant> = changes.iter().collect();
    sorted.sort_by_key(|change| (change.disposition.is_some(), change.tier));
    let row = |change: &&ChangedGrant| {
        let disposition = change.disposition.as_ref().map_or("nobody looked".to_owned(), ToString::to_string);
        let names = [change.principal.clone(), change.entitlement.clone()];
        [
            vec![change.tier.to_string(), change.system.to_string()],
            names.to_vec(),
            vec![change.change.to_string(), disposition],
        ]
        .concat()
    };
    let columns = ["tier", "system", "who", "what", "changed", "what became of it"];
    let mut text = format!("\n{}\n", look.heading(&head));
    text.push_str(&look.table(&columns, sorted.iter().take(MOST).map(row)));
    if changes.len() > MOST {
        text.push_str(&format!("… and {} more: `--format json` has all\n", changes.len() - MOST));
    }
    text
}

/// Returns who was asked in the place of others, and why; `asked` has reviewers with that reason, and how many items each.
pub fn asked_human(asked: &BTreeMap<(String, String), usize>, look: OutputStyle) -> String {
    if asked.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = asked.iter().collect();
    rows.sort_by_key(|(_, items)| std::cmp::Reverse(**items));
    let row =
        |((reviewer, why), items): &(&(String, String), &usize)| vec![reviewer.clone(), items.to_string(), why.clone()];
    let mut text = format!("\n{}\n", look.heading("asked in the place of others"));
    text.push_str(&look.table(&["reviewer", "items", "asked as"], rows.iter().take(MOST).map(row)));
    text
}

const MOST: usize = 25;
