//! Identifiers as types, parsed once at the border of the program.

use super::{Digest, serde_text};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, sync::Arc};

/// An error: a text that is not an id of the expected kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a valid {kind}: expected {allowed}")]
pub struct ParseIdError {
    kind: &'static str,
    allowed: &'static str,
    text: String,
}

impl ParseIdError {
    fn new(kind: &'static str, allowed: &'static str, text: &str) -> Self {
        Self { kind, allowed, text: text.chars().take(80).collect() }
    }
}

// Copies of an id share one text, because ids are copied more often than they are read.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $pattern:literal, $allowed:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, JsonSchema)]
        #[schemars(with = "String", extend("pattern" = $pattern))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses the id.
            ///
            /// # Errors
            /// When `text` is not in the form of this kind.
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(ParseIdError::new($kind, $allowed, text))
                }
            }

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde_text::read(deserializer, Self::parse)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Self::parse(text)
            }
        }
    )*};
}

ids! {
    /// One action of a plan: `act-` and 128 bits of a digest; also its idempotency key.
    ActionId, "action id", "^act-[0-9a-f]{32}$", "`act-` and 32 hexadecimal digits", |t| hex_after(t, "act-", 32);
    /// A campaign, named after its folder under `campaigns/`.
    CampaignId, "campaign id", "^[a-z0-9][a-z0-9.-]{0,63}$", "up to 64 of `a-z 0-9 . -`, starting with a letter or digit", |t| slug(t, ".-");
    /// A grant by the target's immutable ids, at the finest granularity that can be revoked.
    GrantKey, "grant key", "^[!-~]{1,512}$", "1 to 512 printable ASCII characters without spaces", |t| !t.is_empty() && t.len() <= 512 && t.bytes().all(|b| b.is_ascii_graphic());
    /// The name of a person or a team on a Git host: `@login` or `@organization/team`.
    Handle, "handle", "^@[A-Za-z0-9-]{1,39}(/[A-Za-z0-9._-]{1,100})?$", "`@login` or `@organization/team`", handle;
    /// A person or non-human identity as the registry and `principals` name it.
    PrincipalId, "principal id", "^[a-z0-9][a-z0-9._-]{0,63}$", "up to 64 of `a-z 0-9 . _ -`, starting with a letter or digit", |t| slug(t, "._-");
    /// A governed repository, independent of its URL: `urn:uuid:` (RFC 9562).
    RepoId, "repository id", "^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "`urn:uuid:` and a lower-case UUID", repo_urn;
    /// One run of the engine: a version 7 UUID, so that runs sort by their start.
    RunId, "run id", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "a lower-case UUID", uuid_text;
    /// A system that holds access, named after its folder under `systems/`.
    SystemId, "system id", "^[a-z0-9][a-z0-9-]{0,63}$", "up to 64 of `a-z 0-9 -`, starting with a letter or digit", |t| slug(t, "-");
}

impl ActionId {
    /// Returns the id of the action for `verdict` on one grant of one item: the same inputs give the same id. The
    /// removal after a `disable` has the verb [`REMOVE_AFTER_SOAK`].
    pub fn of(repo: &RepoId, item: &ItemId, grant: &Digest, verdict: &str) -> Self {
        let text = format!("tenure/action/v1\n{repo}\n{item}\n{grant}\n{verdict}\n");
        Self(format!("act-{}", &Digest::of(text).hex()[..32]).into())
    }
}

/// The verb in the id of the action that removes disabled access after its soak period.
pub const REMOVE_AFTER_SOAK: &str = "remove after soak";

/// One grant assigned to one reviewer: `itm-` and 64 bits of a digest. A campaign has very many item ids, which are
/// sorted, looked up and compared often, so an id is stored as a number with the same order as its text.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^itm-[0-9a-f]{16}$"))]
pub struct ItemId(u64);

impl ItemId {
    /// Returns the id of the item for the grant with this key in `campaign`.
    pub fn of(campaign: &CampaignId, system: &SystemId, key: &GrantKey) -> Self {
        let digest = Digest::of(format!("tenure/item/v1\n{campaign}\n{system}\n{key}\n"));
        let (first, _) = digest.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
        Self(u64::from_be_bytes(*first))
    }

    /// Parses the id.
    ///
    /// # Errors
    /// When `text` is not of this form.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let digits = text.strip_prefix("itm-").filter(|_| hex_after(text, "itm-", 16));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| ParseIdError::new("item id", "`itm-` and 16 hexadecimal digits", text))
    }

    /// Returns the id with the digits of this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number with these digits.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "itm-{:016x}", self.0)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::read(deserializer, Self::parse)
    }
}

impl std::str::FromStr for ItemId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Self::parse(text)
    }
}

impl RepoId {
    /// Returns a new random id (UUID version 4).
    pub fn random() -> Self {
        Self(format!("urn:uuid:{}", uuid::Uuid::new_v4()).into())
    }
}

impl RunId {
    /// Returns a new id that begins with the current time.
    pub fn new_now() -> Self {
        Self(uuid::Uuid::now_v7().to_string().into())
    }
}

fn slug(text: &str, also: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 64
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|b| plain(b) || also.as_bytes().contains(&b))
        && !text.contains("..")
        && !text.ends_with('.')
}

fn handle(text: &str) -> bool {
    let word = |text: &str, most: usize, also: &[u8]| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
    };
    text.strip_prefix('@').is_some_and(|name| match name.split_once('/') {
        Some((organization, team)) => word(organization, 39, b"-") && word(team, 100, b"._-"),
        None => word(name, 39, b"-"),
    })
}

fn hex_after(text: &str, prefix: &str, digits: usize) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == digits && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn uuid_text(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok_and(|uuid| uuid.to_string() == text)
}

fn repo_urn(text: &str) -> bool {
    text.strip_prefix("urn:uuid:").is_some_and(uuid_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_with_path_characters_is_rejected() {
        for text in ["", ".", "..", "a/b", "a..b", "-a", "A", "a ", "a\n", "ä", "a."] {
            assert!(CampaignId::parse(text).is_err(), "{text:?}");
            assert!(PrincipalId::parse(text).is_err(), "{text:?}");
            assert!(SystemId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn handle_is_a_login_or_a_team() {
        for text in ["@ana-ruiz", "@acme/access.team", "@a"] {
            assert!(Handle::parse(text).is_ok(), "{text}");
        }
        for text in ["ana", "@", "@a b", "@a\n* @evil", "@a/", "@a/b/c", "@/b", "@ä", "@a#"] {
            assert!(Handle::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn generated_ids_can_be_parsed() {
        assert!(RepoId::parse(RepoId::random().as_str()).is_ok());
        assert!(RunId::parse(RunId::new_now().as_str()).is_ok());
    }
}
