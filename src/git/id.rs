//! Ids of git objects: 40 lower-case hexadecimal digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, fmt};

/// The SHA-1 id of a commit, tree or blob. It only locates an object: Tenure binds to the SHA-256 digest of bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId([u8; 20]);

/// An error: a text that is not 40 lower-case hexadecimal digits.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not an object id: expected 40 lower-case hexadecimal digits")]
pub struct ParseObjectIdError(String);

impl ObjectId {
    /// Parses 40 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, ParseObjectIdError> {
        let digits = text.as_bytes();
        let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        match git2::Oid::from_str(text) {
            Ok(oid) if lower && digits.len() == 40 => Ok(oid.into()),
            _ => Err(ParseObjectIdError(text.chars().take(80).collect())),
        }
    }

    pub(super) fn from_raw(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    pub(super) fn oid(self) -> git2::Oid {
        // INVARIANT: any twenty bytes are a valid id.
        git2::Oid::from_bytes(&self.0).unwrap_or(git2::Oid::ZERO_SHA1)
    }
}

impl From<git2::Oid> for ObjectId {
    fn from(oid: git2::Oid) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&oid.as_bytes()[..20]);
        Self(bytes)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl std::str::FromStr for ObjectId {
    type Err = ParseObjectIdError;
    fn from_str(text: &str) -> Result<Self, ParseObjectIdError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_id_has_one_spelling() {
        let text = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        assert_eq!(ObjectId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        for other in
            ["", "4b825dc", &text.to_uppercase(), &format!("{text}0"), " 4b825dc642cb6eb9a060e54bf8d69288fbee490"]
        {
            assert!(ObjectId::parse(other).is_err(), "{other}");
        }
    }
}
