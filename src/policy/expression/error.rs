//! Errors of expressions, with their spans.

use std::ops::Range;

/// An error in an expression.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpressionError {
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

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
