//! Expressions in campaign definitions: the selection of grants and of reviewers.

use super::{
    expression::{Expression, ExpressionError, ResultType},
    pack::{RuleEnvironment, RuleSubject, name_of},
    source_span,
};
use crate::{
    diag::{Diagnostic, SourceFile},
    format::codec::PathSegment,
    model::file::Scope,
};

/// An expression over the attributes of a grant that yields a boolean; used in selectors.
#[derive(Clone, Debug)]
pub struct SelectorCondition(Expression);

/// `cel:<expression>` in the reviewers of a stage: an expression over the attributes of a grant that yields principal
/// ids.
#[derive(Clone, Debug)]
pub struct ReviewerExpression(Expression);

impl SelectorCondition {
    /// Compiles an expression in a file; `steps` is the path to its string.
    ///
    /// # Errors
    /// All problems of the expression, each with its span in the file.
    pub fn compile(text: &str, file: &SourceFile, steps: &[PathSegment<'_>]) -> Result<Self, Vec<Diagnostic>> {
        compile(text, ResultType::Truth, file, steps, 0).map(Self)
    }

    /// Returns the result; `None` if it depends on unknown attributes.
    pub fn holds(&self, subject: &RuleSubject<'_>) -> Option<bool> {
        self.0.truth(subject).ok()
    }
}

impl ReviewerExpression {
    /// Compiles the expression `text` that follows `cel:` in a file; `steps` is the path to the whole string.
    ///
    /// # Errors
    /// All problems of the expression, each with its span in the file.
    pub fn compile(text: &str, file: &SourceFile, steps: &[PathSegment<'_>]) -> Result<Self, Vec<Diagnostic>> {
        compile(text, ResultType::Names, file, steps, "cel:".len()).map(Self)
    }

    /// Returns the resulting ids.
    ///
    /// # Errors
    /// The unknown attributes on which the result depends, sorted; empty if known attributes have unusable values.
    pub fn names(&self, subject: &RuleSubject<'_>) -> Result<Vec<String>, Vec<&'static str>> {
        self.0.names(subject).map_err(|why| why.slots().map(|slot| name_of(slot, Scope::Grant)).collect())
    }
}

fn compile(
    text: &str,
    gives: ResultType,
    file: &SourceFile,
    steps: &[PathSegment<'_>],
    behind: usize,
) -> Result<Expression, Vec<Diagnostic>> {
    let names = RuleEnvironment { limits: Vec::new(), scope: Some(Scope::Grant) };
    Expression::compile(text, gives, &names).map_err(|mistakes| {
        let moved = |mistake: &ExpressionError| ExpressionError {
            span: mistake.span.start + behind..mistake.span.end + behind,
            ..mistake.clone()
        };
        mistakes.iter().map(|mistake| source_span::problem(file, steps, &moved(mistake))).collect()
    })
}
