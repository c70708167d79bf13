//! What is wrong with an expression, and with which of its characters.

use std::ops::Range;

/// One mistake in an expression.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpressionError {
    /// A stable code in words.
    pub code: &'static str,
    /// The bytes of the expression it is about.
    pub span: Range<usize>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ExpressionError {
    pub(crate) fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
