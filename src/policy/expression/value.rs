//! Values of expressions, and reasons for unknown values.

use crate::model::Attributes;
use crate::{model::file::AttributeValue, policy::AttributeKind};
use std::borrow::Cow;

/// A value of an expression. Strings and lists are borrowed where possible.
#[derive(Clone, Debug)]
pub(crate) enum ExprValue<'a> {
    /// A boolean.
    Flag(bool),
    /// A list of values of one type.
    List(ExprList<'a>),
    /// A map of strings.
    Map(&'a Attributes),
    /// An integer.
    Number(i64),
    /// A string.
    Text(Cow<'a, str>),
}

/// A list of values of one type.
#[derive(Clone, Debug)]
pub(crate) enum ExprList<'a> {
    /// The elements of a literal.
    Literal(&'a [ExprValue<'a>]),
    /// Elements computed by an expression.
    Made(Vec<ExprValue<'a>>),
    /// The strings of an attribute.
    Words(&'a [String]),
}

impl<'a> ExprValue<'a> {
    /// Returns the value of an attribute.
    pub(crate) fn of(fact: &'a AttributeValue) -> Self {
        match fact {
            AttributeValue::Flag(flag) => Self::Flag(*flag),
            AttributeValue::Number(number) => Self::Number(*number),
            AttributeValue::Text(text) => Self::Text(Cow::Borrowed(text)),
            AttributeValue::Texts(texts) => Self::List(ExprList::Words(texts)),
        }
    }

    /// Returns whether two values of one type are equal.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Flag(a), Self::Flag(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(&b)),
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl<'a> ExprList<'a> {
    /// Returns the number of elements.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Literal(values) => values.len(),
            Self::Made(values) => values.len(),
            Self::Words(words) => words.len(),
        }
    }

    /// Returns the elements in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ExprValue<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// Returns the element at an index, from 0.
    pub(super) fn get(&self, at: usize) -> Option<ExprValue<'a>> {
        match self {
            Self::Literal(values) => values.get(at).cloned(),
            Self::Made(values) => values.get(at).cloned(),
            Self::Words(words) => words.get(at).map(|word| ExprValue::Text(Cow::Borrowed(word.as_str()))),
        }
    }
}

/// The inputs of an evaluation, by index of a name.
pub(crate) trait AttributeSource {
    /// Returns the value of a name; `None` if it is unknown.
    fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>>;
}

/// The index of a name in its vocabulary.
pub(crate) type AttributeIndex = u8;

/// The names available in an expression, with their types; names are identified by index.
pub(crate) trait AttributeSchema {
    /// Returns the index and the type of a name.
    fn find(&self, name: &str) -> Option<(AttributeIndex, AttributeKind)>;

    /// Returns all names.
    fn names(&self) -> Vec<String>;

    /// Returns the permitted values of an enumerated name; `None` for others.
    fn permitted_values(&self, slot: AttributeIndex) -> Option<&'static [&'static str]>;

    /// Returns a hint that names the documentation of the names.
    fn help(&self) -> &'static str;
}

/// The reason why an expression has no value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct UnknownValue {
    missing: [u64; 4],
    trouble: Option<EvaluationError>,
}

/// An evaluation error.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum EvaluationError {
    /// The evaluation exceeds its budget.
    Budget,
    /// Division by zero, or a number outside 64 bits.
    Arithmetic,
    /// A string is not a number.
    NoNumber,
    /// A list or map has no such index or key.
    NoSuchElement,
}

impl EvaluationError {
    /// Returns the message.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Budget => "the evaluation exceeds its step limit",
            Self::Arithmetic => "division by zero or integer overflow",
            Self::NoNumber => "a string is not a number",
            Self::NoSuchElement => "no such list element or map key",
        }
    }
}

impl UnknownValue {
    /// Returns the reason that one name is unknown.
    pub(crate) fn missing(slot: AttributeIndex) -> Self {
        let mut unknown = Self::default();
        unknown.missing[usize::from(slot) / 64] |= 1 << (slot % 64);
        unknown
    }

    pub(crate) fn trouble(trouble: EvaluationError) -> Self {
        Self { trouble: Some(trouble), ..Self::default() }
    }

    /// Returns the combination of both reasons.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.missing.iter_mut().zip(other.missing).for_each(|(mine, theirs)| *mine |= theirs);
        self.trouble = self.trouble.max(other.trouble);
        self
    }

    /// Returns the unknown names, by index.
    pub(crate) fn slots(&self) -> impl Iterator<Item = AttributeIndex> + '_ {
        (0..=AttributeIndex::MAX).filter(|slot| self.missing[usize::from(*slot) / 64] & (1 << (slot % 64)) != 0)
    }

    /// Returns the evaluation error; `None` if only inputs are unknown.
    pub(crate) const fn reason(&self) -> Option<EvaluationError> {
        self.trouble
    }
}
