//! Maps spans of expressions to spans of the TOML file that contains them.

use super::expression::ExpressionError;
use crate::{
    diag::{Diagnostic, SourceFile},
    format::codec::{PathSegment, locate, place},
};
use std::ops::Range;

/// Returns the diagnostic of an expression error, located in the file; `steps` is the path to the string.
pub(super) fn problem(source: &SourceFile, steps: &[PathSegment<'_>], mistake: &ExpressionError) -> Diagnostic {
    let span = characters(source, steps, &mistake.span);
    let problem = Diagnostic::error(mistake.code, mistake.message.clone()).at(source, span, "here");
    match &mistake.help {
        Some(help) => problem.help(help.clone()),
        None => problem,
    }
}

/// Returns the span in the file of a span in a string; the span of the whole string if they cannot be mapped.
fn characters(source: &SourceFile, steps: &[PathSegment<'_>], span: &Range<usize>) -> Range<usize> {
    let Some(whole) = locate(source.text(), steps) else { return place(source.text(), steps) };
    let raw = &source.text()[whole.clone()];
    let Some(map) = offsets(raw) else { return whole };
    let at = |decoded: usize| map.iter().rev().find(|(from, _)| *from <= decoded).map_or(0, |(_, to)| *to);
    let end = map.iter().find(|(from, _)| *from >= span.end).map_or(raw.len(), |(_, to)| *to);
    let start = at(span.start);
    whole.start + start..whole.start + end.max(start + 1)
}

/// Returns the decoded and the written offset of each character of a single-line string, and of its end.
fn offsets(raw: &str) -> Option<Vec<(usize, usize)>> {
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
        return None;
    }
    let inner = raw.get(1..raw.len().checked_sub(1)?)?;
    let mut found = Vec::new();
    let (mut decoded, mut chars) = (0, inner.char_indices());
    while let Some((at, c)) = chars.next() {
        found.push((decoded, at + 1));
        if c != '\\' || quote == '\'' {
            decoded += c.len_utf8();
            continue;
        }
        let digits = match chars.next()?.1 {
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let start = chars.offset();
        for _ in 0..digits {
            chars.next();
        }
        let code = inner.get(start..start + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        decoded += code.and_then(char::from_u32).map_or(1, char::len_utf8);
    }
    found.push((decoded, inner.len() + 1));
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_counted_as_they_are_written() {
        let text = "schema = \"x\"\nviolation = \"a == \\\"\\u00e9\\\" && bad\"\nplain = 'a \\ bad'\n";
        let source = SourceFile::new("x.toml", text);
        let decoded = "a == \"é\" && bad";
        let start = decoded.find("bad").unwrap();
        let span = characters(&source, &["violation".into()], &(start..start + 3));
        assert_eq!(&text[span], "bad");
        let start = decoded.find('"').unwrap();
        let span = characters(&source, &["violation".into()], &(start..start + 4));
        assert_eq!(&text[span], "\\\"\\u00e9\\\"");
        let span = characters(&source, &["plain".into()], &(4..7));
        assert_eq!(&text[span], "bad");
        let span = characters(&source, &["plain".into()], &(7..7));
        assert_eq!(&text[span], "'");
    }
}
