//! Campaign events as tables: stage closes, scope drift, and candidates passed over.

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

/// Returns the unanswered items of a stage with their outcomes; `items` supplies system and tier of each.
pub fn stage_human(close: &StageClose, items: &BTreeMap<&ItemId, (&SystemId, Tier)>, style: OutputStyle) -> String {
    let unlisted = close.unlisted.map_or(0, |unlisted| unlisted.items);
    let silent = close.no_response.len() as u64 + unlisted;
    let counts = format!("{} answered, {silent} unanswered", close.answered);
    let mut text = format!("{}\n", style.heading(&format!("{} stage {}: {counts}", close.campaign, close.stage)));
    if unlisted > 0 {
        text.push_str(&format!(
            "{} not listed: the outcome of each follows from the definition; the file contains their digest\n",
            counted(unlisted, "unanswered item")
        ));
    }
    if close.no_response.is_empty() {
        return text;
    }
    let row = |silent: &NoResponseItem| {
        let place = items.get(&silent.item).map(|(system, tier)| (tier.to_string(), system.to_string()));
        let (tier, system) = place.unwrap_or_default();
        let comes_to = comes_to(silent.outcome).to_owned();
        vec![tier, system, silent.principal.clone(), silent.entitlement.clone(), comes_to]
    };
    let columns = ["tier", "system", "who", "what", "no response, so it"];
    text.push_str(&style.table(&columns, close.no_response.iter().map(row)));
    text
}

const fn comes_to(then: NoResponseOutcome) -> &'static str {
    match then {
        NoResponseOutcome::Advance => "advances to the next stage",
        NoResponseOutcome::Disable => "is disabled",
        NoResponseOutcome::Except => "needs an exception or a decision of a fallback",
        NoResponseOutcome::Open => "stays open",
        NoResponseOutcome::Revoke => "is revoked",
    }
}

/// Returns the changes since a population was frozen, unhandled ones first; empty if there are none.
pub fn drift_human(changes: &[ChangedGrant], style: OutputStyle) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let open = changes.iter().filter(|change| change.disposition.is_none()).count();
    let head = format!("{} since the population was frozen, {open} not reviewed", counted(changes.len(), "change"));
    let mut sorted: Vec<&ChangedGrant> = changes.iter().collect();
    sorted.sort_by_key(|change| (change.disposition.is_some(), change.tier));
    let row = |change: &&ChangedGrant| {
        let disposition = change.disposition.as_ref().map_or("not reviewed".to_owned(), ToString::to_string);
        let names = [change.principal.clone(), change.entitlement.clone()];
        [
            vec![change.tier.to_string(), change.system.to_string()],
            names.to_vec(),
            vec![change.change.to_string(), disposition],
        ]
        .concat()
    };
    let columns = ["tier", "system", "who", "what", "changed", "handling"];
    let mut text = format!("\n{}\n", style.heading(&head));
    text.push_str(&style.table(&columns, sorted.iter().take(MOST).map(row)));
    if changes.len() > MOST {
        text.push_str(&format!("… and {} more: `--format json` lists all\n", changes.len() - MOST));
    }
    text
}

/// Returns the substitute reviewers with reasons; `asked` contains reviewer, reason and number of items.
pub fn asked_human(asked: &BTreeMap<(String, String), usize>, style: OutputStyle) -> String {
    if asked.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = asked.iter().collect();
    rows.sort_by_key(|(_, items)| std::cmp::Reverse(**items));
    let row =
        |((reviewer, why), items): &(&(String, String), &usize)| vec![reviewer.clone(), items.to_string(), why.clone()];
    let mut text = format!("\n{}\n", style.heading("substitute reviewers"));
    text.push_str(&style.table(&["reviewer", "items", "asked as"], rows.iter().take(MOST).map(row)));
    text
}

const MOST: usize = 25;
