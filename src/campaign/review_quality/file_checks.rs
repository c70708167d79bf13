//! What looks like a rubber stamp within one review file, told to the person in the file.

use super::{duplicate_reasons::copies, rubber_stamping::INDICATOR};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec::{self, PathSegment},
    model::{
        Stance, Tier,
        file::{Item, Review, ReviewTerms},
    },
};
use std::{collections::BTreeMap, ops::Range};

/// What items have in common that may be decided together: what is held, and how dangerous it is.
pub(super) type BulkDecisionKey<'a> = (Tier, &'a str);

/// Returns what items have in common that may be decided together. An account is called like its holder, and all accounts
/// are of one shape.
pub(super) fn shape(item: &Item) -> BulkDecisionKey<'_> {
    let account = item.entitlement.strip_suffix(item.principal.as_str()).filter(|kind| *kind == "account ");
    (item.tier, account.unwrap_or(&item.entitlement))
}

/// Returns warnings about a review file, signed or not: one reason for many of the accesses that it keeps, and more at once
/// than go together. Only the file is looked at; `tenure campaign quality` looks at all that somebody has decided.
pub fn stamps_in(path: &str, review: &Review, terms: &ReviewTerms) -> Diagnostics {
    let kept: Vec<(usize, &Item)> =
        review.items.iter().enumerate().filter(|(_, item)| Stance::of(item.decision) == Stance::Accept).collect();
    let mut problems = Diagnostics::new();
    let items: Vec<&Item> = kept.iter().map(|(_, item)| *item).collect();
    for group in copies(&items) {
        let members: Vec<(usize, &Item)> = group.iter().filter_map(|place| kept.get(*place).copied()).collect();
        let many = members.len();
        let one_shape = members.iter().all(|(_, item)| !item.is_flagged())
            && members.windows(2).all(|pair| matches!(pair, [a, b] if shape(a.1) == shape(b.1)));
        if one_shape && many <= terms.max_bulk_size as usize {
            continue;
        }
        if many > terms.max_duplicate_reasons as usize
            && 100 * many >= terms.max_duplicate_reasons_percent as usize * kept.len()
        {
            let message = format!("{many} of the {} accesses that this file keeps have one reason", kept.len());
            let help = "say for each of them why it is needed, in words of its own";
            problems.push(diagnostic_for_items("duplicate-reasons", message, path, review, &members).help(help));
        } else if one_shape {
            let message =
                format!("{many} accesses of one kind by one reason, and {} at most go together", terms.max_bulk_size);
            let help = "review what gives the access, and not everybody who has it";
            problems.push(diagnostic_for_items("bulk-decisions", message, path, review, &members).help(help));
        }
    }
    let flagged: Vec<_> = kept.into_iter().filter(|(_, item)| item.is_flagged() && item.is_kept()).collect();
    if flagged.len() > terms.max_flagged_certified as usize {
        let (many, most) = (flagged.len(), terms.max_flagged_certified);
        let message = format!("this file keeps {many} accesses that policy speaks against, and {most} are usual");
        let help = "look at them once more, or put some of them to somebody else";
        problems.push(diagnostic_for_items("bulk-decisions", message, path, review, &flagged).help(help));
    }
    problems
}

/// Points at the first few of the items.
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
    let labels = ["this reason", "and here again", "and here"];
    lines.into_values().zip(labels).fold(problem, |problem, (span, label)| problem.at(&source, span, label))
}

/// Returns where the decision on an item stands: `path:line`.
pub(super) fn subject(path: &str, review: &Review, place: usize) -> String {
    let text = codec::render(review);
    let line = text.get(..spot(&text, place).start).map_or(1, |before| before.matches('\n').count() + 1);
    format!("{path}:{line}")
}

fn spot(text: &str, place: usize) -> Range<usize> {
    let steps: [PathSegment<'_>; 3] = ["item".into(), place.into(), "reason".into()];
    codec::place(text, &steps)
}

/// Returns the beginning of a reason.
pub(super) fn short(reason: &str) -> String {
    match reason.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &reason[..end]),
        None => reason.to_owned(),
    }
}

/// How many items are pointed at, and how much of a reason is repeated.
const SHOWN: usize = 3;
const MOST_SHOWN: usize = 60;
