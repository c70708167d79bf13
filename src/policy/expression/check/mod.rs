//! Resolves names, types and functions of a parsed expression, and reports all errors.

mod calls;
mod names;
mod operators;

use super::{
    checked_tree::ExprNode,
    error::ExpressionError,
    syntax::{Form, Literal, Syntax},
    types::ExprType,
    value::{AttributeSchema, ExprValue},
};
use std::{borrow::Cow, ops::Range};

/// Checks a parsed expression against the names it may use.
pub(super) struct ExpressionChecker<'c> {
    vocabulary: &'c dyn AttributeSchema,
    locals: Vec<(String, ExprType)>,
    /// The errors found so far.
    pub(super) mistakes: Vec<ExpressionError>,
    /// The polarity of the current part, which decides whether `has` is permitted; see [`Self::presence`].
    polarity: Polarity,
}

/// The monotonicity of a part of an expression.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Polarity {
    /// If the part becomes true, the whole does not become false.
    For,
    /// If the part becomes true, the whole does not become true.
    Against,
    /// Unknown.
    Unsettled,
}

type CheckedNode = Option<(ExprNode, ExprType)>;

impl<'c> ExpressionChecker<'c> {
    pub(super) const fn new(vocabulary: &'c dyn AttributeSchema) -> Self {
        Self { vocabulary, locals: Vec::new(), mistakes: Vec::new(), polarity: Polarity::For }
    }

    pub(super) fn node(&mut self, at: &Syntax) -> CheckedNode {
        match &at.form {
            Form::And(terms) => self.junction(terms, ExprNode::And),
            Form::Call(call) if call.receiver.is_none() && call.name == "has" && call.arguments.len() == 1 => {
                self.presence(&call.arguments[0])
            }
            Form::List(elements) => self.list(at, elements),
            Form::Literal(literal) => self.literal(at, literal),
            Form::Map => {
                let message = "map and message literals are not supported";
                self.reject(at, "expression-unsupported", message, "compare with strings, numbers or lists of them")
            }
            Form::Name(name) => self.name(at, name),
            Form::Not(operand) => self.not(operand),
            Form::Or(terms) => self.junction(terms, ExprNode::Or),
            Form::Select(operand, field) => self.select(at, operand, field),
            Form::Arithmetic(..)
            | Form::Call(_)
            | Form::Choice(_)
            | Form::Compare(..)
            | Form::In(_)
            | Form::Index(_)
            | Form::Negate(_) => {
                let before = std::mem::replace(&mut self.polarity, Polarity::Unsettled);
                let checked = self.strict(at);
                self.polarity = before;
                checked
            }
        }
    }

    /// Checks a part that must be of this type.
    pub(super) fn expect(&mut self, at: &Syntax, wanted: ExprType) -> Option<ExprNode> {
        let (node, found) = self.node(at)?;
        if found.goes_with(wanted) {
            return Some(node);
        }
        let span = at.span.clone();
        self.wrong(span, format!("expected {wanted}, found {found}"));
        None
    }

    fn literal(&mut self, at: &Syntax, literal: &Literal) -> CheckedNode {
        let value = match literal {
            Literal::Flag(flag) => (ExprValue::Flag(*flag), ExprType::Flag),
            Literal::Number(number) => (ExprValue::Number(*number), ExprType::Number),
            Literal::Text(text) => (ExprValue::Text(Cow::Owned(text.clone())), ExprType::Text),
            Literal::Other => {
                let help = "attributes are integers, strings or booleans; write such a literal";
                return self.reject(at, "expression-unsupported", "literals of this type are not supported", help);
            }
        };
        Some((ExprNode::Literal(value.0), value.1))
    }

    fn list(&mut self, at: &Syntax, elements: &[Syntax]) -> CheckedNode {
        if elements.len() > MAX_ELEMENTS {
            let message = format!("the list has {} elements; the maximum is {MAX_ELEMENTS}", elements.len());
            return self.reject(at, "expression-too-long", &message, "split the rule into several rules");
        }
        let checked: Vec<_> = elements.iter().map(|element| (element, self.node(element))).collect();
        let Some((_, first)) = checked.first() else { return Some((ExprNode::Values(Vec::new()), ExprType::Empty)) };
        let kind = first.as_ref()?.1;
        let Some(list) = kind.list() else {
            return self.reject(at, "expression-kind", "lists contain strings, numbers or booleans", "use a flat list");
        };
        let mut nodes = Vec::new();
        for (element, checked) in checked {
            let (node, found) = checked?;
            if found != kind {
                let span = element.span.clone();
                self.wrong(span, format!("expected {kind} as in the first element, found {found}"));
                return None;
            }
            nodes.push(node);
        }
        let literal = |node: &ExprNode| match node {
            ExprNode::Literal(value) => Some(value.clone()),
            _ => None,
        };
        match nodes.iter().map(literal).collect::<Option<Vec<_>>>() {
            Some(values) => Some((ExprNode::Values(values), list)),
            None => Some((ExprNode::List(nodes), list)),
        }
    }

    fn wrong(&mut self, span: Range<usize>, message: String) {
        let help = "list the types of all names with `tenure policy attributes`";
        self.mistakes.push(ExpressionError::new("expression-kind", span, message).help(help));
    }

    fn reject(&mut self, at: &Syntax, code: &'static str, message: &str, help: &str) -> CheckedNode {
        self.mistakes.push(ExpressionError::new(code, at.span.clone(), message).help(help));
        None
    }
}

/// Maximum number of elements of a list literal.
pub(super) const MAX_ELEMENTS: usize = 256;
