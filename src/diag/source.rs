//! Source texts that diagnostics point into.

use std::{ops::Range, sync::Arc};

/// A file as it was read, shared by all diagnostics about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
    first_line: usize,
}

impl SourceFile {
    /// Returns a source with this name (a path in the repository, or another name that users know) and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::part(name, text, 1)
    }

    /// Returns a part of a file that begins at this line; for files too large to keep in memory.
    pub fn part(name: impl Into<String>, text: impl Into<String>, first_line: usize) -> Self {
        Self { name: name.into().into(), text: text.into().into(), first_line }
    }

    /// Returns a source of bytes that may not be text; invalid UTF-8 is shown as U+FFFD.
    pub fn of_bytes(name: impl Into<String>, bytes: &[u8]) -> Self {
        Self::new(name, String::from_utf8_lossy(bytes))
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the line and column of a byte offset, both counted from 1; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.floor(offset)];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + self.first_line;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// Returns the byte range of a line, counted from 1, without its line end; an empty range at the end when there is
    /// no such line.
    pub fn line(&self, number: usize) -> Range<usize> {
        let mut start = 0;
        for _ in self.first_line..number {
            match self.text[start..].find('\n') {
                Some(end) => start += end + 1,
                None => return self.text.len()..self.text.len(),
            }
        }
        start..self.text[start..].find('\n').map_or(self.text.len(), |end| start + end)
    }

    /// Limits the span to the text and to character boundaries.
    pub(super) fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.floor(span.start);
        let mut end = span.end.clamp(start, self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// A part of a source with labels.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceExcerpt {
    /// The source.
    pub source: SourceFile,
    /// The parts to underline; empty when only the file is named.
    pub labels: Vec<SourceLabel>,
}

/// A byte range of a source with a label.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceLabel {
    /// The byte range.
    pub span: Range<usize>,
    /// The text of the label; may be empty.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one() {
        let source = SourceFile::new("x", "é=1\nab\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(2), (1, 2));
        assert_eq!(source.position(6), (2, 2));
        assert_eq!(source.position(99), (3, 1));
        assert_eq!((source.line(1), source.line(2), source.line(3), source.line(9)), (0..4, 5..7, 8..8, 8..8));
    }
}
