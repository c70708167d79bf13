//! State machine of the full-screen review: maps keys to effects, independent of the terminal.

use super::{
    decision_input::{DecisionInput, verdict_of},
    form::{Form, FormResult},
    keys::Key,
    modes::MOST_SEARCH,
    session::{AppliedStep, DecisionError, ReviewSession},
    view::{Filter, View},
};
use crate::{campaign::said, model::Timestamp};

/// The state of the full-screen review.
#[derive(Clone, Debug)]
pub(super) struct App {
    /// The review session.
    pub(super) desk: ReviewSession,
    /// The filter, order and search.
    pub(super) view: View,
    /// The visible items, in order.
    pub(super) rows: Vec<usize>,
    /// The index of the cursor among the visible items.
    pub(super) at: usize,
    /// The current mode.
    pub(super) mode: Mode,
    /// Whether a prompt or page returns to the item details or to the list.
    pub(super) in_card: bool,
    /// The scroll offset of the item details, in lines.
    pub(super) scroll: usize,
    /// The height of a page in lines, as last drawn.
    pub(super) page: usize,
    /// The status message.
    pub(super) notice: Option<StatusMessage>,
    pub(super) now: Timestamp,
}

/// The input mode.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    /// The item list or the item details.
    Browse,
    /// A bulk decision.
    Bulk {
        /// The items.
        rows: Vec<usize>,
        /// The prompt, once a verdict is chosen.
        form: Option<Form>,
    },
    /// The selection of a filter.
    Filter {
        /// The filters with the number of items of each.
        choices: Vec<(Filter, usize)>,
        /// The index of the selected filter.
        at: usize,
    },
    /// The input of the fields of a verdict.
    Form(Form),
    /// The help page, scrolled to this line.
    Help(usize),
    /// The input of a search.
    Search,
    /// The confirmation of signing; the input must be the number of flagged open items, or `y`.
    Sign(String),
}

/// The result of the last action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum StatusMessage {
    /// Success.
    Done(String),
    /// A refusal with its reason.
    Refused(String),
}

/// An effect that the terminal loop must perform.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    /// Quit.
    Leave,
    /// No effect.
    None,
    /// Redraw the screen.
    Refresh,
    /// Save these review files.
    Save(Vec<usize>),
    /// Quit and sign.
    Sign,
    /// Suspend the process.
    Suspend,
}

impl App {
    /// Returns the state for a session, with the cursor on the first open item.
    pub(super) fn new(desk: ReviewSession, now: Timestamp) -> Self {
        let view = View::default();
        let rows = view.rows(&desk);
        let mut front = Self {
            desk,
            view,
            rows,
            at: 0,
            mode: Mode::Browse,
            in_card: false,
            scroll: 0,
            page: 10,
            notice: None,
            now,
        };
        front.at = front.rows.iter().position(|row| front.desk.is_open(*row)).unwrap_or(0);
        front
    }

    /// Returns the item under the cursor.
    pub(super) fn row(&self) -> Option<usize> {
        self.rows.get(self.at).copied()
    }

    /// Processes a key.
    pub(super) fn press(&mut self, key: Key) -> Effect {
        match key {
            Key::Stop => return Effect::Leave,
            Key::Suspend => return Effect::Suspend,
            Key::Refresh => return Effect::Refresh,
            _ => {}
        }
        match std::mem::replace(&mut self.mode, Mode::Browse) {
            Mode::Browse => {
                self.notice = None;
                self.browse(key)
            }
            Mode::Bulk { rows, form } => self.bulk(key, rows, form),
            Mode::Filter { choices, at } => self.filter(key, choices, at),
            Mode::Form(form) => self.form(key, form),
            Mode::Help(from) => {
                let next = match key {
                    Key::Down | Key::Char('j') => Some(from + 1),
                    Key::Up | Key::Char('k') => Some(from.saturating_sub(1)),
                    Key::PageDown | Key::Char(' ') => Some(from.saturating_add(self.page)),
                    Key::PageUp => Some(from.saturating_sub(self.page)),
                    _ => None,
                };
                if let Some(next) = next {
                    self.mode = Mode::Help(next);
                }
                Effect::None
            }
            Mode::Search => self.search(key),
            Mode::Sign(typed) => self.sign(key, typed),
        }
    }

    /// Processes pasted text. Outside of prompts it is ignored, and it is never interpreted as keys.
    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.mode {
            Mode::Form(form) | Mode::Bulk { form: Some(form), .. } => form.paste(text),
            Mode::Search => {
                self.view.search.extend(text.chars().filter(|c| !c.is_control()).take(MOST_SEARCH));
                self.show();
            }
            _ => {}
        }
    }

    fn browse(&mut self, key: Key) -> Effect {
        match key {
            Key::Char('?') => self.mode = Mode::Help(0),
            Key::Char('q') | Key::Escape if self.in_card => self.in_card = false,
            Key::Left | Key::Char('h') if self.in_card => self.in_card = false,
            Key::Escape if !self.view.search.is_empty() || self.view.filter != Filter::All => {
                self.view.search.clear();
                self.view.filter = Filter::All;
                self.show();
            }
            Key::Char('q') => return Effect::Leave,
            Key::Char('/') => self.mode = Mode::Search,
            Key::Char('f') => self.mode = Mode::Filter { choices: Filter::choices(&self.desk), at: 0 },
            Key::Char('s') => {
                self.view.sort = self.view.sort.next();
                self.show();
                self.notice = Some(StatusMessage::Done(format!("sorted by {}", self.view.sort)));
            }
            Key::Char('b') => self.begin_bulk(),
            Key::Char('u') => return self.step(ReviewSession::undo, "undone", "no decision to undo"),
            Key::Char('U') | Key::Redo => {
                return self.step(ReviewSession::redo, "redone", "no decision to redo");
            }
            Key::Char('S') => return self.begin_sign(),
            Key::Backspace | Key::Delete => return self.leave_open(),
            Key::Char(character) if verdict_of(character).is_some() => self.begin(character),
            other => self.go(other),
        }
        Effect::None
    }

    /// Moves by item in the list, or by line in the item details.
    fn go(&mut self, key: Key) {
        let last = self.rows.len().saturating_sub(1);
        let (place, end) = if self.in_card { (self.scroll, usize::MAX) } else { (self.at, last) };
        let next = match key {
            Key::Down | Key::Char('j') => place.saturating_add(1),
            Key::Up | Key::Char('k') => place.saturating_sub(1),
            Key::PageDown | Key::Char(' ') => place.saturating_add(self.page),
            Key::PageUp => place.saturating_sub(self.page),
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => end,
            Key::Enter | Key::Right | Key::Char('l') => {
                self.in_card = !self.rows.is_empty();
                return;
            }
            Key::Char(']') | Key::Tab => return self.go_to((self.at + 1).min(last)),
            Key::Char('[') | Key::BackTab => return self.go_to(self.at.saturating_sub(1)),
            Key::Char('n') => return self.go_to_open(true),
            Key::Char('N') => return self.go_to_open(false),
            _ => return,
        };
        if self.in_card {
            self.scroll = next;
        } else {
            self.go_to(next.min(end));
        }
    }

    fn go_to(&mut self, place: usize) {
        self.at = place.min(self.rows.len().saturating_sub(1));
        self.scroll = 0;
    }

    /// Moves to the next undecided item, wrapping around.
    fn go_to_open(&mut self, forward: bool) {
        let count = self.rows.len();
        let steps = 1..=count;
        let place = |step: usize| if forward { (self.at + step) % count } else { (self.at + count - step) % count };
        let found = steps.map(place).find(|place| self.rows.get(*place).is_some_and(|row| self.desk.is_open(*row)));
        match found {
            Some(place) => self.go_to(place),
            None if self.desk.progress().decided == self.desk.len() => {
                self.notice = Some(StatusMessage::Done("all items are decided: press S to sign".to_owned()));
            }
            None => self.notice = Some(StatusMessage::Done("no open item in this view".to_owned())),
        }
    }

    fn begin(&mut self, key: char) {
        let (Some(row), Some(verdict)) = (self.row(), verdict_of(key)) else { return };
        let Some(item) = self.desk.item(row) else { return };
        match self.desk.bar(row) {
            Some(bar) if verdict != crate::model::Verdict::Abstain => {
                self.notice = Some(StatusMessage::Refused(bar.to_owned()))
            }
            _ => self.mode = Mode::Form(Form::new(verdict, item, self.now)),
        }
    }

    fn form(&mut self, key: Key, mut form: Form) -> Effect {
        match form.press(key) {
            FormResult::Asking => self.mode = Mode::Form(form),
            FormResult::Left => self.notice = Some(StatusMessage::Done("no decision made".to_owned())),
            FormResult::Whole(answer) => {
                let Some(row) = self.row() else { return Effect::None };
                match self.desk.decide(row, &answer) {
                    Ok(papers) => {
                        let left = if answer.verdict.is_some() { "  ·  u: undo" } else { "" };
                        let named = self.name(row);
                        self.settle(row);
                        self.notice = Some(StatusMessage::Done(format!("{}: {named}{left}", answer.word())));
                        return Effect::Save(papers);
                    }
                    Err(refused) => {
                        form.problem = Some(refused.to_string());
                        self.mode = Mode::Form(form);
                    }
                }
            }
        }
        Effect::None
    }

    fn leave_open(&mut self) -> Effect {
        let Some(row) = self.row() else { return Effect::None };
        if self.desk.item(row).is_none_or(|item| item.decision.is_none()) {
            return Effect::None;
        }
        match self.desk.decide(row, &DecisionInput::default()) {
            Ok(papers) if papers.is_empty() => {
                let signed = "it is signed: a new decision goes into your next file";
                self.notice = Some(StatusMessage::Refused(signed.to_owned()));
                Effect::None
            }
            Ok(papers) => {
                self.notice = Some(StatusMessage::Done(format!("reopened: {}  ·  u: undo", self.name(row))));
                Effect::Save(papers)
            }
            Err(refused) => self.refuse(&refused),
        }
    }

    /// Moves to the next open item after a decision, unless the filter hides the decided item.
    pub(super) fn settle(&mut self, row: usize) {
        let after: Vec<usize> = self.rows.iter().copied().skip(self.at + 1).collect();
        self.show();
        let next = after.iter().find(|row| self.desk.is_open(**row));
        let place = next.and_then(|next| self.rows.iter().position(|own| own == next));
        match place {
            Some(place) => self.go_to(place),
            None => {
                let here = self.rows.iter().position(|own| *own == row).unwrap_or(self.at);
                self.go_to(here);
                self.go_to_open(true);
            }
        }
    }

    pub(super) fn name(&self, row: usize) -> String {
        self.desk.item(row).map(|item| format!("{} · {}", item.principal, said(&item.entitlement))).unwrap_or_default()
    }

    fn refuse(&mut self, refused: &DecisionError) -> Effect {
        self.notice = Some(StatusMessage::Refused(refused.to_string()));
        Effect::None
    }

    fn step(&mut self, step: fn(&mut ReviewSession) -> Option<AppliedStep>, done: &str, nothing: &str) -> Effect {
        match step(&mut self.desk) {
            Some((what, papers)) => {
                self.show();
                self.notice = Some(StatusMessage::Done(format!("{done}: {what}")));
                Effect::Save(papers)
            }
            None => {
                self.notice = Some(StatusMessage::Refused(nothing.to_owned()));
                Effect::None
            }
        }
    }

    /// Returns the input required to sign: `y`, or the number of flagged open items.
    pub(super) fn confirmation(&self) -> String {
        match self.desk.flagged_left_open() {
            0 => "y".to_owned(),
            open => open.to_string(),
        }
    }

    /// Sets the status message for the result of an effect.
    pub(super) fn notify(&mut self, notice: StatusMessage) {
        self.notice = Some(notice);
    }

    /// Recomputes the visible items, keeping the cursor on the same item.
    pub(super) fn show(&mut self) {
        let here = self.row();
        self.rows = self.view.rows(&self.desk);
        let place = here.and_then(|row| self.rows.iter().position(|own| *own == row));
        self.go_to(place.unwrap_or(self.at));
    }
}
