//! What an expression works with: values borrowed from what is known, and why there is none.

use crate::model::Attributes;
use crate::{model::file::AttributeValue, policy::Kind};
use std::borrow::Cow;

/// A value of an expression. Words and lists are borrowed wherever they can be.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Yes or no.
    Flag(bool),
    /// Several of one kind.
    List(List<'a>),
    /// Words by name.
    Map(&'a Attributes),
    /// A whole number.
    Number(i64),
    /// A word.
    Text(Cow<'a, str>),
}

/// Several values of one kind.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// Those of a literal.
    Literal(&'a [Value<'a>]),
    /// Those an expression has made.
    Made(Vec<Value<'a>>),
    /// Words that are known.
    Words(&'a [String]),
}

impl<'a> Value<'a> {
    /// Returns the value of a fact.
    pub fn of(fact: &'a AttributeValue) -> Self {
        match fact {
            AttributeValue::Flag(flag) => Self::Flag(*flag),
            AttributeValue::Number(number) => Self::Number(*number),
            AttributeValue::Text(text) => Self::Text(Cow::Borrowed(text)),
            AttributeValue::Texts(texts) => Self::List(List::Words(texts)),
        }
    }

    /// Returns whether two values of one kind are the same.
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

impl<'a> List<'a> {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Literal(values) => values.len(),
            Self::Made(values) => values.len(),
            Self::Words(words) => words.len(),
        }
    }

    /// Returns the values in their order.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// Returns the value at a place counted from 0.
    pub(super) fn get(&self, at: usize) -> Option<Value<'a>> {
        match self {
            Self::Literal(values) => values.get(at).cloned(),
            Self::Made(values) => values.get(at).cloned(),
            Self::Words(words) => words.get(at).map(|word| Value::Text(Cow::Borrowed(word.as_str()))),
        }
    }
}

/// What is known, by the place of a name in its vocabulary.
pub trait AttributeSource {
    /// Returns the value of a name; nothing where it is not known.
    fn value(&self, slot: AttributeIndex) -> Option<Value<'_>>;
}

/// The place of a name in its vocabulary.
pub type AttributeIndex = u8;

/// The names an expression may use, each with its kind; the place of a name is its number in the list.
pub trait AttributeSchema {
    /// Returns the place and the kind of a name.
    fn find(&self, name: &str) -> Option<(AttributeIndex, Kind)>;

    /// Returns all names.
    fn names(&self) -> Vec<String>;

    /// Returns all words that a name may have for its value, where that is a closed list.
    fn words(&self, slot: AttributeIndex) -> Option<&'static [&'static str]>;

    /// Returns where a stranger finds them, as a sentence.
    fn help(&self) -> &'static str;
}

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Unknown {
    missing: [u64; 4],
    trouble: Option<EvaluationError>,
}

/// What can go wrong with what is known.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum EvaluationError {
    /// It would take more work than an expression is given.
    Budget,
    /// A division by zero, or a number beyond 64 bits.
    Arithmetic,
    /// A word was to be a number and is none.
    NoNumber,
    /// A list or map does not have this place or name.
    NoSuchElement,
}

impl EvaluationError {
    /// Returns what people read.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Budget => "it would take too much work",
            Self::Arithmetic => "a division by zero, or a number too large",
            Self::NoNumber => "a word is not a number",
            Self::NoSuchElement => "a list or map has no such element",
        }
    }
}

impl Unknown {
    /// Returns the lack of one name.
    pub(crate) fn missing(slot: AttributeIndex) -> Self {
        let mut unknown = Self::default();
        unknown.missing[usize::from(slot) / 64] |= 1 << (slot % 64);
        unknown
    }

    pub(crate) fn trouble(trouble: EvaluationError) -> Self {
        Self { trouble: Some(trouble), ..Self::default() }
    }

    /// Returns both reasons together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.missing.iter_mut().zip(other.missing).for_each(|(mine, theirs)| *mine |= theirs);
        self.trouble = self.trouble.max(other.trouble);
        self
    }

    /// Returns the places of the names that would have to be known.
    pub fn slots(&self) -> impl Iterator<Item = AttributeIndex> + '_ {
        (0..=AttributeIndex::MAX).filter(|slot| self.missing[usize::from(*slot) / 64] & (1 << (slot % 64)) != 0)
    }

    /// Returns what went wrong, where it is not only that something is missing.
    pub const fn reason(&self) -> Option<EvaluationError> {
        self.trouble
    }
}
