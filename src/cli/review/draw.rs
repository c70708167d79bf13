//! Draws the review on screens from 40x10: item list, item details, prompt and footer.

use super::{
    app::{InputMode, ReviewApp},
    draw_prompt::{filters, prompt},
    footer::{foot, help},
    style::{TerminalStyle, fit, wrap},
    viewport::{Viewport, padded},
};
use crate::{
    campaign::{DecisionContext, is_flagged, said},
    model::file::Item,
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Paragraph, Wrap},
};

/// Draws the screen; `dossier` is the decision context of the item under the cursor.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut ReviewApp, dossier: Option<&DecisionContext>, look: TerminalStyle) {
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    if width < 40 || height < 10 {
        let text = Paragraph::new("terminal too small (minimum 40x10); q quits, all decisions are saved");
        frame.render_widget(text.wrap(Wrap { trim: true }), area);
        return;
    }
    let room = Viewport { width, height };
    let mut prompt = prompt(app, room, look);
    let foot = foot(app, room, look);
    let mut lines = head(app, room, look);
    // The input is at the end of the prompt and must be visible.
    let most = height.saturating_sub(foot.len() + lines.len() + 1);
    prompt.drain(..prompt.len().saturating_sub(most));
    let body = height.saturating_sub(lines.len() + prompt.len() + foot.len()).max(1);
    lines.extend(match (&app.mode, width >= WIDE) {
        (InputMode::Help(_), _) => help(app, body, width, look),
        (InputMode::Filter { .. }, _) => padded(filters(app, body, width, look), body),
        (_, true) => beside(app, dossier, width, body, look),
        (_, false) if app.in_card => card(app, dossier, width, body, look),
        (_, false) => list(app, width, body, look),
    });
    lines.extend(prompt);
    lines.extend(foot);
    lines.truncate(height);
    let lines: Vec<_> = lines.into_iter().map(|line| look.to_ascii(line)).collect();
    frame.render_widget(Paragraph::new(lines), Rect { ..area });
}

/// The title line: campaign, reviewer and progress.
fn head(app: &ReviewApp, room: Viewport, look: TerminalStyle) -> Vec<Line<'static>> {
    let (progress, width) = (app.review_session.progress(), room.width);
    if room.is_narrow() {
        let (done, all, open) = (progress.decided, progress.items, progress.flagged_open);
        return vec![Line::from(look.title(fit(&format!(" {done} of {all} decided · {open} flagged open"), width)))];
    }
    let campaign = app
        .review_session
        .review_files()
        .first()
        .map(|review_file| review_file.review.campaign.to_string())
        .unwrap_or_default();
    let due =
        app.review_session.review_files().iter().map(|review_file| review_file.due).min().map(|due| due.to_string());
    let due = due.map(|due| format!("due {}", due.chars().take(10).collect::<String>())).unwrap_or_default();
    let title = format!(" {campaign} · {}", app.review_session.reviewer());
    let counts =
        format!("{} of {} decided · {} flagged open · {due} ", progress.decided, progress.items, progress.flagged_open);
    let bar = look.progress_bar(progress.decided, progress.items, BAR);
    let left = width.saturating_sub(counts.chars().count() + bar.chars().count() + 2);
    let line = Line::from(vec![
        look.title(fit(&title, left)),
        Span::raw(" "),
        Span::raw(bar),
        Span::raw(" "),
        Span::raw(fit(&counts, counts.chars().count())),
    ]);
    if room.is_low() { vec![line] } else { vec![line, look.rule(width)] }
}

/// The list, with the cursor in sight.
pub(super) fn list(app: &mut ReviewApp, width: usize, height: usize, look: TerminalStyle) -> Vec<Line<'static>> {
    app.page = height.saturating_sub(1).max(1);
    if app.rows.is_empty() {
        let nothing = if app.review_session.len() == 0 {
            " no items are assigned to you"
        } else {
            " no item matches the filter: Esc shows all"
        };
        return padded(vec![Line::from(nothing)], height);
    }
    let first = app.at.saturating_sub(height.saturating_sub(1)).max(app.at.saturating_sub(height / 2));
    let first = first.min(app.rows.len().saturating_sub(height));
    let lines = app.rows.iter().enumerate().skip(first).take(height);
    let lines = lines.filter_map(|(place, row)| line(app, *row, place == app.at, width, look)).collect();
    padded(lines, height)
}

fn line(app: &ReviewApp, row: usize, here: bool, width: usize, look: TerminalStyle) -> Option<Line<'static>> {
    let item = app.review_session.item(row)?;
    let flag = if is_flagged(item) { '!' } else { ' ' };
    let decision = match (item.decision, app.review_session.undecidable_reason(row)) {
        (Some(verdict), _) => verdict.to_string(),
        (None, Some(_)) => "(not yours)".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let advice = item.recommendation.split(':').next().unwrap_or_default();
    let advice = if advice.is_empty() { String::new() } else { format!("{advice}?") };
    let shown = || app.rows.iter().filter_map(|row| app.review_session.item(*row));
    // In a narrow list only a mark shows that there is a recommendation.
    let is_advised = shown().any(|item| !item.recommendation.is_empty());
    let advised = if width < 45 || !is_advised { 0 } else { ADVISED };
    // The same group may exist on several systems.
    let own = system(item);
    let is_mixed = shown().any(|other| system(other) != own);
    let widest = shown().map(|item| system(item).chars().count()).max().unwrap_or(0).min(SYSTEM);
    let place = if is_mixed { format!("{} ", fit(own, widest)) } else { String::new() };
    let rest = width.saturating_sub(2 + 3 + advised + 12 + place.chars().count());
    let longest = shown().map(|item| item.principal.chars().count());
    let holder = (longest.max().unwrap_or(0) + 1).clamp(8, (rest / 2).max(8));
    let held = rest.saturating_sub(holder);
    let mark = format!("{}{flag}", if here { '>' } else { ' ' });
    let text = format!(
        " {} {place}{} {} {}",
        item.tier,
        fit(&item.principal, holder.saturating_sub(1)),
        fit(said(&item.entitlement), held.saturating_sub(1)),
        fit(&advice, advised),
    );
    let text = fit(&text, width.saturating_sub(2 + 11));
    Some(look.row([mark, text, fit(&decision, 11.min(width.saturating_sub(2)))], here, item.decision.is_some()))
}

/// Returns the name of the system of an item.
fn system(item: &Item) -> &str {
    item.subject.split_once(':').map_or("", |(system, _)| system)
}

/// The details of the item under the cursor.
pub(super) fn card(
    app: &mut ReviewApp,
    dossier: Option<&DecisionContext>,
    width: usize,
    height: usize,
    look: TerminalStyle,
) -> Vec<Line<'static>> {
    let Some((row, item)) = app.row().and_then(|row| Some((row, app.review_session.item(row)?))) else {
        return padded(vec![Line::from(" no item selected")], height);
    };
    let narrow = Viewport { width, height }.is_narrow();
    let indent = if narrow { 0 } else { INDENT };
    let mut lines: Vec<Line<'static>> = Vec::new();
    let flag = if is_flagged(item) { "! " } else { "" };
    let name = format!(" {flag}{} · {}", item.principal, said(&item.entitlement));
    lines.extend(wrap(&name, width, 1).into_iter().map(|text| Line::from(look.title(text))));
    if let Some(verdict) = item.decision {
        let to = item.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        let until = item.until.map(|end| format!(" until {end}")).unwrap_or_default();
        let text = format!(" your decision: {verdict}{to}{until} · {}", item.reason);
        lines.extend(wrap(&text, width, 1).into_iter().map(|text| look.decided(text)));
    }
    if let Some(bar) = app.review_session.undecidable_reason(row) {
        lines.extend(
            wrap(&format!(" you cannot decide this item: {bar}"), width, 1).into_iter().map(|text| look.warning(text)),
        );
    }
    for chapter in dossier.into_iter().flat_map(|dossier| &dossier.chapters) {
        for (place, sentence) in chapter.lines.iter().enumerate() {
            let title = if place == 0 { chapter.title } else { "" };
            let mark = if sentence.marked { '!' } else { ' ' };
            if narrow && place == 0 {
                lines.push(Line::from(look.title(fit(&format!(" {title}"), width))));
            }
            let folded = wrap(&sentence.text, width.saturating_sub(indent + 3), 0);
            for (at, text) in folded.into_iter().enumerate() {
                let title = if at == 0 && !narrow { title } else { "" };
                let mark = if at == 0 { mark } else { ' ' };
                lines.push(look.sentence(format!(" {title:<indent$}"), mark, text));
            }
        }
    }
    let most = lines.len().saturating_sub(height);
    app.scroll = app.scroll.min(most);
    app.page = height.saturating_sub(2).max(1);
    let more = most.saturating_sub(app.scroll);
    let mut shown: Vec<_> = lines.into_iter().skip(app.scroll).take(height).collect();
    if more > 0
        && let Some(last) = shown.last_mut()
    {
        *last = look.dim(fit(&format!(" … {} more lines: Space or Down", more + 1), width));
    }
    padded(shown, height)
}

/// List and details side by side.
fn beside(
    app: &mut ReviewApp,
    dossier: Option<&DecisionContext>,
    width: usize,
    height: usize,
    look: TerminalStyle,
) -> Vec<Line<'static>> {
    let left = width * 9 / 20;
    let cards = card(app, dossier, width - left - 1, height, look);
    let page = app.page;
    let rows = list(app, left, height, look);
    app.page = if app.in_card { page } else { app.page };
    let joined = rows.into_iter().zip(cards).map(|(row, card)| {
        let mut spans = row.spans;
        spans.push(Span::raw(look.pipe()));
        spans.extend(card.spans);
        Line::from(spans)
    });
    joined.collect()
}

const ADVISED: usize = 12;
/// Maximum width of the name of a system in the list.
const SYSTEM: usize = 14;
const BAR: usize = 8;
const INDENT: usize = 13;
/// Minimum width for list and details side by side.
const WIDE: usize = 110;
