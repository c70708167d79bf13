//! Expressions: a subset of CEL over a closed list of names, checked once and evaluated within limits.
//!
//! The supported types are those of attributes: bool, int, string, lists of these, and maps of strings. Names, types
//! and functions are resolved when an expression is compiled, so that evaluation can only meet unknown values. They
//! follow Kleene's logic, see [`Expression::truth`].
//!
//! The parser reads all of CEL and rejects the values that no attribute has: maps, messages, bytes, floating point. Other
//! CEL interpreters have no unknown values: an absent name is an error to them, which only `&&` and `||` absorb, without
//! naming what is missing. Where everything is known, the results are the same: see `tests`.
//!
//! Limits: 2,048 bytes, brackets and conditionals nested 16 deep, 256 operators, lists of 256 literals, macros nested
//! two deep, patterns of 256 bytes with matching time linear in the text, and 200,000 steps per evaluation.

mod check;
mod checked_tree;
mod error;
mod evaluate;
mod functions;
mod lex;
mod parse;
mod satisfiability;
mod strings;
mod syntax;
mod types;
mod value;

#[cfg(test)]
mod tests;

pub(super) use error::ExpressionError;
pub use functions::{FUNCTIONS, FunctionDef};
pub use value::EvaluationError;
pub(super) use value::{AttributeIndex, AttributeSchema, AttributeSource, ExprList, ExprValue, UnknownValue};

pub(super) use satisfiability::{ValueDomain, is_satisfiable};

use check::ExpressionChecker;
use checked_tree::ExprNode;
use evaluate::Evaluation;
use std::collections::BTreeSet;
use types::ExprType;

/// A compiled expression.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    node: ExprNode,
}

/// The required type of an expression.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum ResultType {
    /// A string or a list of strings.
    Names,
    /// A boolean.
    Truth,
}

impl Expression {
    /// Compiles an expression over these names.
    ///
    /// # Errors
    /// All errors of the expression.
    pub(super) fn compile(
        text: &str,
        gives: ResultType,
        vocabulary: &dyn AttributeSchema,
    ) -> Result<Self, Vec<ExpressionError>> {
        let parsed = parse::parse(text).map_err(|mistake| vec![mistake])?;
        let mut check = ExpressionChecker::new(vocabulary);
        let node = match gives {
            ResultType::Truth => check.expect(&parsed, ExprType::Flag),
            ResultType::Names => check.node(&parsed).and_then(|(node, kind)| {
                let fits = matches!(kind, ExprType::Text | ExprType::Texts | ExprType::Empty);
                if !fits {
                    let message = format!("expected a string or a list of strings, found {kind}");
                    check.mistakes.push(ExpressionError::new("expression-kind", parsed.span.clone(), message));
                }
                fits.then_some(node)
            }),
        };
        match node {
            Some(node) if check.mistakes.is_empty() => Ok(Self { node }),
            _ => Err(check.mistakes),
        }
    }

    /// Returns the truth value for the known inputs.
    ///
    /// `&&` is false if any operand is false and `||` is true if any operand is true, even if others are unknown;
    /// `exists` and `all` are the same over elements; everything else is unknown if any operand is.
    ///
    /// # Errors
    /// The unknown inputs on which the result depends, or the evaluation error.
    pub(super) fn truth(&self, known: &dyn AttributeSource) -> Result<bool, UnknownValue> {
        Evaluation::of(known).flag(&self.node)
    }

    /// Returns the resulting strings.
    ///
    /// # Errors
    /// See [`Self::truth`].
    pub(super) fn names(&self, known: &dyn AttributeSource) -> Result<Vec<String>, UnknownValue> {
        let word = |value: ExprValue<'_>| match value {
            ExprValue::Text(text) => Some(text.into_owned()),
            _ => None,
        };
        match Evaluation::of(known).value(&self.node)? {
            ExprValue::List(list) => Ok(list.iter().filter_map(word).collect()),
            value => Ok(word(value).into_iter().collect()),
        }
    }

    /// Returns the names that the expression uses, by index.
    pub(super) fn uses(&self) -> BTreeSet<AttributeIndex> {
        let mut slots = BTreeSet::new();
        self.node.walk(&mut |node| {
            if let ExprNode::Attribute(slot) | ExprNode::IsKnown(slot) = node {
                slots.insert(*slot);
            }
        });
        slots
    }

    /// Returns the names without which the result is always unknown, by index: those that every evaluation path needs.
    pub(super) fn needs(&self) -> BTreeSet<AttributeIndex> {
        fn needs(node: &ExprNode) -> BTreeSet<AttributeIndex> {
            match node {
                ExprNode::Attribute(slot) => BTreeSet::from([*slot]),
                ExprNode::And(nodes) | ExprNode::Or(nodes) => {
                    let mut each = nodes.iter().map(needs);
                    let first = each.next().unwrap_or_default();
                    each.fold(first, |all, one| all.intersection(&one).copied().collect())
                }
                ExprNode::If(three) => {
                    let [condition, then, other] = &**three;
                    let mut all = needs(condition);
                    all.extend(needs(then).intersection(&needs(other)));
                    all
                }
                // The body of a macro over an empty list is not evaluated.
                ExprNode::Each(_, pair) => needs(&pair[0]),
                _ => node.children().into_iter().flat_map(needs).collect(),
            }
        }
        needs(&self.node)
    }
}
