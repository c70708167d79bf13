//! Extracts the prose of Rust and Markdown files: comments, documentation and string literals, with their line numbers.

use crate::rust_lexer;

/// The place of a passage in its file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A comment, or a later paragraph of documentation.
    Comment,
    /// The first paragraph of a documentation comment.
    Doc,
    /// The first paragraph of the documentation of a file.
    Header,
    /// A string literal of two words or more, except SQL queries.
    Literal,
}

/// A paragraph of prose. Inline code and placeholders are blanked out.
#[derive(Debug, Default)]
pub struct Passage {
    /// The text, with line ends as spaces.
    pub text: String,
    /// The line of each byte of `text`, counted from one.
    lines: Vec<usize>,
}

impl Passage {
    /// Returns the line of the byte at `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.get(offset).or(self.lines.last()).copied().unwrap_or(1)
    }

    fn push(&mut self, text: &str, line: usize) {
        if !self.text.is_empty() {
            self.push_raw(" ", line);
        }
        self.push_raw(text, line);
    }

    fn push_raw(&mut self, text: &str, line: usize) {
        self.text.push_str(text);
        self.lines.resize(self.text.len(), line);
    }

    /// Replaces everything between `open` and `close` by spaces.
    fn blank(&mut self, open: char, close: char) {
        let mut at = 0;
        while let Some(start) = self.text[at..].find(open).map(|found| at + found) {
            let Some(length) = self.text[start + 1..].find(close) else { return };
            let end = start + 1 + length + close.len_utf8();
            self.text.replace_range(start..end, &"_".repeat(end - start));
            at = end;
        }
    }
}

/// Returns the passages of a Rust file, in order.
pub fn of_rust(source: &str) -> Vec<(Kind, Passage)> {
    let mut found = Vec::new();
    let mut block: Option<Block> = None;
    let (mut at, mut line) = (0, 1);
    while at < source.len() {
        let rest = &source[at..];
        let length = rust_lexer::skipped(rest, source.as_bytes().get(at.wrapping_sub(1)).copied());
        let token = &rest[..length];
        if token.starts_with("//") {
            let (marker, text) = comment(token);
            match &mut block {
                Some(open) if open.marker == marker && open.last + 1 == line => open.add(text, line),
                _ => {
                    found.extend(block.take().into_iter().flat_map(Block::passages));
                    block = Some(Block::new(marker, text, line));
                }
            }
        } else if length > 0 {
            found.extend(block.take().into_iter().flat_map(Block::passages));
            found.extend(literal(token, line));
        }
        let step = if length > 0 { length } else { rest.chars().next().map_or(1, char::len_utf8) };
        line += rest[..step].matches('\n').count();
        at += step;
    }
    found.extend(block.into_iter().flat_map(Block::passages));
    found
}

/// Returns the paragraphs of a Markdown file, without fenced code.
pub fn of_markdown(source: &str) -> Vec<(Kind, Passage)> {
    let lines = source.lines().enumerate().map(|(index, text)| (index + 1, text.to_owned())).collect();
    paragraphs(lines).into_iter().map(|passage| (Kind::Comment, passage)).collect()
}

/// Consecutive comment lines with the same marker.
struct Block {
    marker: &'static str,
    first: usize,
    last: usize,
    lines: Vec<(usize, String)>,
}

impl Block {
    fn new(marker: &'static str, text: &str, line: usize) -> Self {
        Self { marker, first: line, last: line, lines: vec![(line, text.to_owned())] }
    }

    fn add(&mut self, text: &str, line: usize) {
        self.last = line;
        self.lines.push((line, text.to_owned()));
    }

    fn passages(self) -> Vec<(Kind, Passage)> {
        let first = match self.marker {
            "//!" if self.first == 1 => Kind::Header,
            "//!" | "///" => Kind::Doc,
            _ => Kind::Comment,
        };
        let kinds = std::iter::once(first).chain(std::iter::repeat(Kind::Comment));
        kinds.zip(paragraphs(self.lines)).collect()
    }
}

fn comment(token: &str) -> (&'static str, &str) {
    let markers = ["//!", "///", "//"];
    let marker = markers.into_iter().find(|marker| token.starts_with(marker)).unwrap_or("//");
    (marker, token[marker.len()..].trim())
}

fn paragraphs(lines: Vec<(usize, String)>) -> Vec<Passage> {
    let mut all = vec![Passage::default()];
    let mut fenced = false;
    for (line, text) in lines {
        if text.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if text.trim().is_empty() {
            all.push(Passage::default());
        } else if let Some(open) = all.last_mut().filter(|_| !fenced) {
            open.push(&text, line);
        }
    }
    all.retain(|passage| !passage.text.is_empty());
    all.iter_mut().for_each(|passage| passage.blank('`', '`'));
    all
}

fn literal(token: &str, line: usize) -> Option<(Kind, Passage)> {
    let inside = token.split_once('"')?.1.rsplit_once('"')?.0;
    let mut passage = Passage::default();
    for (index, text) in inside.split('\n').enumerate() {
        let text = text.strip_suffix('\\').unwrap_or(text).replace("\\n", "  ").replace("\\\"", "' ");
        passage.push(text.trim_start(), line + index);
    }
    passage.blank('`', '`');
    passage.blank('{', '}');
    let is_prose = passage.text.trim().contains(' ') && !passage.text.contains("SELECT ");
    is_prose.then_some((Kind::Literal, passage))
}
