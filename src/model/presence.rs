//! Result of reading one grant from a target, and the levels of verification.

use super::{AccessPath, Grant};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether the principal still has the entitlement, by effective access over every path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Presence {
    /// No path is left. `probe` names a known object that the same read found, which distinguishes absence from a
    /// failed read.
    Absent {
        /// The known object that the read found.
        probe: String,
    },
    /// The right is removed, but an object opened under it remains, such as a session.
    Lingering {
        /// The remaining object, and its end if known.
        until: String,
    },
    /// At least one path gives the entitlement.
    Present {
        /// All paths found.
        paths: Vec<AccessPath>,
    },
    /// The read was refused, truncated or inconsistent; this is never treated as absent.
    Unknown {
        /// The reason.
        reason: String,
    },
}

/// The result of one read of one grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantObservation {
    /// Whether the principal has the entitlement, by any path.
    pub presence: Presence,
    /// The reviewed grant in its present form; `None` when it does not exist or was not read.
    pub grant: Option<Grant>,
}

/// The strength of a verification.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
pub enum VerificationLevel {
    /// A second person's proof.
    V2,
    /// Read back through the connector.
    V3,
    /// Read back in a separate run with a read-only credential, with effective access computed.
    V4,
    /// As V4, and an attempt to use the access was refused.
    V5,
}

impl fmt::Display for VerificationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
