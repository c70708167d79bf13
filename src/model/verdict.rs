//! What a reviewer can decide, and what that asks of a system.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much harm an entitlement can do, computed and never typed by its owner.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub enum Tier {
    /// Control plane: can change identities, permissions, keys, logs, the engine or its evidence.
    T0,
    /// Privileged or regulated.
    T1,
    /// Production.
    T2,
    /// Low.
    T3,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// The signed verdict on an item.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Not mine to judge; `to` proposes another reviewer.
    Abstain,
    /// Still justified as it is.
    Certify,
    /// Keep the record, stop its use.
    Disable,
    /// Keep against policy until a date.
    Except,
    /// Cannot decide: suspicious.
    Investigate,
    /// Keep less: `to` says what.
    Reduce,
    /// Put another identity or mechanism (`to`) in its place, then remove it.
    Replace,
    /// Remove.
    Revoke,
    /// Keep the identity, renew the credential.
    Rotate,
    /// Give it another owner (`to`).
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

    /// Returns the verdict as it is written in a review file.
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

    /// Returns whether the item needs nothing more from a reviewer after this verdict.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Abstain | Self::Investigate)
    }

    /// Returns whether it says to what or whom.
    pub const fn needs_to(self) -> bool {
        matches!(self, Self::Reduce | Self::Replace | Self::Transfer)
    }

    /// Returns whether it has an end, for an item of this tier: keeping the control plane always has one.
    pub const fn needs_until(self, tier: Tier) -> bool {
        matches!((self, tier), (Self::Except, _) | (Self::Certify, Tier::T0))
    }

    /// Returns whether a system has to change for this verdict to be true.
    pub const fn changes_target(self) -> bool {
        matches!(self, Self::Disable | Self::Reduce | Self::Replace | Self::Revoke | Self::Rotate)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a resolved verdict asks of a system.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "verb", deny_unknown_fields)]
pub enum AccessChange {
    /// Stop its use, keep the record.
    Disable {},
    /// Keep only `to`, in the system's own words.
    Reduce {
        /// What is to be left.
        to: String,
    },
    /// Remove it; for an account or credential: delete it.
    Revoke {},
    /// Put a new secret in place of the old one, which must stop working.
    Rotate {},
}

impl AccessChange {
    /// Returns the verb, as verdicts spell it.
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
