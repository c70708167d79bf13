//! Modal input: bulk decision, filter, search, and signing.

use super::{
    app::{App, Effect, Mode, StatusMessage},
    decision_input::verdict_of,
    form::{Form, FormResult},
    keys::Key,
    session::DecisionError,
    view::Filter,
};
use crate::campaign::is_flagged;

impl App {
    /// Finds visible items that can be decided together with the item under the cursor.
    pub(super) fn begin_bulk(&mut self) {
        let Some(row) = self.row() else { return };
        let Some(item) = self.desk.item(row) else { return };
        if is_flagged(item) {
            let refused = DecisionError::Flagged(self.name(row));
            self.notice = Some(StatusMessage::Refused(refused.to_string()));
            return;
        }
        let shape = self.desk.shape(row);
        let alike = |row: &usize| {
            self.desk.is_open(*row)
                && self.desk.shape(*row) == shape
                && self.desk.item(*row).is_some_and(|item| !is_flagged(item))
        };
        let rows: Vec<usize> = self.rows.iter().copied().filter(alike).collect();
        if rows.len() < 2 {
            let none = "no other visible item is open, unflagged and of the same kind".to_owned();
            self.notice = Some(StatusMessage::Refused(none));
            return;
        }
        self.mode = Mode::Bulk { rows, form: None };
    }

    pub(super) fn bulk(&mut self, key: Key, rows: Vec<usize>, form: Option<Form>) -> Effect {
        let Some(mut form) = form else {
            let verdict = if let Key::Char(character) = key { verdict_of(character) } else { None };
            let item = rows.first().and_then(|row| self.desk.item(*row));
            match (key, verdict, item) {
                (Key::Escape | Key::Char('q'), ..) => {}
                (_, Some(verdict), Some(item)) => {
                    let form = Some(Form::new(verdict, item, self.now));
                    self.mode = Mode::Bulk { rows, form };
                }
                _ => self.mode = Mode::Bulk { rows, form: None },
            }
            return Effect::None;
        };
        match form.press(key) {
            FormResult::Asking => self.mode = Mode::Bulk { rows, form: Some(form) },
            FormResult::Left => self.mode = Mode::Bulk { rows, form: None },
            FormResult::Whole(answer) => match self.desk.decide_all(&rows, &answer) {
                Ok(papers) => {
                    self.settle(rows.last().copied().unwrap_or_default());
                    let count = rows.len();
                    self.notice =
                        Some(StatusMessage::Done(format!("{}: {count} items  ·  u: undo all", answer.word())));
                    return Effect::Save(papers);
                }
                Err(refused) => {
                    form.problem = Some(refused.to_string());
                    self.mode = Mode::Bulk { rows, form: Some(form) };
                }
            },
        }
        Effect::None
    }

    pub(super) fn filter(&mut self, key: Key, choices: Vec<(Filter, usize)>, at: usize) -> Effect {
        let last = choices.len().saturating_sub(1);
        let at = match key {
            Key::Down | Key::Char('j') => (at + 1).min(last),
            Key::Up | Key::Char('k') => at.saturating_sub(1),
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => last,
            Key::Enter | Key::Right | Key::Char(' ' | 'l') => {
                if let Some((filter, _)) = choices.into_iter().nth(at) {
                    self.view.filter = filter;
                    self.in_card = false;
                    self.show();
                }
                return Effect::None;
            }
            Key::Escape | Key::Left | Key::Char('q' | 'f' | 'h') => return Effect::None,
            _ => at,
        };
        self.mode = Mode::Filter { choices, at };
        Effect::None
    }

    pub(super) fn search(&mut self, key: Key) -> Effect {
        match key {
            Key::Enter => return Effect::None,
            Key::Escape => self.view.search.clear(),
            Key::Backspace => drop(self.view.search.pop()),
            Key::Clear => self.view.search.clear(),
            Key::Char(character) if self.view.search.len() < MOST_SEARCH => self.view.search.push(character),
            _ => {}
        }
        self.in_card = false;
        self.show();
        if key != Key::Escape {
            self.mode = Mode::Search;
        }
        Effect::None
    }

    pub(super) fn begin_sign(&mut self) -> Effect {
        if self.desk.papers().iter().any(super::review_file::ReviewFile::can_be_signed) {
            self.mode = Mode::Sign(String::new());
        } else {
            self.notice = Some(StatusMessage::Refused("no decisions to sign".to_owned()));
        }
        Effect::None
    }

    pub(super) fn sign(&mut self, key: Key, mut typed: String) -> Effect {
        match key {
            Key::Escape | Key::Char('q') => {
                self.notice = Some(StatusMessage::Done("not signed; all decisions are saved".to_owned()));
                return Effect::None;
            }
            Key::Enter if typed == self.confirmation() => return Effect::Sign,
            Key::Backspace => drop(typed.pop()),
            Key::Char(character) if typed.len() < 8 => typed.push(character),
            _ => {}
        }
        self.mode = Mode::Sign(typed);
        Effect::None
    }
}

/// Maximum length of a search text in bytes.
pub(super) const MOST_SEARCH: usize = 80;
