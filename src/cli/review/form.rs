//! The prompt for the fields of a verdict: target, end date and reason.

use super::{
    decision_input::{DecisionInput, takes_to, takes_until, to, until},
    keys::KeyPress,
};
use crate::model::{ReasonCode, Timestamp, Verdict, file::Item};

/// A prompt with its input.
#[derive(Clone, Debug)]
pub(super) struct PromptForm {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// The fields, in order.
    pub(super) fields: Vec<FormField>,
    /// The index of the active field.
    pub(super) at: usize,
    /// The error after an attempt to save.
    pub(super) problem: Option<String>,
    now: Timestamp,
}

/// One field.
#[derive(Clone, Debug)]
pub(super) struct FormField {
    /// The kind of field.
    pub(super) name: FieldName,
    /// The input; for the reason code, its name.
    pub(super) text: String,
    /// Whether the verdict requires it.
    pub(super) needed: bool,
}

/// The kind of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FieldName {
    /// The reason code.
    Code,
    /// The target.
    To,
    /// The end date.
    Until,
    /// The text of the reason.
    Words,
}

/// The result of a key in a prompt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum FormResult {
    /// The prompt stays open.
    Asking,
    /// The prompt was cancelled.
    Left,
    /// The prompt is complete.
    Whole(DecisionInput),
}

impl PromptForm {
    /// Returns the prompt for a verdict on an item, prefilled only from an earlier decision with the same verdict.
    pub(super) fn new(verdict: Verdict, item: &Item, now: Timestamp) -> Self {
        let same = item.decision == Some(verdict);
        let (code, words) = if same { ReasonCode::split(&item.reason) } else { (None, "") };
        let text = |text: Option<String>| text.filter(|_| same).unwrap_or_default();
        let mut fields = Vec::new();
        if takes_to(verdict) {
            let text = text(item.to.clone());
            fields.push(FormField { name: FieldName::To, text, needed: verdict.needs_to() });
        }
        if takes_until(verdict, item.tier) {
            let text = text(item.until.map(|end| end.to_string().chars().take(10).collect()));
            fields.push(FormField { name: FieldName::Until, text, needed: verdict.needs_until(item.tier) });
        }
        let code = code.map(|code| code.to_string()).unwrap_or_default();
        fields.push(FormField { name: FieldName::Code, text: code, needed: false });
        fields.push(FormField { name: FieldName::Words, text: words.to_owned(), needed: false });
        // The first required field is active; optional fields can be reached with Tab.
        let at = fields.iter().position(|field| field.needed || field.name == FieldName::Code).unwrap_or(0);
        Self { verdict, fields, at, problem: None, now }
    }

    /// Processes a key.
    pub(super) fn press(&mut self, key: KeyPress) -> FormResult {
        self.problem = None;
        let last = self.fields.len().saturating_sub(1);
        match key {
            KeyPress::Escape => return FormResult::Left,
            KeyPress::Tab | KeyPress::Down => self.at = if self.at >= last { 0 } else { self.at + 1 },
            KeyPress::BackTab | KeyPress::Up => self.at = if self.at == 0 { last } else { self.at - 1 },
            KeyPress::Enter if self.at < last => {
                if self.check_field() {
                    self.at += 1;
                }
            }
            KeyPress::Enter => return self.whole(),
            other => self.write(other),
        }
        FormResult::Asking
    }

    fn write(&mut self, key: KeyPress) {
        let codes = ReasonCode::of(self.verdict);
        let Some(field) = self.fields.get_mut(self.at) else { return };
        match (field.name, key) {
            (_, KeyPress::Clear) => field.text.clear(),
            (FieldName::Code, KeyPress::Backspace | KeyPress::Delete) => field.text.clear(),
            (FieldName::Code, KeyPress::Char('0')) => {
                field.text.clear();
                self.at += 1;
            }
            (FieldName::Code, KeyPress::Char(digit)) if digit.is_ascii_digit() => {
                let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or_default();
                if let Some(code) = number.checked_sub(1).and_then(|place| codes.get(place)) {
                    field.text = code.to_string();
                    self.at += 1;
                }
            }
            (FieldName::Code, KeyPress::Left | KeyPress::Right) => {
                let place = codes.iter().position(|code| code.as_str() == field.text);
                let next = match (place, key) {
                    (None, KeyPress::Right) => Some(0),
                    (Some(place), KeyPress::Right) => (place + 1 < codes.len()).then_some(place + 1),
                    (None, _) => codes.len().checked_sub(1),
                    (Some(place), _) => place.checked_sub(1),
                };
                field.text = next.and_then(|place| codes.get(place)).map(ToString::to_string).unwrap_or_default();
            }
            // Text typed into the code field moves to the text field.
            (FieldName::Code, KeyPress::Char(character)) => {
                self.at += 1;
                if let Some(words) = self.fields.get_mut(self.at) {
                    words.text.push(character);
                }
            }
            (_, KeyPress::Char(character)) if field.text.len() < MOST => field.text.push(character),
            (_, KeyPress::Backspace) => drop(field.text.pop()),
            _ => {}
        }
    }

    /// Processes pasted text as input, never as keys.
    pub(super) fn paste(&mut self, text: &str) {
        let line = text.split(['\r', '\n']).next().unwrap_or_default();
        let at_code = self.fields.get(self.at).is_some_and(|field| field.name == FieldName::Code);
        self.at += usize::from(at_code);
        if let Some(field) = self.fields.get_mut(self.at) {
            let room = MOST.saturating_sub(field.text.len());
            field.text.extend(line.chars().filter(|c| !c.is_control()).take(room / 4));
        }
    }

    /// Validates the field that loses focus, so that an error is shown at its field.
    fn check_field(&mut self) -> bool {
        let Some(field) = self.fields.get(self.at) else { return true };
        let wrong = match field.name {
            FieldName::To => to(&field.text, self.verdict).err(),
            FieldName::Until => until(&field.text, self.now).err(),
            FieldName::Code | FieldName::Words => None,
        };
        let missing = field.needed && field.text.trim().is_empty();
        self.problem = wrong.or_else(|| missing.then(|| format!("{} needs this", self.verdict)));
        self.problem.is_none()
    }

    fn whole(&mut self) -> FormResult {
        for place in 0..self.fields.len() {
            let here = std::mem::replace(&mut self.at, place);
            if !self.check_field() {
                return FormResult::Asking;
            }
            self.at = here;
        }
        let text = |name: FieldName| {
            self.fields.iter().find(|field| field.name == name).map_or("", |field| field.text.as_str())
        };
        let code = ReasonCode::ALL.into_iter().find(|code| code.as_str() == text(FieldName::Code));
        FormResult::Whole(DecisionInput {
            verdict: Some(self.verdict),
            to: to(text(FieldName::To), self.verdict).unwrap_or_default(),
            until: until(text(FieldName::Until), self.now).unwrap_or_default(),
            reason: ReasonCode::join(code, text(FieldName::Words)),
        })
    }
}

impl FieldName {
    /// Returns the label.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::To => "to",
            Self::Until => "until",
            Self::Words => "why",
        }
    }

    /// Returns the hint for the input.
    pub(super) const fn hint(self, verdict: Verdict) -> &'static str {
        match (self, verdict) {
            (Self::Code, _) => "a number, or the left and right keys",
            (Self::To, Verdict::Abstain) => "id of the person who should decide (optional)",
            (Self::To, Verdict::Transfer) => "id of the new owner",
            (Self::To, Verdict::Reduce) => "the access that remains, in the notation of the system",
            (Self::To, _) => "the replacement",
            (Self::Until, Verdict::Certify) => "a date like 2027-03-31, or days like 90d",
            (Self::Until, _) => "end date: 2027-03-31, or 90d",
            (Self::Words, _) => "a short text; it is signed and permanent",
        }
    }
}

/// Maximum input length in bytes, below the limit for lines of governed files.
const MOST: usize = 600;
