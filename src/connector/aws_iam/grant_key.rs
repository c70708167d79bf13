//! Grant keys: kinds of objects, and AWS ids that are never reused.

use super::listing::PolicyHolder;
use crate::connector::ConnectorError;
use crate::model::GrantKey;
use std::fmt;

/// The object of a grant key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum IamGrantKey {
    /// An access key.
    AccessKey { key: String },
    /// A user.
    Account { user: String },
    /// A managed policy on a user or group.
    Attached { holder: PolicyHolder, id: String, policy: String },
    /// A signing certificate.
    Certificate { certificate: String },
    /// A policy embedded in a user or group. Its name cannot change.
    Inline { holder: PolicyHolder, id: String, policy: String },
    /// A user in a group.
    Membership { user: String, group: String },
    /// A console password.
    Password { user: String },
    /// A credential for one service.
    ServiceCredential { credential: String },
    /// An SSH public key.
    SshPublicKey { key: String },
}

impl IamGrantKey {
    /// Parses a key of this connector.
    pub(super) fn parse(key: &GrantKey) -> Option<Self> {
        let parts: Vec<&str> = key.as_str().split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let holder = |word: &str| match word {
            "group" => Some(PolicyHolder::Group),
            "user" => Some(PolicyHolder::User),
            _ => None,
        };
        let own = |text: &&str| (*text).to_owned();
        Some(match parts.as_slice() {
            ["account", user] => Self::Account { user: own(user) },
            ["access-key", key] => Self::AccessKey { key: own(key) },
            ["attached", on, id, policy] => Self::Attached { holder: holder(on)?, id: own(id), policy: own(policy) },
            ["certificate", id] => Self::Certificate { certificate: own(id) },
            ["inline", on, id, policy] => Self::Inline { holder: holder(on)?, id: own(id), policy: own(policy) },
            ["membership", user, group] => Self::Membership { user: own(user), group: own(group) },
            ["password", user] => Self::Password { user: own(user) },
            ["service-credential", id] => Self::ServiceCredential { credential: own(id) },
            ["ssh-public-key", key] => Self::SshPublicKey { key: own(key) },
            _ => return None,
        })
    }

    /// Returns the key as written in files.
    ///
    /// # Errors
    /// When the ids of the target are not allowed in a key.
    pub(super) fn grant_key(&self) -> Result<GrantKey, ConnectorError> {
        let odd = || ConnectorError::Permanent("the target returned an id in an unknown format".to_owned());
        let key = GrantKey::parse(&self.to_string()).map_err(|_| odd())?;
        // An id with a slash would be parsed differently.
        if Self::parse(&key).as_ref() == Some(self) { Ok(key) } else { Err(odd()) }
    }
}

impl fmt::Display for IamGrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKey { key } => write!(f, "access-key/{key}"),
            Self::Account { user } => write!(f, "account/{user}"),
            Self::Attached { holder, id, policy } => write!(f, "attached/{}/{id}/{policy}", holder.as_str()),
            Self::Certificate { certificate } => write!(f, "certificate/{certificate}"),
            Self::Inline { holder, id, policy } => write!(f, "inline/{}/{id}/{policy}", holder.as_str()),
            Self::Membership { user, group } => write!(f, "membership/{user}/{group}"),
            Self::Password { user } => write!(f, "password/{user}"),
            Self::ServiceCredential { credential } => write!(f, "service-credential/{credential}"),
            Self::SshPublicKey { key } => write!(f, "ssh-public-key/{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grant_keys_round_trip() {
        let keys = [
            IamGrantKey::Account { user: "AIDA1".into() },
            IamGrantKey::Inline { holder: PolicyHolder::Group, id: "AGPA1".into(), policy: "a+b=c,d.@-_e".into() },
            IamGrantKey::Attached { holder: PolicyHolder::User, id: "AIDA1".into(), policy: "ANPA1".into() },
        ];
        for key in keys {
            assert_eq!(IamGrantKey::parse(&key.grant_key().unwrap()), Some(key));
        }
    }

    #[test]
    fn ambiguous_ids_are_rejected() {
        for user in ["AIDA1/AGPA1", "", "a b", "ä"] {
            let key = IamGrantKey::Membership { user: user.into(), group: "AGPA".into() };
            assert!(key.grant_key().is_err(), "{user}");
        }
    }
}
