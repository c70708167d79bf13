//! Known attributes of one grant or principal. An absent attribute is unknown.

use super::{
    ATTRIBUTES, AttributeDefinition, AttributeKind, attribute,
    expression::{AttributeIndex, ExprValue},
};
use crate::model::{Attributes, file::AttributeValue};

/// The known attributes of one grant or principal. Lookup takes constant time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttributeValues {
    /// One bit for each known attribute, by its index in the list.
    present: [u64; 2],
    /// The values of the known attributes, in the order of the list.
    values: Vec<AttributeValue>,
    attributes: Option<Attributes>,
}

/// An attribute that is rejected.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AttributeError {
    /// The name is not a policy attribute.
    #[error("unknown attribute `{0}`; list all attributes with `tenure policy attributes`")]
    Name(String),
    /// The value has a wrong type.
    #[error("`{name}` is {kind}")]
    Value {
        /// The attribute.
        name: &'static str,
        /// The required type.
        kind: AttributeKind,
    },
}

impl AttributeValues {
    /// Sets an attribute; a previous value is replaced.
    ///
    /// # Errors
    /// When the name is unknown or the value has a wrong type.
    pub fn insert(&mut self, name: &str, fact: AttributeValue) -> Result<(), AttributeError> {
        let attribute = attribute(name).ok_or_else(|| AttributeError::Name(name.to_owned()))?;
        let fits = matches!(
            (&fact, attribute.kind),
            (AttributeValue::Flag(_), AttributeKind::Flag)
                | (AttributeValue::Number(_), AttributeKind::Number)
                | (AttributeValue::Text(_), AttributeKind::Text)
                | (AttributeValue::Texts(_), AttributeKind::Texts)
        );
        if !fits {
            return Err(AttributeError::Value { name: attribute.name, kind: attribute.kind });
        }
        let slot = slot(attribute);
        let (word, bit, rank) = self.place(slot);
        if self.present[word] & bit == 0 {
            self.present[word] |= bit;
            self.values.insert(rank, fact);
        } else if let Some(known) = self.values.get_mut(rank) {
            *known = fact;
        }
        Ok(())
    }

    /// Sets the connector's own attributes, `grant.attributes`.
    pub fn know_attributes(&mut self, attributes: Attributes) {
        self.attributes = Some(attributes);
    }

    /// Returns the value of an attribute; `None` if it is unknown.
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.at(slot(attribute(name)?))
    }

    /// Returns all known attributes by name.
    pub fn known(&self) -> impl Iterator<Item = (&'static str, &AttributeValue)> {
        let names = (0_u8..).zip(ATTRIBUTES).filter(|(slot, _)| self.at(*slot).is_some());
        names.map(|(_, attribute)| attribute.name).zip(&self.values)
    }

    /// Returns the connector's own attributes; `None` if no connector supplied any.
    pub const fn attributes(&self) -> Option<&Attributes> {
        self.attributes.as_ref()
    }

    /// Returns the value of the attribute at this index of the list.
    pub(super) fn value(&self, slot: AttributeIndex) -> Option<ExprValue<'_>> {
        if ATTRIBUTES.get(usize::from(slot)).is_some_and(|attribute| attribute.kind == AttributeKind::Map) {
            return self.attributes.as_ref().map(ExprValue::Map);
        }
        self.at(slot).map(ExprValue::of)
    }

    fn at(&self, slot: AttributeIndex) -> Option<&AttributeValue> {
        let (word, bit, rank) = self.place(slot);
        if self.present.get(word)? & bit == 0 { None } else { self.values.get(rank) }
    }

    /// Returns the word and bit of an attribute, and the number of known attributes before it.
    fn place(&self, slot: AttributeIndex) -> (usize, u64, usize) {
        let (word, bit) = (usize::from(slot) / 64, 1_u64 << (slot % 64));
        let before: u32 = self.present.iter().take(word).map(|word| word.count_ones()).sum();
        let here = self.present.get(word).map_or(0, |word| (word & (bit - 1)).count_ones());
        (word, bit, (before + here) as usize)
    }
}

/// Returns the index of an attribute in the list.
fn slot(attribute: &AttributeDefinition) -> AttributeIndex {
    let place = ATTRIBUTES.partition_point(|one| one.name < attribute.name);
    AttributeIndex::try_from(place).unwrap_or(AttributeIndex::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookup_is_independent_of_insertion_order() {
        let facts = |names: Vec<&AttributeDefinition>| {
            let mut facts = AttributeValues::default();
            for attribute in names {
                let fact = match attribute.kind {
                    AttributeKind::Flag => AttributeValue::Flag(true),
                    AttributeKind::Number => AttributeValue::Number(attribute.name.len() as i64),
                    AttributeKind::Text => AttributeValue::Text(attribute.name.to_owned()),
                    AttributeKind::Texts => AttributeValue::Texts(vec![attribute.name.to_owned()]),
                    AttributeKind::Map => continue,
                };
                facts.insert(attribute.name, fact).unwrap();
            }
            facts
        };
        let forward = facts(ATTRIBUTES.iter().collect());
        assert_eq!(forward, facts(ATTRIBUTES.iter().rev().collect()));
        assert_eq!(forward.known().count() + 1, ATTRIBUTES.len());
        assert!(forward.known().is_sorted_by_key(|(name, _)| name));
        for (name, fact) in forward.known() {
            assert_eq!(forward.get(name), Some(fact));
            assert!(!matches!(fact, AttributeValue::Text(text) if text != name), "{name}");
        }
        let few = facts(ATTRIBUTES.iter().step_by(7).collect());
        for attribute in ATTRIBUTES {
            assert!(few.get(attribute.name).is_none_or(|fact| forward.get(attribute.name) == Some(fact)));
        }
    }

    #[test]
    fn attribute_of_wrong_type_or_name_is_rejected() {
        let mut facts = AttributeValues::default();
        facts.insert("usage.idle_days", AttributeValue::Number(1)).unwrap();
        facts.insert("usage.idle_days", AttributeValue::Number(2)).unwrap();
        assert_eq!(facts.get("usage.idle_days"), Some(&AttributeValue::Number(2)));
        let wrong = facts.insert("usage.idle_days", AttributeValue::Text("2".to_owned()));
        assert_eq!(wrong, Err(AttributeError::Value { name: "usage.idle_days", kind: AttributeKind::Number }));
        assert!(matches!(facts.insert("usage.idle", AttributeValue::Number(1)), Err(AttributeError::Name(_))));
    }
}
