//! Ids of git objects: 40 lower-case hexadecimal digits.

use std::fmt;

/// The SHA-1 id of a commit, tree or blob. It finds an object; what Tenure binds to is SHA-256 of bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId([u8; 20]);

/// A text that is not 40 lower-case hexadecimal digits.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an object id is 40 lower-case hexadecimal digits, not `{0}`")]
pub struct InvalidObjectId(String);

impl ObjectId {
    /// Reads 40 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidObjectId> {
        let digits = text.as_bytes();
        let lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        match git2::Oid::from_str(text) {
            Ok(oid) if lower && digits.len() == 40 => Ok(oid.into()),
            _ => Err(InvalidObjectId(text.chars().take(80).collect())),
        }
    }

    pub(super) fn from_raw(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    pub(super) fn oid(self) -> git2::Oid {
        // INVARIANT: twenty bytes are always an id.
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

impl std::str::FromStr for ObjectId {
    type Err = InvalidObjectId;
    fn from_str(text: &str) -> Result<Self, InvalidObjectId> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        assert_eq!(ObjectId::parse(text).map(|id| id.to_string()), Ok(text.to_owned()));
        for other in
            ["", "4b825dc", &text.to_uppercase(), &format!("{text}0"), " 4b825dc642cb6eb9a060e54bf8d69288fbee490"]
        {
            assert!(ObjectId::parse(other).is_err(), "{other}");
        }
    }
}
