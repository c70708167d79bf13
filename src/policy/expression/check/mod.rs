//! Settles names, kinds and functions of a parsed expression; everything that is wrong is said at once.

mod calls;
mod names;
mod operators;

use super::{
    ast::Node,
    error::ExpressionError,
    parse::Parsed,
    types::Type,
    value::{AttributeSchema, Value},
};
use cel::{
    IdedExpr,
    common::ast::{Expr, LiteralValue},
};
use std::{borrow::Cow, ops::Range};

/// Checks a parsed expression against the names it may use.
pub(super) struct Check<'c> {
    parsed: &'c Parsed<'c>,
    vocabulary: &'c dyn AttributeSchema,
    locals: Vec<(String, Type)>,
    /// What is wrong so far.
    pub(super) mistakes: Vec<ExpressionError>,
    /// Whether what is not known may become false here; see [`Self::presence`].
    asked: Side,
}

/// Which way a part of the expression pulls the whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    /// More of it, more of the whole.
    For,
    /// More of it, less of the whole.
    Against,
    /// Neither can be said.
    Unsettled,
}

type Checked = Option<(Node, Type)>;

impl<'c> Check<'c> {
    pub(super) const fn new(parsed: &'c Parsed<'c>, vocabulary: &'c dyn AttributeSchema) -> Self {
        Self { parsed, vocabulary, locals: Vec::new(), mistakes: Vec::new(), asked: Side::For }
    }

    pub(super) fn node(&mut self, at: &IdedExpr) -> Checked {
        match &at.expr {
            Expr::Call(call) => self.call(at, call),
            Expr::Ident(name) => self.name(at, name),
            Expr::List(list) => self.list(at, &list.elements),
            Expr::Literal(literal) => self.literal(at, literal),
            Expr::Select(select) => self.select(at, select),
            Expr::Map(_) | Expr::Struct(_) | Expr::Comprehension(_) | Expr::Unspecified => {
                let message = "maps and messages cannot be made here";
                self.refuse(at, "expression-unsupported", message, "compare with words, numbers and lists of them")
            }
        }
    }

    /// Checks a part that must be of this type.
    pub(super) fn expect(&mut self, at: &IdedExpr, wanted: Type) -> Option<Node> {
        let (node, found) = self.node(at)?;
        if found.goes_with(wanted) {
            return Some(node);
        }
        let span = self.parsed.span(at);
        self.wrong(span, format!("this is {found}, and {wanted} is needed"));
        None
    }

    fn literal(&mut self, at: &IdedExpr, literal: &LiteralValue) -> Checked {
        let value = match literal {
            LiteralValue::Boolean(flag) => (Value::Flag(*flag.inner()), Type::Flag),
            LiteralValue::Int(number) => (Value::Number(*number.inner()), Type::Number),
            LiteralValue::String(text) => (Value::Text(Cow::Owned(text.inner().to_owned())), Type::Text),
            LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::Null | LiteralValue::UInt(_) => {
                let help = "no attribute has such values: whole numbers, strings, true and false are there";
                return self.refuse(at, "expression-unsupported", "no such values are used here", help);
            }
        };
        Some((Node::Literal(value.0), value.1))
    }

    fn list(&mut self, at: &IdedExpr, elements: &[IdedExpr]) -> Checked {
        if elements.len() > MAX_ELEMENTS {
            let message = format!("the list has {} elements; at most {MAX_ELEMENTS} are taken", elements.len());
            return self.refuse(at, "expression-too-long", &message, "split it into several rules");
        }
        let checked: Vec<_> = elements.iter().map(|element| (element, self.node(element))).collect();
        let Some((_, first)) = checked.first() else { return Some((Node::Values(Vec::new()), Type::Empty)) };
        let kind = first.as_ref()?.1;
        let Some(list) = kind.list() else {
            return self.refuse(at, "expression-kind", "a list holds strings, numbers or truths", "take it apart");
        };
        let mut nodes = Vec::new();
        for (element, checked) in checked {
            let (node, found) = checked?;
            if found != kind {
                let span = self.parsed.span(element);
                self.wrong(span, format!("this is {found}, and the list begins with {kind}"));
                return None;
            }
            nodes.push(node);
        }
        let literal = |node: &Node| match node {
            Node::Literal(value) => Some(value.clone()),
            _ => None,
        };
        match nodes.iter().map(literal).collect::<Option<Vec<_>>>() {
            Some(values) => Some((Node::Values(values), list)),
            None => Some((Node::List(nodes), list)),
        }
    }

    fn wrong(&mut self, span: Range<usize>, message: String) {
        let help = "`tenure policy attributes` lists what each name is";
        self.mistakes.push(ExpressionError::new("expression-kind", span, message).help(help));
    }

    fn refuse(&mut self, at: &IdedExpr, code: &'static str, message: &str, help: &str) -> Checked {
        self.mistakes.push(ExpressionError::new(code, self.parsed.span(at), message).help(help));
        None
    }
}

/// The most elements of a list that is written down.
pub(super) const MAX_ELEMENTS: usize = 256;
