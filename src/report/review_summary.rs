//! Summary of review files for a pull request: items, decisions, and no-response outcomes. Bounded, with all markup in
//! names escaped.
//!
//! The summary is printed and never written into the repository: `campaigns/` contains only files that people sign, and
//! other files are rejected.

use super::markdown::{MAX_MARKDOWN, cell};
use crate::{
    campaign::{DecisionContext, is_flagged, no_response_text, said},
    model::{
        Tier, Timestamp,
        file::{Item, NoResponseAction, Review},
    },
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A review file with data of its campaign.
#[derive(Clone, Copy, Debug)]
pub struct ReviewOverview<'a> {
    /// The path.
    pub path: &'a str,
    /// The content.
    pub review: &'a Review,
    /// The due date of responses.
    pub due: Timestamp,
    /// The no-response action.
    pub on_no_response: NoResponseAction,
}

impl ReviewOverview<'_> {
    /// Returns the counts as JSON.
    pub fn json(&self) -> Value {
        let items = &self.review.items;
        let count = |wanted: &dyn Fn(&Item) -> bool| items.iter().filter(|item| wanted(item)).count();
        json!({
            "path": self.path,
            "reviewer": self.review.reviewer,
            "system": self.review.system,
            "stage": self.review.stage(),
            "due": self.due,
            "on_no_response": self.on_no_response,
            "items": items.len(),
            "decided": count(&|item| item.decision.is_some()),
            "flagged": count(&is_flagged),
            "flagged_open": count(&|item| item.decision.is_none() && is_flagged(item)),
        })
    }
}

/// Returns the decision context of an item of a file; `None` if it is not available.
pub type ContextLookup<'a> = dyn Fn(&ReviewOverview<'_>, &Item) -> Option<DecisionContext> + 'a;

/// Returns review files as Markdown: for each file the counts, the no-response outcomes, and its items, flagged and
/// open ones first; then the decision context of each item in the same order, up to the size limit. The same files
/// produce the same text; omitted parts are counted.
pub fn overview_markdown(files: &[ReviewOverview<'_>], dossiers: &ContextLookup<'_>) -> String {
    let mut text = String::new();
    for (place, file) in files.iter().enumerate() {
        if text.len() > MAX_MARKDOWN - RESERVED {
            let more = files.len() - place;
            text.push_str(&format!("\n… and {more} more review files.\n"));
            break;
        }
        one(file, &mut text);
    }
    cards(files, dossiers, &mut text);
    text
}

/// Appends the decision context of each item, folded; open and flagged items come first across all files.
fn cards(files: &[ReviewOverview<'_>], dossiers: &ContextLookup<'_>, text: &mut String) {
    let mut items: Vec<(&ReviewOverview<'_>, &Item)> =
        files.iter().flat_map(|file| file.review.items.iter().map(move |item| (file, item))).collect();
    items.sort_by_key(|(_, item)| (item.decision.is_some(), !is_flagged(item)));
    let head = "### Decision context\n\n";
    let mut written = 0;
    for (file, item) in &items {
        if text.len() > MAX_MARKDOWN - RESERVED {
            break;
        }
        let Some(dossier) = dossiers(file, item) else { continue };
        let card = card(item, &dossier);
        if text.len() + head.len() + card.len() > MAX_MARKDOWN - RESERVED {
            break;
        }
        text.push_str(if written == 0 { head } else { "" });
        text.push_str(&card);
        written += 1;
    }
    let more = items.len() - written;
    if written > 0 && more > 0 {
        text.push_str(&format!("… and {more} more items: `tenure review --next`\n"));
    }
}

fn card(item: &Item, dossier: &DecisionContext) -> String {
    let flag = if is_flagged(item) { "! " } else { "" };
    let (who, what) = (cell(&clip(&item.principal)), cell(&clip(said(&item.entitlement))));
    let mut text = format!("<details><summary>{flag}{} {who} · {what}</summary>\n\n", item.tier);
    for chapter in dossier.chapters.iter().filter(|chapter| !chapter.is_file()) {
        let lines: Vec<String> = chapter
            .lines
            .iter()
            .map(|line| format!("{}{}", if line.marked { "**!** " } else { "" }, cell(&clip(&line.text))))
            .collect();
        text.push_str(&format!("- **{}** {}\n", chapter.title, lines.join(" · ")));
    }
    text.push_str("\n</details>\n\n");
    text
}

fn one(file: &ReviewOverview<'_>, text: &mut String) {
    let review = file.review;
    let items = &review.items;
    let count = |wanted: &dyn Fn(&Item) -> bool| items.iter().filter(|item| wanted(item)).count();
    let decided = count(&|item| item.decision.is_some());
    let flagged_open = count(&|item| item.decision.is_none() && is_flagged(item));
    let due: String = file.due.to_string().chars().take(10).collect();
    let stage = if review.stage() > 1 { format!(" · stage {}", review.stage()) } else { String::new() };
    text.push_str(&format!(
        "### {} on {}{stage}\n\n{} of {} decided · {} open, {flagged_open} of them flagged · due {due} · {}\n",
        cell(review.reviewer.as_str()),
        cell(review.system.as_str()),
        decided,
        items.len(),
        items.len() - decided,
        cell(file.path),
    ));
    text.push_str(&costs(file));
    text.push_str("\n| | tier | who | what | recommended | decision | why |\n|---|---|---|---|---|---|---|\n");
    let mut sorted: Vec<&Item> = items.iter().collect();
    sorted.sort_by_key(|item| (!is_flagged(item), item.decision.is_some()));
    for (place, item) in sorted.iter().enumerate() {
        let line = row(item);
        if text.len() + line.len() > MAX_MARKDOWN - RESERVED {
            text.push_str(&format!("\n… and {} more items in {}\n", sorted.len() - place, cell(file.path)));
            break;
        }
        text.push_str(&line);
    }
    text.push('\n');
}

/// The no-response outcomes of the open items, with counts.
fn costs(file: &ReviewOverview<'_>) -> String {
    let open = || file.review.items.iter().filter(|item| item.decision.is_none());
    let words: BTreeSet<&str> = open().map(|item| no_response_text(file.on_no_response, item.tier)).collect();
    let mut text = String::new();
    for words in words {
        let alike = |tier: &Tier| no_response_text(file.on_no_response, *tier) == words;
        let number = open().filter(|item| alike(&item.tier)).count();
        let noun = if number == 1 { "item" } else { "items" };
        text.push_str(&format!("\nWithout a response to {number} open {noun}: {words}.\n"));
    }
    text
}

fn row(item: &Item) -> String {
    let flag = if is_flagged(item) { "!" } else { "" };
    let severity = item.severity.map(|severity| format!(" ({severity})")).unwrap_or_default();
    let decision = match item.decision {
        None => "open".to_owned(),
        Some(verdict) => {
            let to = item.to.as_deref().map(|to| format!(" to {}", clip(to))).unwrap_or_default();
            let until = item.until.map(|end| format!(" until {end}")).unwrap_or_default();
            format!("{verdict}{to}{until}")
        }
    };
    let recommend =
        if item.recommendation.is_empty() { "-".to_owned() } else { format!("{}{severity}", item.recommendation) };
    let why = if item.decision.is_some() { &item.reason } else { &item.summary };
    let cells = [
        flag.to_owned(),
        item.tier.to_string(),
        cell(&clip(&item.principal)),
        cell(&clip(said(&item.entitlement))),
        cell(&clip(&recommend)),
        cell(&decision),
        cell(&clip(why)),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

const MOST_TEXT: usize = 240;
/// Bytes reserved for text after the last row.
const RESERVED: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        campaign::{ContextLine, ContextSection},
        format::codec,
        model::Severity,
    };

    const REVIEW: &str = include_str!("../../schemas/examples/review.toml");

    fn review() -> Review {
        codec::parse("ana.ruiz.toml", REVIEW.as_bytes()).unwrap()
    }

    fn show(review: &Review) -> String {
        let path = "campaigns/2026-q4-privileged/reviews/pg-orders/ana.ruiz.toml";
        let due = Timestamp::from_unix(1_796_000_000);
        let line = |text: &str, marked| ContextLine { text: text.to_owned(), marked };
        let known = |_: &ReviewOverview<'_>, item: &Item| {
            let chapter = |title, lines| ContextSection { title, lines };
            let access = vec![line("it can read shop.orders", false), line(&item.summary, true)];
            Some(DecisionContext {
                chapters: vec![chapter("What it is", vec![line(&item.principal, false)]), chapter("Access", access)],
            })
        };
        overview_markdown(&[ReviewOverview { path, review, due, on_no_response: NoResponseAction::Disable }], &known)
    }

    #[test]
    fn summary_lists_flagged_items_and_no_response_defaults() {
        let mut review = review();
        review.items.reverse();
        insta::assert_snapshot!(show(&review));
    }

    #[test]
    fn hostile_names_are_escaped_and_page_is_bounded() {
        let mut review = review();
        let hostile = "x | y\n| <img src=x> @acme/admins [a](https://evil.example) ::set-output \u{1b}[2J\u{202e}";
        for item in &mut review.items {
            item.principal = hostile.to_owned();
            item.summary = hostile.repeat(50);
            item.decision = None;
            item.severity = Some(Severity::Critical);
        }
        let first = review.items[0].clone();
        review.items.extend(std::iter::repeat_n(first, 500));
        let text = show(&review);
        assert!(text.len() <= MAX_MARKDOWN, "{}", text.len());
        assert!(text.contains("more items in"));
        for dangerous in ["@acme", "](", "<img", "::set", "\u{1b}", "\u{202e}"] {
            assert!(!text.contains(dangerous), "{dangerous:?}");
        }
    }
}
