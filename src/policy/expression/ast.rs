//! A checked expression as a tree: names are places, kinds are settled, patterns are compiled.

use super::value::{AttributeIndex, Value};
use regex::Regex;

/// One step of an expression. Every step has operands of the kinds it needs; that was checked when it was compiled.
#[derive(Clone, Debug)]
pub(super) enum Node {
    And(Vec<Node>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Attribute(AttributeIndex),
    Call(Function, Box<Node>, Option<Box<Node>>),
    Compare(Comparison, Box<[Node; 2]>),
    Each(ListMacro, Box<[Node; 2]>),
    /// `has(map.key)`
    HasKey(Box<Node>, String),
    If(Box<[Node; 3]>),
    In(Box<[Node; 2]>),
    Index(Box<[Node; 2]>),
    /// `has(attribute)`: whether it is known.
    IsKnown(AttributeIndex),
    List(Vec<Node>),
    Literal(Value<'static>),
    /// The element that a macro such as `exists` looks at, counted from the outermost.
    Local(usize),
    Matches(Box<Node>, Regex),
    Negate(Box<Node>),
    Not(Box<Node>),
    Or(Vec<Node>),
    /// A list of literals, ready to be borrowed.
    Values(Vec<Value<'static>>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Divide,
    Multiply,
    Remainder,
    Subtract,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    NotEqual,
}

/// The macros of CEL that look at each element of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ListMacro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Function {
    Contains,
    EndsWith,
    Int,
    LowerAscii,
    Size,
    StartsWith,
    Text,
}

impl Node {
    /// Returns the steps it stands on.
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

    /// Visits this step and all below it.
    pub(super) fn walk<'n>(&'n self, visit: &mut dyn FnMut(&'n Self)) {
        visit(self);
        self.children().into_iter().for_each(|child| child.walk(visit));
    }
}
