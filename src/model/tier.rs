//! Tiers: the risk classes of entitlements.

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

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
