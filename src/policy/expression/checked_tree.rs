//! Tree of a checked expression: names are resolved to indexes, types are known, patterns are compiled.

use super::value::{AttributeIndex, ExprValue};
use regex::Regex;

/// One node of an expression. The types of its operands were checked when it was compiled.
#[derive(Clone, Debug)]
pub(super) enum ExprNode {
    And(Vec<ExprNode>),
    Arithmetic(ArithmeticOp, Box<[ExprNode; 2]>),
    Attribute(AttributeIndex),
    Call(ExprFunction, Box<ExprNode>, Option<Box<ExprNode>>),
    Compare(ComparisonOp, Box<[ExprNode; 2]>),
    Each(ListMacro, Box<[ExprNode; 2]>),
    /// `has(map.key)`
    HasKey(Box<ExprNode>, String),
    If(Box<[ExprNode; 3]>),
    In(Box<[ExprNode; 2]>),
    Index(Box<[ExprNode; 2]>),
    /// `has(attribute)`: whether it is known.
    IsKnown(AttributeIndex),
    List(Vec<ExprNode>),
    Literal(ExprValue<'static>),
    /// The current element of a macro such as `exists`, by nesting depth from the outermost macro.
    Local(usize),
    Matches(Box<ExprNode>, Regex),
    Negate(Box<ExprNode>),
    Not(Box<ExprNode>),
    Or(Vec<ExprNode>),
    /// A list of literals, stored so that evaluation can borrow it.
    Values(Vec<ExprValue<'static>>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ArithmeticOp {
    Add,
    Divide,
    Multiply,
    Remainder,
    Subtract,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ComparisonOp {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    NotEqual,
}

/// The macros of CEL that evaluate a condition for each element of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ListMacro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExprFunction {
    Contains,
    EndsWith,
    Int,
    LowerAscii,
    Size,
    StartsWith,
    Text,
}

impl ExprNode {
    /// Returns the operands.
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::And(nodes) | Self::Or(nodes) | Self::List(nodes) => nodes.iter().collect(),
            Self::Arithmetic(_, pair)
            | Self::Compare(_, pair)
            | Self::Each(_, pair)
            | Self::In(pair)
            | Self::Index(pair) => pair.iter().collect(),
            Self::If(three) => three.iter().collect(),
            Self::HasKey(node, _) | Self::Matches(node, _) | Self::Negate(node) | Self::Not(node) => vec![node],
            Self::Call(_, node, argument) => std::iter::once(&**node).chain(argument.as_deref()).collect(),
            Self::Attribute(_) | Self::IsKnown(_) | Self::Literal(_) | Self::Local(_) | Self::Values(_) => Vec::new(),
        }
    }

    /// Visits this node and all nodes below it.
    pub(super) fn walk<'n>(&'n self, visit: &mut dyn FnMut(&'n Self)) {
        visit(self);
        self.children().into_iter().for_each(|child| child.walk(visit));
    }
}
