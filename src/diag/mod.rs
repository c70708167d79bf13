//! Diagnostics: problems reported with a code, a location, a cause and the next command.
//!
//! A run collects all its problems in [`Diagnostics`] and prints them once, sorted. All output shows hidden characters
//! of the input as `\u{…}`, so that no file, name or reply of a system can control a terminal.

pub mod codes;
mod human;
mod json;
mod source;
pub mod unicode;

pub use human::RenderStyle;
pub use source::{SourceExcerpt, SourceFile, SourceLabel};
pub use unicode::{HiddenCharacter, counted, escape};

use std::ops::Range;

/// The severity of a problem.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DiagnosticSeverity {
    /// The command failed, or the file is not accepted.
    Error,
    /// The command succeeded, but a person should check the problem.
    Warning,
    /// Useful information.
    Note,
}

impl DiagnosticSeverity {
    /// Returns the name of the severity, for people and programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One problem: ``error[self-review]: `ana.ruiz` cannot review their own grant``.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    /// The severity.
    pub severity: DiagnosticSeverity,
    /// A stable code, such as `self-review`.
    pub code: &'static str,
    /// The problem in one sentence, with names in backticks.
    pub message: String,
    /// The locations: the first excerpt is the location of the problem, the others show related rules or files.
    pub excerpts: Vec<SourceExcerpt>,
    /// Additional explanations.
    pub notes: Vec<String>,
    /// The next command to run, or another remedy.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Returns an error without a location.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(DiagnosticSeverity::Error, code, message.into())
    }

    /// Returns a warning without a location.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(DiagnosticSeverity::Warning, code, message.into())
    }

    /// Returns a note without a location.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(DiagnosticSeverity::Note, code, message.into())
    }

    /// Adds a location: a byte range of a source, with a label.
    ///
    /// Labels of the same source share one excerpt. The first label of a diagnostic is its location.
    #[must_use]
    pub fn at(mut self, source: &SourceFile, span: Range<usize>, label: impl Into<String>) -> Self {
        let label = SourceLabel { span, text: label.into() };
        match self.excerpts.iter_mut().find(|excerpt| excerpt.source == *source) {
            Some(excerpt) => excerpt.labels.push(label),
            None => self.excerpts.push(SourceExcerpt { source: source.clone(), labels: vec![label] }),
        }
        self
    }

    /// Adds a file as the location, when no part of it can be shown.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.excerpts.push(SourceExcerpt { source: SourceFile::new(name, ""), labels: Vec::new() });
        self
    }

    /// Adds an explanation.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Sets the remedy: preferably a command to run.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the name of the file of the first label.
    pub fn file(&self) -> Option<&str> {
        self.excerpts.first().map(|excerpt| excerpt.source.name())
    }

    /// Returns the line of the first label, counted from 1.
    pub fn line(&self) -> Option<usize> {
        let excerpt = self.excerpts.first()?;
        let label = excerpt.labels.first()?;
        Some(excerpt.source.position(label.span.start).0)
    }

    /// Returns the start and end of the first label, if the diagnostic has one.
    pub fn region(&self) -> Option<FileRegion> {
        let excerpt = self.excerpts.first()?;
        let span = excerpt.source.clamp(&excerpt.labels.first()?.span);
        Some(FileRegion { start: excerpt.source.position(span.start), end: excerpt.source.position(span.end) })
    }

    /// Returns the complete lines of the first label, or `None` without one.
    pub fn lines(&self) -> Option<&str> {
        let excerpt = self.excerpts.first()?;
        let (text, span) = (excerpt.source.text(), excerpt.source.clamp(&excerpt.labels.first()?.span));
        let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let end = text[span.end..].find('\n').map_or(text.len(), |end| span.end + end);
        Some(&text[start..end])
    }

    /// Renders the diagnostic as text for people, with a final line end.
    pub fn render(&self, style: RenderStyle) -> String {
        human::render(self, style)
    }

    fn new(severity: DiagnosticSeverity, code: &'static str, message: String) -> Self {
        Self { severity, code, message, excerpts: Vec::new(), notes: Vec::new(), help: None }
    }

    fn order(&self) -> (Option<&str>, Option<usize>, DiagnosticSeverity, &'static str, &str) {
        let first = self.excerpts.first();
        let offset = first.and_then(|excerpt| excerpt.labels.first()).map(|label| label.span.start);
        (first.map(|excerpt| excerpt.source.name()), offset, self.severity, self.code, &self.message)
    }
}

/// A part of a file: line and column of its start and of its end (exclusive), counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FileRegion {
    /// The position of the first character.
    pub start: (usize, usize),
    /// The position after the last character.
    pub end: (usize, usize),
}

/// All problems of one run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnostics {
    problems: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Returns an empty collection.
    pub const fn new() -> Self {
        Self { problems: Vec::new() }
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Returns the value, or adds the problem and returns `None`.
    pub fn take<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// Returns whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.count(DiagnosticSeverity::Error) > 0
    }

    /// Returns the number of problems with this severity.
    pub fn count(&self, severity: DiagnosticSeverity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// Returns the problems sorted by file, position, severity and code, without duplicates.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.problems.iter().collect();
        sorted.sort_by(|a, b| a.order().cmp(&b.order()));
        sorted.dedup();
        sorted
    }

    /// Renders all problems as text for people; empty without problems.
    pub fn render(&self, style: RenderStyle) -> String {
        let mut text = String::new();
        for problem in self.sorted() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&problem.render(style));
        }
        text
    }

    /// Renders all problems as one JSON array with a line end, in the format documented at [`Diagnostics::to_value`].
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.to_value())
    }

    /// Returns all problems as a JSON array. Each has `severity`, `code`, `message`, `file`, `line`, `column`, `labels`
    /// (`file`, `line`, `column`, `start`, `end`, `text`; lines and columns from 1, columns in characters, `start` and
    /// `end` in bytes), `notes` and `help`; missing values are null. Keys may be added to the format, and are never
    /// removed or changed.
    pub fn to_value(&self) -> serde_json::Value {
        self.sorted().into_iter().map(json::value).collect()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, problems: I) {
        self.problems.extend(problems);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(problems: I) -> Self {
        Self { problems: problems.into_iter().collect() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.problems.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(problem: Diagnostic) -> Self {
        Self { problems: vec![problem] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review() -> SourceFile {
        SourceFile::new(
            "campaigns/q4/reviews/db/ana.ruiz.toml",
            "[[item]]\nprincipal = \"ana.ruiz\"\ndecision = \"certify\"\n",
        )
    }

    #[test]
    fn error_shows_file_line_rule_and_help() {
        let problem = Diagnostic::error("self-review", "`ana.ruiz` cannot review their own grant")
            .at(&review(), 32..52, "this decision")
            .at(&SourceFile::new("trust/mandate/1.toml", "duty = \"no-self-review\"\n"), 7..23, "refused by this rule")
            .with_note("subject ids are compared, not names")
            .help("reassign it: `tenure campaign reassign itm-1`");
        insta::assert_snapshot!(problem.render(RenderStyle::plain()), @r#"
        error[self-review]: `ana.ruiz` cannot review their own grant
         --> campaigns/q4/reviews/db/ana.ruiz.toml:3:1
          |
        3 | decision = "certify"
          | ^^^^^^^^^^^^^^^^^^^^ this decision
          |
         ::: trust/mandate/1.toml:1:8
          |
        1 | duty = "no-self-review"
          |        ^^^^^^^^^^^^^^^^ refused by this rule
          |
          = note: subject ids are compared, not names
          = help: reassign it: `tenure campaign reassign itm-1`
        "#);
    }

    #[test]
    fn problems_are_sorted_without_duplicates() {
        let late = Diagnostic::error("b", "second").at(&review(), 20..22, "");
        let early = Diagnostic::warning("a", "first").at(&review(), 3..4, "");
        let nowhere = Diagnostic::note("c", "before all");
        let all: Diagnostics = [late.clone(), early, nowhere, late].into_iter().collect();
        let codes: Vec<_> = all.sorted().iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["c", "a", "b"]);
        assert!(all.has_errors());
    }

    #[test]
    fn control_characters_are_escaped() {
        let hostile = "a = \"\u{1b}[2J\u{202e}\u{200b}\u{9b}\u{7f}\u{2028}\u{e000}\"\n";
        let problem =
            Diagnostic::error("text", hostile).at(&SourceFile::new(hostile, hostile), 5..6, hostile).help(hostile);
        let all = Diagnostics::from(problem.with_note(hostile));
        for text in [all.render(RenderStyle::plain()), all.to_json()] {
            assert!(text.chars().all(|c| c == '\n' || HiddenCharacter::of(c).is_none()), "{text:?}");
            assert!(text.contains("u{202e}"), "{text}");
        }
    }

    #[test]
    fn color_is_used_only_on_request() {
        let problem = Diagnostic::error("text", "x").at(&review(), 0..1, "here");
        assert!(!problem.render(RenderStyle::plain()).contains('\u{1b}'));
        assert!(problem.render(RenderStyle::coloured()).contains('\u{1b}'));
    }

    #[test]
    fn json_format_is_stable() {
        let problem = Diagnostic::error("self-review", "no").at(&review(), 32..52, "here").help("do");
        insta::assert_snapshot!(Diagnostics::from(problem).to_json(), @r#"
        [
          {
            "code": "self-review",
            "column": 1,
            "file": "campaigns/q4/reviews/db/ana.ruiz.toml",
            "help": "do",
            "labels": [
              {
                "column": 1,
                "end": 52,
                "file": "campaigns/q4/reviews/db/ana.ruiz.toml",
                "line": 3,
                "start": 32,
                "text": "here"
              }
            ],
            "line": 3,
            "message": "no",
            "notes": [],
            "severity": "error"
          }
        ]
        "#);
    }

    #[test]
    fn span_beyond_the_text_is_clamped() {
        let source = SourceFile::new("x", "é");
        for span in [1..1, 1..9, 2..2, 7..9, Range { start: 2, end: 0 }] {
            assert!(Diagnostic::error("x", "y").at(&source, span, "z").render(RenderStyle::plain()).contains("x:1"));
        }
        assert!(
            Diagnostic::error("x", "y")
                .at(&SourceFile::new("x", ""), 0..0, "z")
                .render(RenderStyle::plain())
                .contains("x:1")
        );
    }
}
