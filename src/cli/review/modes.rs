//! Modal input: bulk decision, filter, search, and signing.

use super::{
    app::{AppEffect, InputMode, MOST_SEARCH, ReviewApp, StatusMessage},
    decision_input::verdict_of,
    form::{FormResult, PromptForm},
    keys::KeyPress,
    session::DecisionError,
    view::ItemFilter,
};
use crate::campaign::is_flagged;

impl ReviewApp {
    /// Finds visible items that can be decided together with the item under the cursor.
    pub(super) fn begin_bulk(&mut self) {
        let Some(row) = self.row() else { return };
        let Some(item) = self.review_session.item(row) else { return };
        if is_flagged(item) {
            let refused = DecisionError::Flagged(self.name(row));
            self.notice = Some(StatusMessage::Refused(refused.to_string()));
            return;
        }
        let shape = self.review_session.shape(row);
        let alike = |row: &usize| {
            self.review_session.is_open(*row)
                && self.review_session.shape(*row) == shape
                && self.review_session.item(*row).is_some_and(|item| !is_flagged(item))
        };
        let rows: Vec<usize> = self.rows.iter().copied().filter(alike).collect();
        if rows.len() < 2 {
            let none = "no other visible item is open, unflagged and of the same kind".to_owned();
            self.notice = Some(StatusMessage::Refused(none));
            return;
        }
        self.mode = InputMode::Bulk { rows, form: None };
    }

    pub(super) fn bulk(&mut self, key: KeyPress, rows: Vec<usize>, form: Option<PromptForm>) -> AppEffect {
        let Some(mut form) = form else {
            let verdict = if let KeyPress::Char(character) = key { verdict_of(character) } else { None };
            let item = rows.first().and_then(|row| self.review_session.item(*row));
            match (key, verdict, item) {
                (KeyPress::Escape | KeyPress::Char('q'), ..) => {}
                (_, Some(verdict), Some(item)) => {
                    let form = Some(PromptForm::new(verdict, item, self.now));
                    self.mode = InputMode::Bulk { rows, form };
                }
                _ => self.mode = InputMode::Bulk { rows, form: None },
            }
            return AppEffect::None;
        };
        match form.press(key) {
            FormResult::Asking => self.mode = InputMode::Bulk { rows, form: Some(form) },
            FormResult::Left => self.mode = InputMode::Bulk { rows, form: None },
            FormResult::Whole(answer) => match self.review_session.decide_all(&rows, &answer) {
                Ok(review_files) => {
                    self.move_to_next_open(rows.last().copied().unwrap_or_default());
                    let count = rows.len();
                    self.notice =
                        Some(StatusMessage::Done(format!("{}: {count} items  ·  u: undo all", answer.word())));
                    return AppEffect::Save(review_files);
                }
                Err(refused) => {
                    form.problem = Some(refused.to_string());
                    self.mode = InputMode::Bulk { rows, form: Some(form) };
                }
            },
        }
        AppEffect::None
    }

    pub(super) fn filter(&mut self, key: KeyPress, choices: Vec<(ItemFilter, usize)>, at: usize) -> AppEffect {
        let last = choices.len().saturating_sub(1);
        let at = match key {
            KeyPress::Down | KeyPress::Char('j') => (at + 1).min(last),
            KeyPress::Up | KeyPress::Char('k') => at.saturating_sub(1),
            KeyPress::Home | KeyPress::Char('g') => 0,
            KeyPress::End | KeyPress::Char('G') => last,
            KeyPress::Enter | KeyPress::Right | KeyPress::Char(' ' | 'l') => {
                if let Some((filter, _)) = choices.into_iter().nth(at) {
                    self.view.filter = filter;
                    self.in_card = false;
                    self.show();
                }
                return AppEffect::None;
            }
            KeyPress::Escape | KeyPress::Left | KeyPress::Char('q' | 'f' | 'h') => return AppEffect::None,
            _ => at,
        };
        self.mode = InputMode::Filter { choices, at };
        AppEffect::None
    }

    pub(super) fn search(&mut self, key: KeyPress) -> AppEffect {
        match key {
            KeyPress::Enter => return AppEffect::None,
            KeyPress::Escape => self.view.search.clear(),
            KeyPress::Backspace => drop(self.view.search.pop()),
            KeyPress::Clear => self.view.search.clear(),
            KeyPress::Char(character) if self.view.search.len() < MOST_SEARCH => self.view.search.push(character),
            _ => {}
        }
        self.in_card = false;
        self.show();
        if key != KeyPress::Escape {
            self.mode = InputMode::Search;
        }
        AppEffect::None
    }

    pub(super) fn begin_sign(&mut self) -> AppEffect {
        if self.review_session.review_files().iter().any(super::review_file::ReviewFile::can_be_signed) {
            self.mode = InputMode::Sign(String::new());
        } else {
            self.notice = Some(StatusMessage::Refused("no decisions to sign".to_owned()));
        }
        AppEffect::None
    }

    pub(super) fn sign(&mut self, key: KeyPress, mut typed: String) -> AppEffect {
        match key {
            KeyPress::Escape | KeyPress::Char('q') => {
                self.notice = Some(StatusMessage::Done("not signed; all decisions are saved".to_owned()));
                return AppEffect::None;
            }
            KeyPress::Enter if typed == self.confirmation() => return AppEffect::Sign,
            KeyPress::Backspace => drop(typed.pop()),
            KeyPress::Char(character) if typed.len() < 8 => typed.push(character),
            _ => {}
        }
        self.mode = InputMode::Sign(typed);
        AppEffect::None
    }
}
