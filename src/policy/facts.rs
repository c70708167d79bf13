//! What is known of one grant or principal: attributes by name. What is not there is unknown.

use super::{Kind, attribute};
use crate::model::file::Fact;
use std::collections::BTreeMap;

/// What is known of one grant or principal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    known: BTreeMap<&'static str, Fact>,
    attributes: BTreeMap<String, String>,
}

/// A fact that is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FactError {
    /// No attribute has this name.
    #[error("no attribute is called `{0}`; `tenure policy attributes` lists them")]
    Name(String),
    /// The value is of another kind.
    #[error("`{name}` is {kind}")]
    Value {
        /// The attribute.
        name: &'static str,
        /// What it must be.
        kind: Kind,
    },
}

impl Facts {
    /// Takes a fact; one that was known before is replaced.
    ///
    /// # Errors
    /// When no attribute has this name, or its values are of another kind.
    pub fn know(&mut self, name: &str, fact: Fact) -> Result<(), FactError> {
        let attribute = attribute(name).ok_or_else(|| FactError::Name(name.to_owned()))?;
        let fits = matches!(
            (&fact, attribute.kind),
            (Fact::Flag(_), Kind::Flag)
                | (Fact::Number(_), Kind::Number)
                | (Fact::Text(_), Kind::Text)
                | (Fact::Texts(_), Kind::Texts)
        );
        if !fits {
            return Err(FactError::Value { name: attribute.name, kind: attribute.kind });
        }
        self.known.insert(attribute.name, fact);
        Ok(())
    }

    /// Takes what a connector says by its own names: `grant.attributes`.
    pub fn know_attributes(&mut self, attributes: BTreeMap<String, String>) {
        self.attributes = attributes;
    }

    /// Returns what is known of an attribute.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.known.get(name)
    }

    /// Returns all that is known, by name.
    pub fn known(&self) -> impl Iterator<Item = (&'static str, &Fact)> {
        self.known.iter().map(|(name, fact)| (*name, fact))
    }

    /// Returns what the connector says by its own names.
    pub const fn attributes(&self) -> &BTreeMap<String, String> {
        &self.attributes
    }
}
