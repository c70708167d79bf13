//! Tiers: the risk classes of entitlements.

use super::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The risk class of an entitlement. It is computed, never set by its owner.
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

impl Tier {
    /// Returns the maximum number of days from the first intent to a confirmed removal: common practice for critical,
    /// high, medium and low findings.
    pub const fn removal_days(self) -> i64 {
        match self {
            Self::T0 => 1,
            Self::T1 => 3,
            Self::T2 => 14,
            Self::T3 => 30,
        }
    }

    /// Returns whether a removal begun at `since` is late at `now`.
    pub fn is_removal_overdue(self, since: Timestamp, now: Timestamp) -> bool {
        now.days_since(since) > self.removal_days()
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
