//! Item details as plain text, for pipes, screen readers and dumb terminals.

use super::{session::ReviewSession, style::to_ascii};
use crate::{
    campaign::{DecisionContext, is_flagged, said},
    diag::escape,
};
use std::io::{self, Write};

/// Returns the details of an item.
pub(super) fn card(review_session: &ReviewSession, row: usize, dossier: Option<&DecisionContext>) -> String {
    let Some(item) = review_session.item(row) else { return String::new() };
    let flag = if is_flagged(item) { "flagged: " } else { "" };
    let place = row + 1;
    let mut text = format!(
        "[{place} of {}] {flag}{} · {}\n",
        review_session.len(),
        escape(&item.principal),
        escape(said(&item.entitlement))
    );
    for chapter in dossier.into_iter().flat_map(|dossier| &dossier.chapters) {
        for (at, line) in chapter.lines.iter().enumerate() {
            let title = if at == 0 { format!("{}:", chapter.title) } else { String::new() };
            let mark = if line.marked { "! " } else { "" };
            text.push_str(&format!("  {title:<15}{mark}{}\n", escape(&line.text)));
        }
    }
    if let Some(verdict) = item.decision {
        text.push_str(&format!("  decided:       {verdict}: {}\n", escape(&item.reason)));
    }
    if let Some(bar) = review_session.undecidable_reason(row) {
        text.push_str(&format!("  not yours:     {}\n", escape(bar)));
    }
    text
}

/// Converts text to ASCII, for terminals without UTF-8.
pub(super) struct AsciiWriter<'a>(pub(super) &'a mut dyn Write);

impl Write for AsciiWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(to_ascii(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns the progress of a session in one line.
pub(super) fn progress(review_session: &ReviewSession) -> String {
    let progress = review_session.progress();
    let campaign = review_session
        .review_files()
        .first()
        .map(|review_file| review_file.review.campaign.to_string())
        .unwrap_or_default();
    let due = review_session.review_files().iter().map(|review_file| review_file.due).min();
    let due = due.map(|due| format!(", due {}", due.to_string().chars().take(10).collect::<String>()));
    format!(
        "{campaign}, {}: {} of {} decided, {} flagged open{}",
        review_session.reviewer(),
        progress.decided,
        progress.items,
        progress.flagged_open,
        due.unwrap_or_default()
    )
}
