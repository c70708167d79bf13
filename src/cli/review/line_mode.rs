//! Line mode: one item at a time, for pipes, screen readers and dumb terminals.

use super::{
    decision_input::{DecisionInput, KEYS, reason, takes_to, takes_until, to, until, verdict_of},
    persist::{ReviewStore, SaveError},
    plain_text::{card, progress},
    session::ReviewSession,
};
use crate::{
    campaign::DecisionContext,
    diag::escape,
    model::{ReasonCode, Timestamp, Verdict, file::Item},
};
use std::io::{self, BufRead, Write};

/// A line-mode session.
pub(super) struct LineSession<'a> {
    /// The review session.
    pub(super) review_session: ReviewSession,
    /// The writer of its files.
    pub(super) store: &'a mut ReviewStore,
    /// Returns the decision context of an item.
    pub(super) dossier: &'a dyn Fn(&ReviewSession, usize) -> Option<DecisionContext>,
    /// The current time.
    pub(super) now: Timestamp,
    /// The input.
    pub(super) hears: &'a mut dyn BufRead,
    /// The output.
    pub(super) says: &'a mut dyn Write,
    /// Whether input is echoed to the output; a terminal echoes it itself.
    pub(super) echoes: bool,
}

/// A response to an item.
enum LineAnswer {
    Answer(DecisionInput),
    /// Back to the previous prompt.
    Nothing,
    Skip,
    Stop,
    Undo,
}

impl LineSession<'_> {
    /// Iterates over the open items, and returns whether the person wants to sign.
    ///
    /// # Errors
    /// When input or output fails. All decisions are saved.
    pub(super) fn run(&mut self) -> io::Result<bool> {
        writeln!(self.says, "{}\n", progress(&self.review_session))?;
        self.help()?;
        let mut skipped: Vec<usize> = Vec::new();
        loop {
            let open =
                (0..self.review_session.len()).find(|row| self.review_session.is_open(*row) && !skipped.contains(row));
            let Some(row) = open else { break };
            let text = card(&self.review_session, row, (self.dossier)(&self.review_session, row).as_ref());
            write!(self.says, "\n{text}")?;
            let said = loop {
                match self.ask(row)? {
                    LineAnswer::Nothing => writeln!(self.says, "not decided")?,
                    said => break said,
                }
            };
            match said {
                LineAnswer::Stop => return Ok(false),
                LineAnswer::Skip => skipped.push(row),
                LineAnswer::Nothing => {}
                LineAnswer::Undo => match self.review_session.undo() {
                    Some((what, review_files)) => {
                        self.save(&review_files)?;
                        writeln!(self.says, "undone: {}", escape(&what))?;
                    }
                    None => writeln!(self.says, "no decision to undo")?,
                },
                LineAnswer::Answer(answer) => match self.review_session.decide(row, &answer) {
                    Ok(review_files) => {
                        if self.save(&review_files)? {
                            writeln!(self.says, "saved: {}", answer.word())?;
                        }
                    }
                    Err(refused) => writeln!(self.says, "refused: {}", escape(&refused.to_string()))?,
                },
            }
        }
        self.ask_to_sign()
    }

    fn ask(&mut self, row: usize) -> io::Result<LineAnswer> {
        loop {
            let Some(line) = self.question("decision (? shows the keys)")? else { return Ok(LineAnswer::Stop) };
            let word = line.trim();
            let named = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word);
            let mut letters = word.chars();
            match (letters.next(), letters.next(), named) {
                (_, _, Some(verdict)) => return self.ask_more(row, verdict),
                (Some('s'), None, _) => return Ok(LineAnswer::Skip),
                (Some('u'), None, _) => return Ok(LineAnswer::Undo),
                (Some('q'), None, _) => return Ok(LineAnswer::Stop),
                (Some('?'), None, _) => self.help()?,
                (Some(key), None, _) if verdict_of(key).is_some() => {
                    return match verdict_of(key) {
                        Some(verdict) => self.ask_more(row, verdict),
                        None => Ok(LineAnswer::Nothing),
                    };
                }
                (None, ..) => {}
                _ => writeln!(self.says, "unknown verdict `{}`: ? lists them", escape(word))?,
            }
        }
    }

    fn help(&mut self) -> io::Result<()> {
        for (key, verdict, about) in KEYS {
            writeln!(self.says, "  {key}  {:<12} {about}", verdict.as_str())?;
        }
        writeln!(self.says, "  s  skip · u  undo the last decision · q  quit; all decisions are saved")
    }

    fn ask_more(&mut self, row: usize, verdict: Verdict) -> io::Result<LineAnswer> {
        let Some(item) = self.review_session.item(row).cloned() else { return Ok(LineAnswer::Nothing) };
        let mut answer = DecisionInput { verdict: Some(verdict), ..DecisionInput::default() };
        if takes_to(verdict) {
            match self.ask_to(verdict)? {
                Some(found) => answer.to = found,
                None => return Ok(LineAnswer::Nothing),
            }
        }
        if takes_until(verdict, item.tier) {
            match self.ask_until(verdict, &item)? {
                Some(found) => answer.until = found,
                None => return Ok(LineAnswer::Nothing),
            }
        }
        let codes = ReasonCode::of(verdict).iter().enumerate();
        let codes: Vec<_> = codes.map(|(at, code)| format!("{} {code}", at + 1)).collect();
        let ask = format!("reason ({}; a number, a text, or both; blank to go back)", codes.join(", "));
        match self.question(&ask)? {
            Some(line) if !line.trim().is_empty() => answer.reason = reason(&line, verdict),
            _ => return Ok(LineAnswer::Nothing),
        }
        Ok(LineAnswer::Answer(answer))
    }

    fn ask_to(&mut self, verdict: Verdict) -> io::Result<Option<Option<String>>> {
        let hint = super::form::FieldName::To.hint(verdict);
        loop {
            let Some(line) = self.question(&format!("to ({hint})"))? else { return Ok(None) };
            match to(&line, verdict) {
                Ok(None) if verdict.needs_to() => return Ok(None),
                Ok(found) => return Ok(Some(found)),
                Err(wrong) => writeln!(self.says, "{}", escape(&wrong))?,
            }
        }
    }

    fn ask_until(&mut self, verdict: Verdict, item: &Item) -> io::Result<Option<Option<Timestamp>>> {
        let needed = verdict.needs_until(item.tier);
        let blank = if needed { "blank to go back" } else { "blank for no end date" };
        loop {
            let ask = format!("until (2027-03-31, or 90d; {blank})");
            let Some(line) = self.question(&ask)? else { return Ok(None) };
            match until(&line, self.now) {
                Ok(None) if needed => return Ok(None),
                Ok(found) => return Ok(Some(found)),
                Err(wrong) => writeln!(self.says, "{}", escape(&wrong))?,
            }
        }
    }

    fn ask_to_sign(&mut self) -> io::Result<bool> {
        if !self.review_session.review_files().iter().any(super::review_file::ReviewFile::can_be_signed) {
            return Ok(false);
        }
        writeln!(self.says, "\n{}", progress(&self.review_session))?;
        let open = self.review_session.flagged_left_open();
        let (ask, wanted) = match open {
            0 => ("sign now? (y or n)".to_owned(), "y".to_owned()),
            open => (
                format!("{open} flagged items stay open and go into your next file; to sign anyway, type {open}"),
                open.to_string(),
            ),
        };
        Ok(self.question(&ask)?.is_some_and(|line| line.trim() == wanted))
    }

    /// Prints a question and returns the answer; `None` at the end of input.
    fn question(&mut self, ask: &str) -> io::Result<Option<String>> {
        write!(self.says, "{ask}: ")?;
        self.says.flush()?;
        let mut line = String::new();
        let read = io::Read::take(&mut *self.hears, MOST_LINE).read_line(&mut line)?;
        if read == 0 {
            writeln!(self.says)?;
            return Ok(None);
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        if self.echoes {
            writeln!(self.says, "{}", escape(&line))?;
        }
        Ok(Some(line))
    }

    /// Saves the files, and returns whether all were saved.
    fn save(&mut self, review_files: &[usize]) -> io::Result<bool> {
        for place in review_files {
            let Some(review_file) = self.review_session.review_files().get(*place).cloned() else { continue };
            let problem = match self.store.save(&review_file) {
                Ok(()) => continue,
                Err(SaveError::Changed) => match super::merge_and_save(&mut self.review_session, self.store, *place) {
                    Ok(disputed) if disputed.is_empty() => continue,
                    Ok(_) => "the item was decided differently in the file meanwhile; that decision is kept".to_owned(),
                    Err(error) => error.to_string(),
                },
                Err(error) => error.to_string(),
            };
            writeln!(self.says, "not saved: {}: {}", review_file.path, escape(&problem))?;
            return Ok(false);
        }
        Ok(true)
    }
}

/// Maximum length of an input line in bytes.
const MOST_LINE: u64 = 8192;
