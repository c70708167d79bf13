//! Expressions of campaign definitions: which grants a campaign takes, and who reviews them.

use super::{
    expression::{Expression, ExpressionError, ResultType},
    pack::{RuleEnvironment, Subject, name_of},
    source_span,
};
use crate::{
    diag::{Diagnostic, Source},
    format::codec::PathSegment,
    model::file::Scope,
};

/// `cel` of a selector: an expression over the facts of a grant that gives true or false.
#[derive(Clone, Debug)]
pub struct Condition(Expression);

/// `cel:<expression>` among the reviewers of a stage: an expression over the facts of a grant that gives an id or ids.
#[derive(Clone, Debug)]
pub struct ReviewerExpression(Expression);

impl Condition {
    /// Compiles an expression that stands in a file; `steps` lead to its string.
    ///
    /// # Errors
    /// Everything that is wrong with it, each underlined in the file.
    pub fn compile(text: &str, file: &Source, steps: &[PathSegment<'_>]) -> Result<Self, Vec<Diagnostic>> {
        compile(text, ResultType::Truth, file, steps, 0).map(Self)
    }

    /// Returns whether it holds; nothing where that cannot be said.
    pub fn holds(&self, subject: &Subject<'_>) -> Option<bool> {
        self.0.truth(subject).ok()
    }
}

impl ReviewerExpression {
    /// Compiles an expression that stands in a file behind `cel:`; `text` is what comes after that, and `steps` lead to
    /// the whole string.
    ///
    /// # Errors
    /// Everything that is wrong with it, each underlined in the file.
    pub fn compile(text: &str, file: &Source, steps: &[PathSegment<'_>]) -> Result<Self, Vec<Diagnostic>> {
        compile(text, ResultType::Names, file, steps, "cel:".len()).map(Self)
    }

    /// Returns the ids it names.
    ///
    /// # Errors
    /// The attributes that would have to be known, sorted; none where what is known is of no use.
    pub fn names(&self, subject: &Subject<'_>) -> Result<Vec<String>, Vec<&'static str>> {
        self.0.names(subject).map_err(|why| why.slots().map(|slot| name_of(slot, Scope::Grant)).collect())
    }
}

fn compile(
    text: &str,
    gives: ResultType,
    file: &Source,
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
