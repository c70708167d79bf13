//! Renders a diagnostic as text for people.

use super::{
    Diagnostic, DiagnosticSeverity, HiddenCharacter, SourceExcerpt, escape,
    unicode::{escape_lines, push_escaped},
};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// Options of the text output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RenderStyle {
    /// Whether to use the colors of a terminal.
    pub colour: bool,
    /// The maximum width in columns.
    pub width: usize,
}

impl RenderStyle {
    /// Returns the style without colors.
    pub const fn plain() -> Self {
        Self { colour: false, width: WIDTH }
    }

    /// Returns the style with the colors of a terminal.
    pub const fn coloured() -> Self {
        Self { colour: true, width: WIDTH }
    }

    /// Returns the style with another width.
    #[must_use]
    pub const fn within(self, width: usize) -> Self {
        Self { width, ..self }
    }
}

pub(super) fn render(problem: &Diagnostic, style: RenderStyle) -> String {
    let level = match problem.severity {
        DiagnosticSeverity::Error => Level::ERROR,
        DiagnosticSeverity::Note => Level::NOTE,
        DiagnosticSeverity::Warning => Level::WARNING,
    };
    let mut group: Group<'_> = Group::with_title(level.primary_title(escape(&problem.message)).id(problem.code));
    for excerpt in &problem.excerpts {
        group = match window(excerpt) {
            Some(window) => group.element(snippet(excerpt, window)),
            None => group.element(Origin::path(escape(excerpt.source.name()))),
        };
    }
    group = group.elements(problem.notes.iter().map(|note| Level::NOTE.message(escape_lines(note))));
    group = group.elements(problem.help.iter().map(|help| Level::HELP.message(escape_lines(help))));
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.term_width(style.width).render(&[group]);
    text.push('\n');
    text
}

fn snippet(excerpt: &SourceExcerpt, window: SourceWindow) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let labels = excerpt.labels.iter().zip(window.spans).enumerate().map(|(index, (label, span))| {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(span);
        if label.text.is_empty() { annotation } else { annotation.label(escape(&label.text)) }
    });
    Snippet::source(window.text).line_start(window.line).path(escape(excerpt.source.name())).annotations(labels)
}

/// The lines around the labels as displayed: hidden characters are escaped and the spans adjusted.
struct SourceWindow {
    text: String,
    line: usize,
    spans: Vec<Range<usize>>,
}

fn window(excerpt: &SourceExcerpt) -> Option<SourceWindow> {
    let source = &excerpt.source;
    let spans: Vec<_> = excerpt.labels.iter().map(|label| source.clamp(&label.span)).collect();
    let (first, last) = (spans.iter().map(|span| span.start).min()?, spans.iter().map(|span| span.end).max()?);
    let text = source.text();
    let mut start = text[..first].rfind('\n').map_or(0, |end| end + 1);
    let mut end = text[last..].find('\n').map_or(text.len(), |end| last + end);
    // A line of many kilobytes is displayed only around its labels.
    while first - start > REACH || !text.is_char_boundary(start) {
        start = (start + 1).max(first.saturating_sub(REACH));
    }
    while end - last > REACH || !text.is_char_boundary(end) {
        end = (end - 1).min(last + REACH);
    }
    let mut window = SourceWindow { text: String::new(), line: source.position(start).0, spans };
    let mut moved = window.spans.clone();
    let boundaries = text[start..end].char_indices().map(|(at, character)| (start + at, Some(character)));
    for (at, character) in boundaries.chain([(end, None)]) {
        for (old, new) in window.spans.iter().zip(&mut moved) {
            if old.start == at {
                new.start = window.text.len();
            }
            if old.end == at {
                new.end = window.text.len();
            }
        }
        match character {
            Some('\n') => window.text.push('\n'),
            Some('\t') => window.text.push(' '),
            Some(other) => push_escaped(other, &mut window.text),
            None => {}
        }
    }
    window.spans = moved;
    debug_assert!(window.text.chars().all(|c| c == '\n' || HiddenCharacter::of(c).is_none()));
    Some(window)
}

const WIDTH: usize = 140;
const REACH: usize = 400;
