//! Links of accounts to principals.

use crate::model::PrincipalId;
use std::fmt;

/// The link of an account to a principal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OwnershipLink {
    /// The account belongs to the principal.
    Account,
    /// The account belongs to a member of the group.
    Member(PrincipalId),
    /// The account belongs to a non-human identity that the principal owns, directly or as a member of a group.
    Owned(PrincipalId),
}

impl fmt::Display for OwnershipLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("their own access"),
            Self::Member(member) => write!(f, "the access of `{member}`, a member of the group"),
            Self::Owned(identity) => write!(f, "the access of `{identity}`, an identity they own"),
        }
    }
}
