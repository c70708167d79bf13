//! The definition of a policy attribute: name, type, description, permitted values, and origin.

use std::fmt;

/// One attribute. Where no source supplies a value, it is unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AttributeDefinition {
    /// The name in expressions and in `attributes`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: AttributeKind,
    /// The description.
    pub about: &'static str,
    /// The permitted values of an enumerated attribute, sorted. Another value is an error, so that a misspelt value
    /// never passes.
    pub words: Option<&'static [&'static str]>,
    /// The origin of its values in principals files.
    pub origin: AttributeOrigin,
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum AttributeKind {
    /// A boolean.
    Flag,
    /// A map of strings.
    Map,
    /// An integer.
    Number,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
}

impl fmt::Display for AttributeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "bool",
            Self::Map => "map(string, string)",
            Self::Number => "int",
            Self::Text => "string",
            Self::Texts => "list(string)",
        })
    }
}

/// The origin of the values of an attribute in principals files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttributeOrigin {
    /// None: it is computed from entries, inventories and the repository.
    Computed,
    /// `attributes`, where no connector reports it.
    Declared,
    /// This key of an entry.
    Key(&'static str),
}

impl AttributeDefinition {
    const fn new(kind: AttributeKind, name: &'static str, about: &'static str) -> Self {
        Self { name, kind, about, words: None, origin: AttributeOrigin::Declared }
    }

    /// Sets that it cannot be declared.
    pub(super) const fn computed(mut self) -> Self {
        self.origin = AttributeOrigin::Computed;
        self
    }

    /// Sets the key of an entry that has its value.
    pub(super) const fn key(mut self, key: &'static str) -> Self {
        self.origin = AttributeOrigin::Key(key);
        self
    }

    /// Sets the permitted values.
    pub(super) const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.words = Some(words);
        self
    }
}

/// Returns a boolean attribute.
pub(super) const fn flag(name: &'static str, about: &'static str) -> AttributeDefinition {
    AttributeDefinition::new(AttributeKind::Flag, name, about)
}

/// Returns an attribute with a map of strings.
pub(super) const fn map(name: &'static str, about: &'static str) -> AttributeDefinition {
    AttributeDefinition::new(AttributeKind::Map, name, about)
}

/// Returns an attribute with an integer.
pub(super) const fn number(name: &'static str, about: &'static str) -> AttributeDefinition {
    AttributeDefinition::new(AttributeKind::Number, name, about)
}

/// Returns an attribute with a string.
pub(super) const fn text(name: &'static str, about: &'static str) -> AttributeDefinition {
    AttributeDefinition::new(AttributeKind::Text, name, about)
}

/// Returns an attribute with a list of strings.
pub(super) const fn texts(name: &'static str, about: &'static str) -> AttributeDefinition {
    AttributeDefinition::new(AttributeKind::Texts, name, about)
}
