//! Verdicts of reviewers, and the changes that they require.

use super::Tier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The signed verdict on an item.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The reviewer is not responsible; `to` names another reviewer.
    Abstain,
    /// Keep: the access is still justified.
    Certify,
    /// Stop the use of the access, and keep the account or grant.
    Disable,
    /// Keep in violation of policy until a date.
    Except,
    /// Not decided: the access is suspicious.
    Investigate,
    /// Keep a smaller part, named by `to`.
    Reduce,
    /// Provide another identity or mechanism (`to`), then remove this one.
    Replace,
    /// Remove.
    Revoke,
    /// Keep the identity and renew the credential.
    Rotate,
    /// Assign another owner (`to`).
    Transfer,
}

impl Verdict {
    /// All verdicts in alphabetical order.
    pub const ALL: [Self; 10] = [
        Self::Abstain,
        Self::Certify,
        Self::Disable,
        Self::Except,
        Self::Investigate,
        Self::Reduce,
        Self::Replace,
        Self::Revoke,
        Self::Rotate,
        Self::Transfer,
    ];

    /// Returns the spelling in review files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abstain => "abstain",
            Self::Certify => "certify",
            Self::Disable => "disable",
            Self::Except => "except",
            Self::Investigate => "investigate",
            Self::Reduce => "reduce",
            Self::Replace => "replace",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
            Self::Transfer => "transfer",
        }
    }

    /// Returns whether the reviewer has finished the item with this verdict.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Abstain | Self::Investigate)
    }

    /// Returns whether the verdict requires a target in `to`.
    pub const fn needs_to(self) -> bool {
        matches!(self, Self::Reduce | Self::Replace | Self::Transfer)
    }

    /// Returns whether the verdict requires an end date for an item of this tier. Certifying control-plane access
    /// always does.
    pub const fn needs_until(self, tier: Tier) -> bool {
        matches!((self, tier), (Self::Except, _) | (Self::Certify, Tier::T0))
    }

    /// Returns whether the verdict requires a change on the system.
    pub const fn changes_target(self) -> bool {
        matches!(self, Self::Disable | Self::Reduce | Self::Replace | Self::Revoke | Self::Rotate)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The change on a system that a resolved verdict requires.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "verb", deny_unknown_fields)]
pub enum AccessChange {
    /// Stop the use of the access, and keep the account or grant.
    Disable {},
    /// Keep only `to`, in the system's own terms.
    Reduce {
        /// The part that remains.
        to: String,
    },
    /// Remove the grant; an account or credential is deleted.
    Revoke {},
    /// Replace the secret by a new one; the old one must stop working.
    Rotate {},
}

impl AccessChange {
    /// Returns the verb, spelled like the verdict.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Disable {} => "disable",
            Self::Reduce { .. } => "reduce",
            Self::Revoke {} => "revoke",
            Self::Rotate {} => "rotate",
        }
    }
}

impl fmt::Display for AccessChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reduce { to } => write!(f, "reduce to {to}"),
            other => f.write_str(other.verb()),
        }
    }
}
