//! Types of expressions.

use crate::policy::AttributeKind;
use std::fmt;

/// The kind of a part of an expression.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExprType {
    /// An empty list, compatible with every list type.
    Empty,
    Flag,
    Flags,
    Map,
    Number,
    Numbers,
    Text,
    Texts,
}

impl fmt::Display for ExprType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty list",
            Self::Flag => "bool",
            Self::Flags => "list(bool)",
            Self::Map => "map(string, string)",
            Self::Number => "int",
            Self::Numbers => "list(int)",
            Self::Text => "string",
            Self::Texts => "list(string)",
        })
    }
}

impl From<AttributeKind> for ExprType {
    fn from(kind: AttributeKind) -> Self {
        match kind {
            AttributeKind::Flag => Self::Flag,
            AttributeKind::Map => Self::Map,
            AttributeKind::Number => Self::Number,
            AttributeKind::Text => Self::Text,
            AttributeKind::Texts => Self::Texts,
        }
    }
}

impl ExprType {
    pub(super) const fn element(self) -> Option<Self> {
        match self {
            Self::Flags => Some(Self::Flag),
            Self::Numbers => Some(Self::Number),
            Self::Texts | Self::Empty => Some(Self::Text),
            Self::Flag | Self::Map | Self::Number | Self::Text => None,
        }
    }

    pub(super) const fn list(self) -> Option<Self> {
        match self {
            Self::Flag => Some(Self::Flags),
            Self::Number => Some(Self::Numbers),
            Self::Text => Some(Self::Texts),
            _ => None,
        }
    }

    pub(super) fn goes_with(self, other: Self) -> bool {
        self == other
            || (self == Self::Empty && other.element().is_some())
            || (other == Self::Empty && self.element().is_some())
    }
}
