//! State machine of the full-screen review: maps keys to effects, independent of the terminal.

use super::{
    decision_input::{DecisionInput, verdict_of},
    form::{FormResult, PromptForm},
    keys::KeyPress,
    session::{AppliedStep, DecisionError, ReviewSession},
    view::{ItemFilter, ItemView},
};
use crate::{campaign::said, model::Timestamp};

/// The state of the full-screen review.
#[derive(Clone, Debug)]
pub(super) struct ReviewApp {
    /// The review session.
    pub(super) review_session: ReviewSession,
    /// The filter, order and search.
    pub(super) view: ItemView,
    /// The visible items, in order.
    pub(super) rows: Vec<usize>,
    /// The index of the cursor among the visible items.
    pub(super) at: usize,
    /// The current mode.
    pub(super) mode: InputMode,
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
pub(super) enum InputMode {
    /// The item list or the item details.
    Browse,
    /// A bulk decision.
    Bulk {
        /// The items.
        rows: Vec<usize>,
        /// The prompt, once a verdict is chosen.
        form: Option<PromptForm>,
    },
    /// The selection of a filter.
    Filter {
        /// The filters with the number of items of each.
        choices: Vec<(ItemFilter, usize)>,
        /// The index of the selected filter.
        at: usize,
    },
    /// The input of the fields of a verdict.
    Form(PromptForm),
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
pub(super) enum AppEffect {
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

impl ReviewApp {
    /// Returns the state for a session, with the cursor on the first open item.
    pub(super) fn new(review_session: ReviewSession, now: Timestamp) -> Self {
        let view = ItemView::default();
        let rows = view.rows(&review_session);
        let mut app = Self {
            review_session,
            view,
            rows,
            at: 0,
            mode: InputMode::Browse,
            in_card: false,
            scroll: 0,
            page: 10,
            notice: None,
            now,
        };
        app.at = app.rows.iter().position(|row| app.review_session.is_open(*row)).unwrap_or(0);
        app
    }

    /// Returns the item under the cursor.
    pub(super) fn row(&self) -> Option<usize> {
        self.rows.get(self.at).copied()
    }

    /// Processes a key.
    pub(super) fn press(&mut self, key: KeyPress) -> AppEffect {
        match key {
            KeyPress::Stop => return AppEffect::Leave,
            KeyPress::Suspend => return AppEffect::Suspend,
            KeyPress::Refresh => return AppEffect::Refresh,
            _ => {}
        }
        match std::mem::replace(&mut self.mode, InputMode::Browse) {
            InputMode::Browse => {
                self.notice = None;
                self.browse(key)
            }
            InputMode::Bulk { rows, form } => self.bulk(key, rows, form),
            InputMode::Filter { choices, at } => self.filter(key, choices, at),
            InputMode::Form(form) => self.form(key, form),
            InputMode::Help(from) => {
                let next = match key {
                    KeyPress::Down | KeyPress::Char('j') => Some(from + 1),
                    KeyPress::Up | KeyPress::Char('k') => Some(from.saturating_sub(1)),
                    KeyPress::PageDown | KeyPress::Char(' ') => Some(from.saturating_add(self.page)),
                    KeyPress::PageUp => Some(from.saturating_sub(self.page)),
                    _ => None,
                };
                if let Some(next) = next {
                    self.mode = InputMode::Help(next);
                }
                AppEffect::None
            }
            InputMode::Search => self.search(key),
            InputMode::Sign(typed) => self.sign(key, typed),
        }
    }

    /// Processes pasted text. Outside of prompts it is ignored, and it is never interpreted as keys.
    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.mode {
            InputMode::Form(form) | InputMode::Bulk { form: Some(form), .. } => form.paste(text),
            InputMode::Search => {
                self.view.search.extend(text.chars().filter(|c| !c.is_control()).take(MOST_SEARCH));
                self.show();
            }
            _ => {}
        }
    }

    fn browse(&mut self, key: KeyPress) -> AppEffect {
        match key {
            KeyPress::Char('?') => self.mode = InputMode::Help(0),
            KeyPress::Char('q') | KeyPress::Escape if self.in_card => self.in_card = false,
            KeyPress::Left | KeyPress::Char('h') if self.in_card => self.in_card = false,
            KeyPress::Escape if !self.view.search.is_empty() || self.view.filter != ItemFilter::All => {
                self.view.search.clear();
                self.view.filter = ItemFilter::All;
                self.show();
            }
            KeyPress::Char('q') => return AppEffect::Leave,
            KeyPress::Char('/') => self.mode = InputMode::Search,
            KeyPress::Char('f') => {
                self.mode = InputMode::Filter { choices: ItemFilter::choices(&self.review_session), at: 0 }
            }
            KeyPress::Char('s') => {
                self.view.sort = self.view.sort.next();
                self.show();
                self.notice = Some(StatusMessage::Done(format!("sorted by {}", self.view.sort)));
            }
            KeyPress::Char('b') => self.begin_bulk(),
            KeyPress::Char('u') => return self.step(ReviewSession::undo, "undone", "no decision to undo"),
            KeyPress::Char('U') | KeyPress::Redo => {
                return self.step(ReviewSession::redo, "redone", "no decision to redo");
            }
            KeyPress::Char('S') => return self.begin_sign(),
            KeyPress::Backspace | KeyPress::Delete => return self.leave_open(),
            KeyPress::Char(character) if verdict_of(character).is_some() => self.begin(character),
            other => self.go(other),
        }
        AppEffect::None
    }

    /// Moves by item in the list, or by line in the item details.
    fn go(&mut self, key: KeyPress) {
        let last = self.rows.len().saturating_sub(1);
        let (place, end) = if self.in_card { (self.scroll, usize::MAX) } else { (self.at, last) };
        let next = match key {
            KeyPress::Down | KeyPress::Char('j') => place.saturating_add(1),
            KeyPress::Up | KeyPress::Char('k') => place.saturating_sub(1),
            KeyPress::PageDown | KeyPress::Char(' ') => place.saturating_add(self.page),
            KeyPress::PageUp => place.saturating_sub(self.page),
            KeyPress::Home | KeyPress::Char('g') => 0,
            KeyPress::End | KeyPress::Char('G') => end,
            KeyPress::Enter | KeyPress::Right | KeyPress::Char('l') => {
                self.in_card = !self.rows.is_empty();
                return;
            }
            KeyPress::Char(']') | KeyPress::Tab => return self.go_to((self.at + 1).min(last)),
            KeyPress::Char('[') | KeyPress::BackTab => return self.go_to(self.at.saturating_sub(1)),
            KeyPress::Char('n') => return self.go_to_open(true),
            KeyPress::Char('N') => return self.go_to_open(false),
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
        let found =
            steps.map(place).find(|place| self.rows.get(*place).is_some_and(|row| self.review_session.is_open(*row)));
        match found {
            Some(place) => self.go_to(place),
            None if self.review_session.progress().decided == self.review_session.len() => {
                self.notice = Some(StatusMessage::Done("all items are decided: press S to sign".to_owned()));
            }
            None => self.notice = Some(StatusMessage::Done("no open item in this view".to_owned())),
        }
    }

    fn begin(&mut self, key: char) {
        let (Some(row), Some(verdict)) = (self.row(), verdict_of(key)) else { return };
        let Some(item) = self.review_session.item(row) else { return };
        match self.review_session.undecidable_reason(row) {
            Some(bar) if verdict != crate::model::Verdict::Abstain => {
                self.notice = Some(StatusMessage::Refused(bar.to_owned()))
            }
            _ => self.mode = InputMode::Form(PromptForm::new(verdict, item, self.now)),
        }
    }

    fn form(&mut self, key: KeyPress, mut form: PromptForm) -> AppEffect {
        match form.press(key) {
            FormResult::Asking => self.mode = InputMode::Form(form),
            FormResult::Left => self.notice = Some(StatusMessage::Done("no decision made".to_owned())),
            FormResult::Whole(answer) => {
                let Some(row) = self.row() else { return AppEffect::None };
                match self.review_session.decide(row, &answer) {
                    Ok(review_files) => {
                        let left = if answer.verdict.is_some() { "  ·  u: undo" } else { "" };
                        let named = self.name(row);
                        self.move_to_next_open(row);
                        self.notice = Some(StatusMessage::Done(format!("{}: {named}{left}", answer.word())));
                        return AppEffect::Save(review_files);
                    }
                    Err(refused) => {
                        form.problem = Some(refused.to_string());
                        self.mode = InputMode::Form(form);
                    }
                }
            }
        }
        AppEffect::None
    }

    fn leave_open(&mut self) -> AppEffect {
        let Some(row) = self.row() else { return AppEffect::None };
        if self.review_session.item(row).is_none_or(|item| item.decision.is_none()) {
            return AppEffect::None;
        }
        match self.review_session.decide(row, &DecisionInput::default()) {
            Ok(review_files) if review_files.is_empty() => {
                let signed = "it is signed: a new decision goes into your next file";
                self.notice = Some(StatusMessage::Refused(signed.to_owned()));
                AppEffect::None
            }
            Ok(review_files) => {
                self.notice = Some(StatusMessage::Done(format!("reopened: {}  ·  u: undo", self.name(row))));
                AppEffect::Save(review_files)
            }
            Err(refused) => self.refuse(&refused),
        }
    }

    /// Moves to the next open item after a decision, unless the filter hides the decided item.
    pub(super) fn move_to_next_open(&mut self, row: usize) {
        let after: Vec<usize> = self.rows.iter().copied().skip(self.at + 1).collect();
        self.show();
        let next = after.iter().find(|row| self.review_session.is_open(**row));
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
        self.review_session
            .item(row)
            .map(|item| format!("{} · {}", item.principal, said(&item.entitlement)))
            .unwrap_or_default()
    }

    fn refuse(&mut self, refused: &DecisionError) -> AppEffect {
        self.notice = Some(StatusMessage::Refused(refused.to_string()));
        AppEffect::None
    }

    fn step(&mut self, step: fn(&mut ReviewSession) -> Option<AppliedStep>, done: &str, nothing: &str) -> AppEffect {
        match step(&mut self.review_session) {
            Some((what, review_files)) => {
                self.show();
                self.notice = Some(StatusMessage::Done(format!("{done}: {what}")));
                AppEffect::Save(review_files)
            }
            None => {
                self.notice = Some(StatusMessage::Refused(nothing.to_owned()));
                AppEffect::None
            }
        }
    }

    /// Returns the input required to sign: `y`, or the number of flagged open items.
    pub(super) fn confirmation(&self) -> String {
        match self.review_session.flagged_left_open() {
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
        self.rows = self.view.rows(&self.review_session);
        let place = here.and_then(|row| self.rows.iter().position(|own| *own == row));
        self.go_to(place.unwrap_or(self.at));
    }
}

/// Maximum length of a search text in bytes.
pub(super) const MOST_SEARCH: usize = 80;
