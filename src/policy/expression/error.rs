//! Errors of expressions, with their spans.

use std::ops::Range;

/// An error in an expression.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ExpressionError {
    /// The stable code.
    pub code: &'static str,
    /// The span in the expression, in bytes.
    pub span: Range<usize>,
    /// The message.
    pub message: String,
    /// The hint for a correction.
    pub help: Option<String>,
}

impl ExpressionError {
    pub(crate) fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    /// Returns the error for a token that the grammar does not allow here.
    pub(super) fn syntax(text: &str, span: Range<usize>) -> Self {
        let message = match text.get(span.clone()) {
            Some(token) if !token.is_empty() => format!("unexpected `{}`", token.escape_debug()),
            _ => "unexpected end of the expression".to_owned(),
        };
        // The end of the text has no characters to underline.
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        let span = if span.start >= text.len() { last..text.len() } else { span };
        Self::new("expression-syntax", span, message).help(syntax_help(text))
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Returns the hint for operators of other languages.
fn syntax_help(text: &str) -> String {
    for (wrong, right) in [(" and ", "&&"), (" or ", "||"), (" not ", "!"), ("<>", "!="), (" = ", "==")] {
        if text.contains(wrong) {
            return format!("CEL writes `{right}` for `{}`", wrong.trim());
        }
    }
    "the language is CEL: https://cel.dev; `tenure policy attributes` lists the names and functions".to_owned()
}
