//! Detects signs of rubber-stamping in one review file and reports them with their lines.

use super::{INDICATOR, duplicate_reasons::copies};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec::{self, PathSegment},
    model::{
        ReviewResult, Tier,
        file::{Item, Review, ReviewTerms},
    },
};
use std::{collections::BTreeMap, ops::Range};

/// The properties that items of one bulk decision share: tier and entitlement.
pub(super) type BulkDecisionKey<'a> = (Tier, &'a str);

/// Returns the bulk decision key of an item. The entitlement of an account contains the name of its holder, so all
/// accounts of one tier have the same key.
pub(super) fn bulk_key(item: &Item) -> BulkDecisionKey<'_> {
    let account = item.entitlement.strip_suffix(item.principal.as_str()).filter(|kind| *kind == "account ");
    (item.tier, account.unwrap_or(&item.entitlement))
}

/// Returns warnings about a review file, signed or not: one reason for many items that it certifies, and bulk decisions
/// above the limit. It checks only this file; `tenure campaign quality` checks all decisions of a reviewer.
pub fn file_warnings(path: &str, review: &Review, terms: &ReviewTerms) -> Diagnostics {
    let kept: Vec<(usize, &Item)> = review
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| ReviewResult::of(item.decision) == ReviewResult::Accept)
        .collect();
    let mut problems = Diagnostics::new();
    let items: Vec<&Item> = kept.iter().map(|(_, item)| *item).collect();
    for group in copies(&items) {
        let members: Vec<(usize, &Item)> = group.iter().filter_map(|place| kept.get(*place).copied()).collect();
        let many = members.len();
        let one_key = members.iter().all(|(_, item)| !item.is_flagged())
            && members.windows(2).all(|pair| matches!(pair, [a, b] if bulk_key(a.1) == bulk_key(b.1)));
        if one_key && many <= terms.max_bulk_size as usize {
            continue;
        }
        if many > terms.max_duplicate_reasons as usize
            && 100 * many >= terms.max_duplicate_reasons_percent as usize * kept.len()
        {
            let message = format!("{many} of the {} items that this file keeps have the same reason", kept.len());
            let help = "state for each item why the access is needed";
            problems.push(diagnostic_for_items("duplicate-reasons", message, path, review, &members).help(help));
        } else if one_key {
            let message = format!(
                "{many} similar items have the same reason; at most {} may be decided together",
                terms.max_bulk_size
            );
            let help = "review the role or group that grants the access, not each of its members";
            problems.push(diagnostic_for_items("bulk-decisions", message, path, review, &members).help(help));
        }
    }
    let flagged: Vec<_> = kept.into_iter().filter(|(_, item)| item.is_flagged() && item.is_kept()).collect();
    if flagged.len() > terms.max_flagged_certified as usize {
        let (many, most) = (flagged.len(), terms.max_flagged_certified);
        let message = format!("this file keeps {many} items with a policy violation; the limit is {most}");
        let help = "review them again, or reassign some of them to another reviewer";
        problems.push(diagnostic_for_items("bulk-decisions", message, path, review, &flagged).help(help));
    }
    problems
}

/// Returns a warning with labels at the first of these items.
fn diagnostic_for_items(
    code: &'static str,
    message: String,
    path: &str,
    review: &Review,
    members: &[(usize, &Item)],
) -> Diagnostic {
    let text = codec::render(review);
    let source = SourceFile::new(path, text.as_str());
    let mut lines: BTreeMap<usize, Range<usize>> = BTreeMap::new();
    for (place, _) in members.iter().take(SHOWN) {
        lines.insert(*place, spot(&text, *place));
    }
    let problem = Diagnostic::warning(code, message).with_note(INDICATOR);
    let labels = ["this reason", "the same reason", "the same reason"];
    lines.into_values().zip(labels).fold(problem, |problem, (span, label)| problem.at(&source, span, label))
}

/// Returns the location of the decision on an item: `path:line`.
pub(super) fn subject(path: &str, review: &Review, place: usize) -> String {
    let text = codec::render(review);
    let line = text.get(..spot(&text, place).start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("{path}:{line}")
}

fn spot(text: &str, place: usize) -> Range<usize> {
    let steps: [PathSegment<'_>; 3] = ["item".into(), place.into(), "reason".into()];
    codec::place(text, &steps)
}

/// Returns a reason, truncated for display.
pub(super) fn short(reason: &str) -> String {
    match reason.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason.to_owned(),
    }
}

/// Maximum number of labeled items in a warning.
const SHOWN: usize = 3;
/// Maximum number of characters of a displayed reason.
const MOST_SHOWN: usize = 60;
