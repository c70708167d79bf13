//! The desk on a screen of any size from 60x16 on: the list, the card, what is asked, and the keys.

use super::{
    answer::KEYS,
    form::{Form, Name},
    front::{Front, Mode, Notice},
    paint::{Look, fit, fold},
};
use crate::{
    campaign::{Dossier, is_flagged, said},
    model::ReasonCode,
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

/// Draws the desk; `dossier` is what is known of the item under the cursor.
pub(super) fn draw(frame: &mut Frame<'_>, front: &mut Front, dossier: Option<&Dossier>, look: Look) {
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    if width < 40 || height < 10 {
        frame.render_widget(Paragraph::new("this terminal is too small: 40x10 at least; q leaves, all is saved"), area);
        return;
    }
    let prompt = prompt(front, width, look);
    let foot = foot(front, width, look);
    let used = 2 + prompt.len() + foot.len();
    let body = height.saturating_sub(used).max(1);
    let mut lines = head(front, width, look);
    lines.extend(match (&front.mode, width >= WIDE) {
        (Mode::Help, _) => padded(help(width, look), body),
        (Mode::Filter { .. }, _) => padded(filters(front, body, width, look), body),
        (_, true) => beside(front, dossier, width, body, look),
        (_, false) if front.in_card => card(front, dossier, width, body, look),
        (_, false) => list(front, width, body, look),
    });
    lines.truncate(height.saturating_sub(prompt.len() + foot.len()));
    lines.extend(prompt);
    lines.extend(foot);
    lines.truncate(height);
    frame.render_widget(Paragraph::new(lines), Rect { ..area });
}

/// Who, what, and how far.
fn head(front: &Front, width: usize, look: Look) -> Vec<Line<'static>> {
    let progress = front.desk.progress();
    let campaign = front.desk.papers().first().map(|paper| paper.review.campaign.to_string()).unwrap_or_default();
    let due = front.desk.papers().iter().map(|paper| paper.due).min().map(|due| due.to_string());
    let due = due.map(|due| format!("due {}", due.chars().take(10).collect::<String>())).unwrap_or_default();
    let title = format!(" {campaign} · {}", front.desk.reviewer());
    let counts =
        format!("{} of {} decided · {} flagged open · {due} ", progress.decided, progress.items, progress.flagged_open);
    let bar = look.bar(progress.decided, progress.items, BAR);
    let room = width.saturating_sub(counts.chars().count() + bar.chars().count() + 2);
    vec![
        Line::from(vec![
            look.title(fit(&title, room)),
            Span::raw(" "),
            Span::raw(bar),
            Span::raw(" "),
            Span::raw(fit(&counts, counts.chars().count())),
        ]),
        look.rule(width),
    ]
}

/// The list, with the cursor in sight.
pub(super) fn list(front: &mut Front, width: usize, height: usize, look: Look) -> Vec<Line<'static>> {
    front.page = height.saturating_sub(1).max(1);
    if front.rows.is_empty() {
        let nothing =
            if front.desk.len() == 0 { " nothing is put to you" } else { " nothing meets the filter: Esc shows all" };
        return padded(vec![Line::from(nothing)], height);
    }
    let first = front.at.saturating_sub(height.saturating_sub(1)).max(front.at.saturating_sub(height / 2));
    let first = first.min(front.rows.len().saturating_sub(height));
    let lines = front.rows.iter().enumerate().skip(first).take(height);
    let lines = lines.filter_map(|(place, row)| line(front, *row, place == front.at, width, look)).collect();
    padded(lines, height)
}

fn line(front: &Front, row: usize, here: bool, width: usize, look: Look) -> Option<Line<'static>> {
    let item = front.desk.item(row)?;
    let flag = if is_flagged(item) { '!' } else { ' ' };
    let decision = match (item.decision, front.desk.bar(row)) {
        (Some(verdict), _) => verdict.to_string(),
        (None, Some(_)) => "(not yours)".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let advice = item.recommend.split(':').next().unwrap_or_default();
    let advice = if advice.is_empty() { String::new() } else { format!("{advice}?") };
    let rest = width.saturating_sub(2 + 3 + 12 + 12);
    let longest = front.rows.iter().filter_map(|row| front.desk.item(*row)).map(|item| item.principal.chars().count());
    let holder = (longest.max().unwrap_or(0) + 1).clamp(8, (rest / 2).max(8));
    let held = rest.saturating_sub(holder);
    let text = format!(
        "{}{flag} {} {} {} {} {}",
        if here { '>' } else { ' ' },
        item.tier,
        fit(&item.principal, holder.saturating_sub(1)),
        fit(said(&item.entitlement), held.saturating_sub(1)),
        fit(&advice, 11),
        fit(&decision, 11),
    );
    Some(look.row(fit(&text, width), here, is_flagged(item), item.decision.is_some()))
}

/// The card of the item under the cursor.
pub(super) fn card(
    front: &mut Front,
    dossier: Option<&Dossier>,
    width: usize,
    height: usize,
    look: Look,
) -> Vec<Line<'static>> {
    let Some((row, item)) = front.row().and_then(|row| Some((row, front.desk.item(row)?))) else {
        return padded(vec![Line::from(" nothing is under the cursor")], height);
    };
    let mut lines: Vec<Line<'static>> = Vec::new();
    let flag = if is_flagged(item) { "! " } else { "" };
    let name = format!(" {flag}{} · {}", item.principal, said(&item.entitlement));
    lines.extend(fold(&name, width, 1).into_iter().map(|text| Line::from(look.title(text))));
    if let Some(verdict) = item.decision {
        let to = item.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        let until = item.until.map(|end| format!(" until {end}")).unwrap_or_default();
        let text = format!(" you decided: {verdict}{to}{until} · {}", item.reason);
        lines.extend(fold(&text, width, 1).into_iter().map(|text| look.decided(text)));
    }
    if let Some(bar) = front.desk.bar(row) {
        lines
            .extend(fold(&format!(" not yours to decide: {bar}"), width, 1).into_iter().map(|text| look.warning(text)));
    }
    for chapter in dossier.into_iter().flat_map(|dossier| &dossier.chapters) {
        for (place, sentence) in chapter.lines.iter().enumerate() {
            let title = if place == 0 { chapter.title } else { "" };
            let mark = if sentence.marked { '!' } else { ' ' };
            let folded = fold(&sentence.text, width.saturating_sub(INDENT + 3), 0);
            for (at, text) in folded.into_iter().enumerate() {
                let title = if at == 0 { title } else { "" };
                let mark = if at == 0 { mark } else { ' ' };
                lines.push(look.sentence(format!(" {title:<INDENT$}{mark} "), text, sentence.marked));
            }
        }
    }
    let most = lines.len().saturating_sub(height);
    front.scroll = front.scroll.min(most);
    front.page = height.saturating_sub(2).max(1);
    let more = most.saturating_sub(front.scroll);
    let mut shown: Vec<_> = lines.into_iter().skip(front.scroll).take(height).collect();
    if more > 0
        && let Some(last) = shown.last_mut()
    {
        *last = look.faint(fit(&format!(" … {} more lines: Space or Down", more + 1), width));
    }
    padded(shown, height)
}

/// List and card side by side.
fn beside(front: &mut Front, dossier: Option<&Dossier>, width: usize, height: usize, look: Look) -> Vec<Line<'static>> {
    let left = width * 9 / 20;
    let cards = card(front, dossier, width - left - 1, height, look);
    let page = front.page;
    let rows = list(front, left, height, look);
    front.page = if front.in_card { page } else { front.page };
    let joined = rows.into_iter().zip(cards).map(|(row, card)| {
        let mut spans = row.spans;
        spans.push(Span::raw(look.pipe()));
        spans.extend(card.spans);
        Line::from(spans)
    });
    joined.collect()
}

fn prompt(front: &Front, width: usize, look: Look) -> Vec<Line<'static>> {
    let named = front.row().and_then(|row| front.desk.item(row));
    let named = named.map(|item| format!("{} · {}", item.principal, said(&item.entitlement))).unwrap_or_default();
    match &front.mode {
        Mode::Form(form) => asked(form, &format!("{}: {named}", form.verdict), width, look),
        Mode::Bulk { rows, form: Some(form) } => {
            let title = format!("{} {} items alike, with one reason", form.verdict, rows.len());
            asked(form, &title, width, look)
        }
        Mode::Bulk { rows, form: None } => {
            let mut lines = vec![look.rule(width)];
            let first = rows.iter().filter_map(|row| front.desk.item(*row));
            let names: Vec<_> = first.map(|item| item.principal.clone()).collect();
            let what =
                rows.first().and_then(|row| front.desk.item(*row)).map(|item| said(&item.entitlement).to_owned());
            let text = format!(
                " {} open items that nothing speaks against, all like {}: {}",
                rows.len(),
                what.unwrap_or_default(),
                names.join(", ")
            );
            let mut folded = fold(&text, width, 1);
            folded.truncate(4);
            lines.extend(folded.into_iter().map(Line::from));
            lines.push(Line::from(
                look.title(fit(" press the verdict for all of them, or Esc; / narrows what is shown", width)),
            ));
            lines
        }
        Mode::Search => vec![
            look.rule(width),
            look.field(" search ", &front.view.search, true, width),
            look.faint(fit(&format!(" {} found · Enter keeps it, Esc shows all", front.rows.len()), width)),
        ],
        Mode::Sign(typed) => sign(front, typed, width, look),
        Mode::Browse | Mode::Filter { .. } | Mode::Help => Vec::new(),
    }
}

fn asked(form: &Form, title: &str, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![look.rule(width), Line::from(look.title(fit(&format!(" {title}"), width)))];
    for (place, field) in form.fields.iter().enumerate() {
        let here = place == form.at;
        let needed = if field.needed { "*" } else { " " };
        lines.push(look.field(&format!(" {:>5}{needed} ", field.name.as_str()), &field.text, here, width));
        if here && field.name == Name::Code {
            let codes = ReasonCode::of(form.verdict).iter().enumerate();
            let codes: Vec<_> = codes.map(|(at, code)| format!("{} {code}", at + 1)).collect();
            lines
                .extend(fold(&format!("        {} · 0 none", codes.join(" · ")), width, 8).into_iter().map(Line::from));
        } else if here {
            lines.push(look.faint(fit(&format!("        {}", field.name.hint(form.verdict)), width)));
        }
    }
    if let Some(problem) = &form.problem {
        lines.extend(fold(&format!(" ! {problem}"), width, 3).into_iter().map(|text| look.warning(text)));
    }
    lines
}

fn sign(front: &Front, typed: &str, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![look.rule(width)];
    for paper in front.desk.papers().iter().filter(|paper| paper.can_be_signed()) {
        let decided = paper.review.items.iter().filter(|item| item.decision.is_some()).count();
        let text = format!(" {decided} of {} decided  {}", paper.review.items.len(), paper.path);
        lines.push(Line::from(fit(&text, width)));
    }
    let ask = match front.desk.flagged_left_open() {
        0 => " sign these bytes? type y and Enter; Esc leaves them unsigned".to_owned(),
        open => format!(
            " ! {open} flagged items are undecided; they stay open and go into your next file. To sign all the same, type {open} and Enter; Esc goes back"
        ),
    };
    lines.extend(fold(&ask, width, 3).into_iter().map(|text| look.warning(text)));
    lines.push(look.field(" sign ", typed, true, width));
    lines
}

fn filters(front: &Front, height: usize, width: usize, look: Look) -> Vec<Line<'static>> {
    let Mode::Filter { choices, at } = &front.mode else { return Vec::new() };
    let mut lines = vec![Line::from(look.title(fit(" show only", width)))];
    let first = at.saturating_sub(height.saturating_sub(2));
    for (place, (filter, count)) in choices.iter().enumerate().skip(first) {
        let mark = if place == *at { '>' } else { ' ' };
        let text = fit(&format!(" {mark} {count:>4}  {filter}"), width);
        lines.push(look.row(text, place == *at, false, false));
    }
    lines
}

/// What was just done, and the keys.
fn foot(front: &Front, width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines = vec![look.rule(width)];
    lines.push(match &front.notice {
        Some(Notice::Done(text)) => Line::from(fit(&format!(" {text}"), width)),
        Some(Notice::Refused(text)) => look.warning(fit(&format!(" ! {text}"), width)),
        None => look.faint(fit(&format!(" {}", shown(front)), width)),
    });
    let keys: Vec<&str> = match (&front.mode, front.in_card) {
        (Mode::Form(_) | Mode::Bulk { form: Some(_), .. }, _) => {
            vec![" Enter next, at the end saves · Tab other field · Esc back without deciding"]
        }
        (Mode::Bulk { .. }, _) => vec![VERDICTS, " Esc back"],
        (Mode::Filter { .. }, _) => vec![" j k move · Enter show these · Esc back"],
        (Mode::Help, _) => vec![" any key goes back"],
        (Mode::Search | Mode::Sign(_), _) => vec![" Enter · Esc"],
        (Mode::Browse, true) => {
            vec![VERDICTS, " j k Space scroll · n next · [ ] item · u undo · Esc list · ? help"]
        }
        (Mode::Browse, false) => {
            vec![
                VERDICTS,
                " j k move · Enter card · n next open · / search · f filter · b bulk · u undo · S sign · q · ? help",
            ]
        }
    };
    lines.extend(keys.into_iter().flat_map(|keys| fold(keys, width, 1)).map(|keys| look.keys(&keys)));
    lines
}

fn shown(front: &Front) -> String {
    let search = if front.view.search.is_empty() { String::new() } else { format!(" · with `{}`", front.view.search) };
    let place = if front.rows.is_empty() { 0 } else { front.at + 1 };
    let sort = front.view.sort;
    format!(
        "{place} of {} shown: {}{search} · by {sort} · every decision is saved",
        front.rows.len(),
        front.view.filter
    )
}

fn help(width: usize, look: Look) -> Vec<Line<'static>> {
    let mut lines =
        vec![Line::from(look.title(fit(" verdicts: a key, then a reason; nothing is decided before Enter", width)))];
    lines.extend(
        KEYS.map(|(key, verdict, about)| Line::from(fit(&format!("  {key}  {:<12} {about}", verdict.as_str()), width))),
    );
    lines.push(Line::from(fit(" Del  leave it open, if it is not signed yet", width)));
    let more = [
        "j k arrows PgUp PgDn g G   move        Enter l  card       Esc q  back, leave",
        "n N  next, previous open   [ ]  next, previous item        /  search",
        "f  filter   s  sort   b  bulk: what is open, unflagged and of one shape",
        "u  undo   U ctrl-r  redo   S  sign     ctrl-z  away for a while   ctrl-l  redraw",
        "!  a rule speaks against it: keeping it takes a code and words",
        "Every decision is saved in its file at once. An editor does the same: the files",
        "are below campaigns/; `tenure fmt` puts them in form, `tenure sign` signs them.",
    ];
    lines.extend(more.map(|text| Line::from(fit(&format!("  {text}"), width))));
    lines
}

fn padded(mut lines: Vec<Line<'static>>, height: usize) -> Vec<Line<'static>> {
    lines.resize_with(height.max(lines.len()), || Line::from(""));
    lines.truncate(height);
    lines
}

const VERDICTS: &str = " c certify · r revoke · d disable · e reduce · o rotate · p replace · t transfer · x except · i investigate · a abstain";
const BAR: usize = 8;
const INDENT: usize = 13;
/// From this width on, list and card stand side by side.
const WIDE: usize = 110;
