//! Syntax tree of expressions, before names and types are resolved.

use super::checked_tree::{ArithmeticOp, ComparisonOp};
use std::ops::Range;

/// A node of the syntax tree with its span in bytes.
#[derive(Clone, Debug)]
pub(super) struct Syntax {
    pub(super) span: Range<usize>,
    pub(super) form: Form,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    And(Vec<Syntax>),
    Arithmetic(ArithmeticOp, Box<[Syntax; 2]>),
    Call(Box<Call>),
    Choice(Box<[Syntax; 3]>),
    Compare(ComparisonOp, Box<[Syntax; 2]>),
    In(Box<[Syntax; 2]>),
    Index(Box<[Syntax; 2]>),
    List(Vec<Syntax>),
    Literal(Literal),
    /// A map or a message.
    Map,
    Name(String),
    Negate(Box<Syntax>),
    Not(Box<Syntax>),
    Or(Vec<Syntax>),
    Select(Box<Syntax>, String),
}

/// A call of a function, a method or a macro; macros such as `exists` are not expanded.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) receiver: Option<Syntax>,
    pub(super) name: String,
    pub(super) name_span: Range<usize>,
    pub(super) arguments: Vec<Syntax>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Literal {
    Flag(bool),
    Number(i64),
    /// Bytes, floating point, unsigned or `null`: values of CEL that no attribute has.
    Other,
    Text(String),
}
