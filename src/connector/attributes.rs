//! Attributes of grants, logins and credentials that a connector derives from its own terms, for rules.

use crate::model::Timestamp;

/// The attributes of any grant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GrantAttributes<'a> {
    /// Whether the grant by itself makes its holder an administrator of the system.
    pub administrative: bool,
    /// Whether the grant contains a wildcard, if that is known.
    pub wildcard: Option<bool>,
    /// Whether the access is permanent, if that is known.
    pub standing: Option<bool>,
    /// The grantor: the immutable id of a principal of the system, or another name.
    pub granted_by: Option<&'a str>,
    /// The time of granting, if the system reports it.
    pub granted: Option<Timestamp>,
}

/// The attributes of a login, from an account or credential grant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LoginAttributes {
    /// The second factor, if the system reports it.
    pub second_factor: Option<SecondFactor>,
    /// Whether an interactive login is possible, if the system reports it.
    pub interactive: Option<bool>,
}

/// A second factor, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SecondFactor {
    /// None.
    None,
    /// A generated one-time code.
    OneTimeCode,
    /// A confirmation on a device.
    Push,
    /// A security key.
    PhishingResistant,
}

impl SecondFactor {
    /// Returns the value of `principal.mfa`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::OneTimeCode => "otp",
            Self::Push => "push",
            Self::PhishingResistant => "phishing-resistant",
        }
    }
}

/// The attributes of a credential, as values of `credential.*`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CredentialAttributes<'a> {
    /// The kind of secret.
    pub kind: Option<&'static str>,
    /// The algorithm of a key, or the storage format of a password.
    pub algorithm: Option<&'a str>,
    /// The length of a key.
    pub bits: Option<i64>,
    /// The time of creation.
    pub created: Option<Timestamp>,
    /// The expiry.
    pub ends: CredentialExpiry,
    /// `active` or `inactive`.
    pub status: Option<&'static str>,
    /// Whether the credential works from some sources only.
    pub bound: Option<bool>,
    /// The fingerprint of a secret that may be listed in several places. Secrets that are stored with a salt, or are
    /// issued once only, have none: their sharing cannot be detected.
    pub fingerprint: Option<&'a str>,
}

/// The expiry of a credential.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CredentialExpiry {
    /// At this time.
    At(Timestamp),
    /// Never by itself.
    Never,
    /// Not reported.
    #[default]
    Unknown,
}

/// The source of the last use of a kind of grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LastUseSource {
    /// The system records last use.
    Kept {
        /// The name of the record.
        name: &'static str,
        /// The delay of the record in hours.
        lag_hours: i64,
    },
    /// The system does not record last use.
    Nowhere,
}

/// A description of an entitlement for reviewers, which continues a sentence after “can”.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PrivilegePhrase {
    /// An action on an object. Objects of the same action are listed together, the action with the lowest rank first.
    Action {
        /// The rank of the action.
        rank: usize,
        /// The action, such as `read`.
        verb: &'static str,
        /// The object.
        object: String,
    },
    /// A capability on the whole system.
    Capability(&'static str),
}
