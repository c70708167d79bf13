//! Styles, symbols and columns. Meaning never depends on color alone, and displayed text cannot control the terminal.

use crate::diag::escape;
use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line, Span},
};

/// The output style of this terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TerminalStyle {
    /// Whether to use colors.
    pub(super) colour: bool,
    /// Whether to use characters beyond ASCII in frames and bars.
    pub(super) unicode: bool,
}

impl TerminalStyle {
    fn style(self, colour: Color, modifier: Modifier) -> Style {
        // Bold and reverse are kept without color, since monochrome terminals support them.
        let style = Style::new().add_modifier(modifier);
        if self.colour { style.fg(colour) } else { style }
    }

    pub(super) fn title(self, text: String) -> Span<'static> {
        Span::styled(text, Style::new().add_modifier(Modifier::BOLD))
    }

    /// Secondary text. It has no color, since gray is the background of some terminals.
    pub(super) fn dim(self, text: String) -> Line<'static> {
        Line::from(text)
    }

    /// Highlighted text is bold and marked with `!`; no color is readable on both dark and light backgrounds.
    pub(super) fn warning(self, text: String) -> Line<'static> {
        Line::from(self.title(text))
    }

    pub(super) fn decided(self, text: String) -> Line<'static> {
        Line::from(Span::styled(text, self.style(Color::Cyan, Modifier::BOLD)))
    }

    pub(super) fn keys(self, text: &str) -> Line<'static> {
        self.dim(text.to_owned())
    }

    /// A line of the list: cursor, flag, item, decision. The cursor is `>` and reversed, flagged items have `!`,
    /// decided items their verdict; colors only repeat this.
    pub(super) fn row(self, [mark, text, decision]: [String; 3], here: bool, decided: bool) -> Line<'static> {
        if here {
            return self.choice(format!("{mark}{text}{decision}"), true);
        }
        let weight = if decided { Modifier::BOLD } else { Modifier::empty() };
        let decision =
            if decided { Span::styled(decision, self.style(Color::Cyan, weight)) } else { Span::raw(decision) };
        Line::from(vec![self.mark(mark), Span::raw(text), decision])
    }

    /// A selectable line.
    pub(super) fn choice(self, text: String, here: bool) -> Line<'static> {
        let style = if here { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        Line::from(Span::styled(text, style))
    }

    /// A line of the item details after its title, with its mark.
    pub(super) fn sentence(self, title: String, mark: char, text: String) -> Line<'static> {
        Line::from(vec![self.title(title), self.mark(format!("{mark} ")), Span::raw(text)])
    }

    fn mark(self, text: String) -> Span<'static> {
        Span::styled(text, self.style(Color::Yellow, Modifier::BOLD))
    }

    /// Returns a line in the character set of the terminal, with the same columns.
    pub(super) fn to_ascii(self, line: Line<'static>) -> Line<'static> {
        if self.unicode {
            return line;
        }
        let spans = line.spans.into_iter().map(|span| Span::styled(to_ascii(&span.content), span.style));
        Line::from(spans.collect::<Vec<_>>())
    }

    /// A field of a prompt; the active one shows the end of its input and the cursor.
    pub(super) fn field(self, name: &str, text: &str, here: bool, width: usize) -> Line<'static> {
        let shown = escape(text).into_owned();
        let room = width.saturating_sub(name.chars().count() + 2);
        let skip = if here { columns(&shown).saturating_sub(room) } else { 0 };
        let mut left = skip;
        let tail: String = shown
            .chars()
            .skip_while(|character| {
                let wide = columns(character.encode_utf8(&mut [0; 4]));
                let skips = left > 0;
                left = left.saturating_sub(wide);
                skips
            })
            .collect();
        let mut spans = vec![Span::raw(name.to_owned()), Span::raw(tail)];
        if here {
            spans.push(Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)));
        }
        Line::from(spans)
    }

    pub(super) fn rule(self, width: usize) -> Line<'static> {
        let text = if self.unicode { "─" } else { "-" }.repeat(width);
        Line::from(Span::styled(text, self.style(Color::DarkGray, Modifier::empty())))
    }

    pub(super) const fn pipe(self) -> &'static str {
        if self.unicode { "│" } else { "|" }
    }

    /// Returns a progress bar of this many columns.
    pub(super) fn progress_bar(self, done: usize, all: usize, width: usize) -> String {
        let full = (done * width).checked_div(all).unwrap_or(0);
        let (on, off) = if self.unicode { ("█", "░") } else { ("#", ".") };
        format!("{}{}", on.repeat(full), off.repeat(width - full))
    }
}

/// Returns the text in ASCII with the same columns; characters without an equivalent become `?`.
pub(super) fn to_ascii(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ascii if ascii.is_ascii() => spelled.push(ascii),
            '·' | '—' | '–' => spelled.push('-'),
            '…' => spelled.push('~'),
            '→' => spelled.push('>'),
            '’' | '‘' => spelled.push('\''),
            '“' | '”' => spelled.push('"'),
            other => spelled.extend(std::iter::repeat_n('?', columns(other.encode_utf8(&mut [0; 4])))),
        }
    }
    spelled
}

/// Returns the width of a text in columns.
pub(super) fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

/// Returns the text in exactly this many columns: hidden characters are escaped, longer text ends in `…`.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = escape(text);
    let all = columns(&text);
    if all <= width {
        return format!("{text}{}", " ".repeat(width - all));
    }
    let (mut shown, mut used) = (String::new(), 0);
    for character in text.chars() {
        let wide = columns(character.encode_utf8(&mut [0; 4]));
        if used + wide + 1 > width {
            break;
        }
        shown.push(character);
        used += wide;
    }
    if width > 0 {
        shown.push('…');
        used += 1;
    }
    format!("{shown}{}", " ".repeat(width.saturating_sub(used)))
}

/// Returns the text wrapped to this many columns; continuation lines are indented.
pub(super) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let text = escape(text);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if columns(&line) + columns(word.trim_end()) > width && columns(&line) > indent {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
        }
        for character in word.chars() {
            let wide = columns(character.encode_utf8(&mut [0; 4]));
            if columns(&line) + wide > width && character != ' ' {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            }
            if columns(&line) + wide <= width {
                line.push(character);
            }
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| fit(&line, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_the_columns_it_is_given() {
        for text in
            ["", "plain", "東京タワー 東京タワー", "\u{1b}[2J\u{202e}", "a\u{300}e\u{301}", "x".repeat(4000).as_str()]
        {
            for width in [0, 1, 2, 7, 40] {
                assert_eq!(columns(&fit(text, width)), width, "{text:?} in {width}");
            }
            for line in wrap(text, 20, 3) {
                assert_eq!(columns(&line), 20, "{text:?}: {line:?}");
            }
        }
    }

    #[test]
    fn folding_loses_no_word() {
        let text = "one two three four five six seven eight";
        let lines = wrap(text, 12, 2);
        let words: Vec<_> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
        assert_eq!(words, text.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn without_its_characters_a_text_takes_the_same_columns() {
        for text in ["a · b — c …", "東京タワー", "Zoë → “x”", "a\u{300}"] {
            let ascii = to_ascii(text);
            assert!(ascii.is_ascii() && columns(&ascii) == columns(text), "{text:?}: {ascii:?}");
        }
        assert_eq!(to_ascii("a · b …"), "a - b ~");
    }

    #[test]
    fn a_bar_is_full_only_when_all_is_done() {
        let look = TerminalStyle { colour: false, unicode: false };
        assert_eq!(look.progress_bar(0, 3, 6), "......");
        assert_eq!(look.progress_bar(2, 3, 6), "####..");
        assert_eq!(look.progress_bar(3, 3, 6), "######");
        assert_eq!(look.progress_bar(0, 0, 6), "......");
    }
}
