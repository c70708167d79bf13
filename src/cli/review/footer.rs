//! Draws the footer with status message and keys, and the help page.

use super::{
    app::{InputMode, ReviewApp, StatusMessage},
    decision_input::KEYS,
    style::{TerminalStyle, fit, wrap},
    viewport::{Viewport, padded},
};
use ratatui::text::Line;

/// The status message and the keys.
pub(super) fn foot(app: &ReviewApp, room: Viewport, look: TerminalStyle) -> Vec<Line<'static>> {
    let width = room.width;
    let mut lines = if room.is_low() { Vec::new() } else { vec![look.rule(width)] };
    lines.push(match &app.notice {
        Some(StatusMessage::Done(text)) => Line::from(fit(&format!(" {text}"), width)),
        Some(StatusMessage::Refused(text)) => look.warning(fit(&format!(" ! {text}"), width)),
        None => look.dim(fit(&format!(" {}", shown(app)), width)),
    });
    if room.is_low() {
        let keys = match &app.mode {
            InputMode::Form(_) | InputMode::Bulk { form: Some(_), .. } => " Enter next · Tab field · Esc back",
            InputMode::Bulk { .. } => " c r d e o p t x i a for all · Esc back",
            InputMode::Filter { .. } | InputMode::Search | InputMode::Sign(_) => " Enter · Esc back",
            InputMode::Help(_) => " j k scroll · any other key goes back",
            InputMode::Browse => " ? all keys · Enter card · Esc · q",
        };
        // The status message takes precedence over the keys of an open prompt.
        let prompted = !matches!(app.mode, InputMode::Browse) && app.notice.is_none();
        if prompted {
            lines.clear();
        }
        lines.push(look.keys(&fit(keys, width)));
        return lines;
    }
    let keys: Vec<&str> = match (&app.mode, app.in_card) {
        (InputMode::Form(_) | InputMode::Bulk { form: Some(_), .. }, _) => {
            vec![" Enter next, at the end saves · Tab other field · Esc back without deciding"]
        }
        (InputMode::Bulk { .. }, _) => vec![VERDICTS, " Esc back"],
        (InputMode::Filter { .. }, _) => vec![" j k move · Enter show these · Esc back"],
        (InputMode::Help(_), _) => vec![" j k scroll · any other key goes back"],
        (InputMode::Search | InputMode::Sign(_), _) => vec![" Enter · Esc"],
        (InputMode::Browse, true) => {
            vec![VERDICTS, " j k Space scroll · n next · [ ] item · u undo · Esc list · ? help"]
        }
        (InputMode::Browse, false) => {
            vec![
                VERDICTS,
                " j k move · Enter card · n next open · / search · f filter · b bulk · u undo · S sign · q · ? help",
            ]
        }
    };
    lines.extend(keys.into_iter().flat_map(|keys| wrap(keys, width, 1)).map(|keys| look.keys(&keys)));
    lines
}

fn shown(app: &ReviewApp) -> String {
    let search = if app.view.search.is_empty() { String::new() } else { format!(" · with `{}`", app.view.search) };
    let place = if app.rows.is_empty() { 0 } else { app.at + 1 };
    let sort = app.view.sort;
    format!(
        "{place} of {} shown: {}{search} · sorted by {sort} · every decision is saved",
        app.rows.len(),
        app.view.filter
    )
}

/// The help page from its scroll offset.
pub(super) fn help(app: &mut ReviewApp, height: usize, width: usize, look: TerminalStyle) -> Vec<Line<'static>> {
    let mut lines =
        vec![Line::from(look.title(fit(" verdicts: press a key, then enter a reason; Enter confirms", width)))];
    lines.extend(
        KEYS.map(|(key, verdict, about)| Line::from(fit(&format!("  {key}  {:<12} {about}", verdict.as_str()), width))),
    );
    lines.push(Line::from(fit(" Del  reopen an item that is not signed yet", width)));
    let more = [
        "j k arrows PgUp PgDn g G   move        Enter l  card       Esc q  back, leave",
        "n N  next, previous open   [ ]  next, previous item        /  search",
        "f  filter   s  sort   b  bulk: open, unflagged items of the same kind",
        "u  undo   U ctrl-r  redo   S  sign     ctrl-z  suspend   ctrl-l  redraw",
        "!  flagged by a rule: keeping it requires a reason code and a text",
        "Every decision is saved in its file immediately. You can also edit the files below campaigns/ with any editor; `tenure fmt` formats them, `tenure sign` signs them.",
    ];
    lines.extend(more.iter().flat_map(|text| wrap(&format!("  {text}"), width, 4)).map(Line::from));
    let most = lines.len().saturating_sub(height);
    if let InputMode::Help(from) = &mut app.mode {
        *from = (*from).min(most);
        lines.drain(..*from);
    }
    padded(lines, height)
}

const VERDICTS: &str = " c certify · r revoke · d disable · e reduce · o rotate · p replace · t transfer · x except · i investigate · a abstain";
