//! Review quality as tables, as Markdown, and as the file `reviewers.csv`.

use super::{
    csv::write_csv,
    findings::findings_human,
    markdown::{cell, rows},
    table::OutputStyle,
};
use crate::{
    campaign::{ReviewQuality, ReviewerQuality},
    diag::counted,
};
use std::io::{self, Write};

/// Returns the review quality of a campaign as text for a terminal.
pub fn quality_human(quality: &ReviewQuality, style: OutputStyle) -> String {
    let mut text = format!("{}\n{}", style.heading(&numbers(quality)), style.table(COLUMNS, shown(quality)));
    text.push_str(&format!("{NOTE}\n"));
    text.push_str(&findings_human(&quality.findings, style));
    text
}

/// Returns the review quality of a campaign as Markdown.
pub fn quality_markdown(quality: &ReviewQuality) -> String {
    let mut text = format!("### Tenure: review quality of `{}`\n\n{}\n\n", quality.campaign, cell(&numbers(quality)));
    text.push_str(&format!("| {} |\n|{}\n", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len())));
    rows(&mut text, shown(quality).into_iter());
    text.push_str(&format!("\n{NOTE}\n"));
    if !quality.findings.is_empty() {
        text.push_str("\n| finding | where | what | next |\n|---|---|---|---|\n");
        let found = quality
            .findings
            .iter()
            .map(|one| vec![one.code.to_owned(), one.subject.clone(), one.message.clone(), one.help.clone()]);
        rows(&mut text, found);
    }
    text
}

/// Writes `reviewers.csv`.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_quality_csv(quality: &ReviewQuality, out: impl Write) -> io::Result<()> {
    let columns = [
        "campaign_id",
        "reviewer_id",
        "items",
        "flagged",
        "keeps_flagged",
        "revokes",
        "batch_max",
        "assign_to_sign_median_h",
        "duplicate_reason_pct",
    ];
    let row = |one: &ReviewerQuality| {
        let told = |number: Option<u64>| number.map_or_else(|| "n/a".to_owned(), |number| number.to_string());
        vec![
            quality.campaign.to_string(),
            one.reviewer.to_string(),
            one.items.to_string(),
            one.flagged.to_string(),
            one.keeps_flagged.to_string(),
            one.revokes.to_string(),
            one.batch_max.to_string(),
            // No review was recorded yet: the value is unknown, not "not applicable".
            one.assign_to_sign_median_h.map(|hours| format!("{hours:.1}")).unwrap_or_default(),
            told(one.duplicate_reason_pct),
        ]
    };
    write_csv(out, &columns, quality.reviewers.iter().map(row))
}

fn numbers(quality: &ReviewQuality) -> String {
    let items = usize::try_from(quality.items).unwrap_or(usize::MAX);
    format!(
        "{}: {} decided by people, {} by no-response default",
        counted(items, "item"),
        quality.human_decided,
        quality.by_silence
    )
}

fn shown(quality: &ReviewQuality) -> Vec<Vec<String>> {
    let row = |one: &ReviewerQuality| {
        vec![
            one.reviewer.to_string(),
            format!("{} of {}", one.decided, one.items),
            format!("{} of {}", one.keeps_flagged, one.flagged),
            one.revokes.to_string(),
            one.batch_max.to_string(),
            one.assign_to_sign_median_h.map(|hours| format!("{hours:.1} h")).unwrap_or_default(),
            one.duplicate_reason_pct.map(|percent| format!("{percent} %")).unwrap_or_default(),
        ]
    };
    quality.reviewers.iter().map(row).collect()
}

const COLUMNS: &[&str] =
    &["reviewer", "decided", "flagged kept", "removed", "largest batch", "median time", "duplicate reasons"];
const NOTE: &str =
    "These are indicators: git shows what was signed and when it was merged, but not whether it was read.";
