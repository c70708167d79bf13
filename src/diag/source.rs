//! The text a diagnostic points into.

use std::{ops::Range, sync::Arc};

/// A file as it was read, shared by all diagnostics about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
    first_line: usize,
}

impl SourceFile {
    /// Returns the source with this name (a path in the repository, or what people call it) and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::part(name, text, 1)
    }

    /// Returns the source of a part of a file, which begins at this line; for files too large to keep.
    pub fn part(name: impl Into<String>, text: impl Into<String>, first_line: usize) -> Self {
        Self { name: name.into().into(), text: text.into().into(), first_line }
    }

    /// Returns the source of bytes that may be no text; what is not UTF-8 is shown as U+FFFD.
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

    /// Returns line and column of a byte offset, both from 1, the column in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.floor(offset)];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + self.first_line;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// Returns the bytes of a line counted from 1, without its line end; empty at the end when there is no such line.
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

    /// Returns the span within the text and on character boundaries.
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

/// Part of a source with labels.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceExcerpt {
    /// Where it is from.
    pub source: SourceFile,
    /// What to underline; none when only the file is named.
    pub labels: Vec<SourceLabel>,
}

/// Bytes of a source and what to say about them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceLabel {
    /// The bytes.
    pub span: Range<usize>,
    /// What to say; may be empty.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = SourceFile::new("x", "é=1\nab\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(2), (1, 2));
        assert_eq!(source.position(6), (2, 2));
        assert_eq!(source.position(99), (3, 1));
        assert_eq!((source.line(1), source.line(2), source.line(3), source.line(9)), (0..4, 5..7, 8..8, 8..8));
    }
}
