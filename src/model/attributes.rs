//! Attributes of a grant as reported by its connector, in the system's own terms.

use litemap::LiteMap;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use std::{
    collections::BTreeMap,
    fmt,
    ops::{Deref, DerefMut},
};

/// The attributes of a grant, sorted by name. An inventory has very many grants, and nearly all of them have at most
/// one attribute: a B-tree map would allocate space for eleven.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd, JsonSchema)]
#[schemars(transparent)]
pub struct Attributes(#[schemars(with = "BTreeMap<String, String>")] LiteMap<String, String>);

impl Attributes {
    /// Returns an empty map.
    pub const fn new() -> Self {
        Self(LiteMap::new_vec())
    }

    /// Returns whether there are no attributes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Releases unused capacity.
    pub fn shrink(&mut self) {
        let mut all = std::mem::take(&mut self.0).into_tuple_vec();
        all.shrink_to_fit();
        self.0 = LiteMap::from_sorted_store_unchecked(all);
    }
}

impl Deref for Attributes {
    type Target = LiteMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// Serializes as a map, even when empty, because digests include it.
impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(GrantAttributesVisitor)
    }
}

struct GrantAttributesVisitor;

impl<'de> Visitor<'de> for GrantAttributesVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut all = Attributes::new();
        while let Some((name, value)) = map.next_entry()? {
            all.0.insert(name, value);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_round_trip_as_a_map() {
        for text in [r#"{}"#, r#"{"a":"1"}"#, r#"{"a":"1","b":"2"}"#] {
            let all: Attributes = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&all).unwrap(), text);
        }
        let unsorted: Attributes = serde_json::from_str(r#"{"b":"2","a":"1"}"#).unwrap();
        assert_eq!(serde_json::to_string(&unsorted).unwrap(), r#"{"a":"1","b":"2"}"#);
    }
}
