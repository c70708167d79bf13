//! Draws prompts: fields of a verdict, search, filter selection, and the confirmation of signing.

use super::{
    app::{InputMode, ReviewApp},
    form::{FieldName, PromptForm},
    style::{TerminalStyle, fit, wrap},
    viewport::Viewport,
};
use crate::{campaign::said, model::ReasonCode};
use ratatui::text::Line;

/// The prompt between page and footer; empty in browse mode.
pub(super) fn prompt(app: &ReviewApp, room: Viewport, look: TerminalStyle) -> Vec<Line<'static>> {
    let width = room.width;
    let named = app.row().and_then(|row| app.review_session.item(row));
    let named = named.map(|item| format!("{} · {}", item.principal, said(&item.entitlement))).unwrap_or_default();
    match &app.mode {
        InputMode::Form(form) => asked(form, &format!("{}: {named}", form.verdict), room, look),
        InputMode::Bulk { rows, form: Some(form) } => {
            let title = format!("{} {} items with one reason", form.verdict, rows.len());
            asked(form, &title, room, look)
        }
        InputMode::Bulk { rows, form: None } => {
            let mut lines = vec![look.rule(width)];
            let first = rows.iter().filter_map(|row| app.review_session.item(*row));
            let names: Vec<_> = first.map(|item| item.principal.clone()).collect();
            let what = rows
                .first()
                .and_then(|row| app.review_session.item(*row))
                .map(|item| said(&item.entitlement).to_owned());
            let text = format!(
                " {} open items without findings, similar to {}: {}",
                rows.len(),
                what.unwrap_or_default(),
                names.join(", ")
            );
            let mut folded = wrap(&text, width, 1);
            folded.truncate(4);
            lines.extend(folded.into_iter().map(Line::from));
            lines.push(Line::from(
                look.title(fit(" press the verdict for all of them, or Esc; / narrows the view", width)),
            ));
            lines
        }
        InputMode::Search => vec![
            look.rule(width),
            look.field(" search ", &app.view.search, true, width),
            look.dim(fit(&format!(" {} found · Enter keeps it, Esc shows all", app.rows.len()), width)),
        ],
        InputMode::Sign(typed) => sign(app, typed, room, look),
        InputMode::Browse | InputMode::Filter { .. } | InputMode::Help(_) => Vec::new(),
    }
}

fn asked(form: &PromptForm, title: &str, room: Viewport, look: TerminalStyle) -> Vec<Line<'static>> {
    let width = room.width;
    let mut lines = if room.is_low() { Vec::new() } else { vec![look.rule(width)] };
    lines.push(Line::from(look.title(fit(&format!(" {title}"), width))));
    for (place, field) in form.fields.iter().enumerate() {
        let here = place == form.at;
        if room.is_low() && !here {
            continue;
        }
        let needed = if field.needed { "*" } else { " " };
        lines.push(look.field(&format!(" {:>5}{needed} ", field.name.as_str()), &field.text, here, width));
        if here && field.name == FieldName::Code {
            let codes = ReasonCode::of(form.verdict).iter().enumerate();
            let codes: Vec<_> = codes.map(|(at, code)| format!("{} {code}", at + 1)).collect();
            lines
                .extend(wrap(&format!("        {} · 0 none", codes.join(" · ")), width, 8).into_iter().map(Line::from));
        } else if here {
            lines.push(look.dim(fit(&format!("        {}", field.name.hint(form.verdict)), width)));
        }
    }
    if let Some(problem) = &form.problem {
        lines.extend(wrap(&format!(" ! {problem}"), width, 3).into_iter().map(|text| look.warning(text)));
    }
    lines
}

fn sign(app: &ReviewApp, typed: &str, room: Viewport, look: TerminalStyle) -> Vec<Line<'static>> {
    let width = room.width;
    let mut lines = if room.is_low() { Vec::new() } else { vec![look.rule(width)] };
    let review_files: Vec<_> =
        app.review_session.review_files().iter().filter(|review_file| review_file.can_be_signed()).collect();
    let most = (room.height / 3).max(1);
    for review_file in review_files.iter().take(most) {
        let decided = review_file.review.items.iter().filter(|item| item.decision.is_some()).count();
        let text = format!(" {decided} of {} decided  {}", review_file.review.items.len(), review_file.path);
        lines.push(Line::from(fit(&text, width)));
    }
    if review_files.len() > most {
        lines.push(look.dim(fit(&format!(" and {} more of your files", review_files.len() - most), width)));
    }
    let ask = match app.review_session.flagged_left_open() {
        0 => " sign these files? type y and Enter; Esc cancels".to_owned(),
        open => format!(
            " ! {open} flagged items are undecided; they stay open and go into your next file. To sign anyway, type {open} and Enter; Esc cancels"
        ),
    };
    lines.extend(wrap(&ask, width, 3).into_iter().map(|text| look.warning(text)));
    lines.push(look.field(" sign ", typed, true, width));
    lines
}

/// The selection of filters that match some but not all items.
pub(super) fn filters(app: &ReviewApp, height: usize, width: usize, look: TerminalStyle) -> Vec<Line<'static>> {
    let InputMode::Filter { choices, at } = &app.mode else { return Vec::new() };
    let mut lines = vec![Line::from(look.title(fit(" show only", width)))];
    let first = at.saturating_sub(height.saturating_sub(2));
    for (place, (filter, count)) in choices.iter().enumerate().skip(first) {
        let mark = if place == *at { '>' } else { ' ' };
        let text = fit(&format!(" {mark} {count:>4}  {filter}"), width);
        lines.push(look.choice(text, place == *at));
    }
    lines
}
