//! What a read of the target says about one grant.

use super::{AccessPath, Grant};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether the principal still has the entitlement, by effective access over every path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Presence {
    /// No path is left; `probe` names what known thing the same read found, so that "nothing" is not "no answer".
    Absent {
        /// What the liveness probe read.
        probe: String,
    },
    /// The right is gone but something opened under it lives on, such as a session.
    Lingering {
        /// What lives on, and until when if that is known.
        until: String,
    },
    /// At least one path gives it.
    Present {
        /// Every path found.
        paths: Vec<AccessPath>,
    },
    /// The read was refused, cut short or inconsistent; this is never "absent".
    Unknown {
        /// Why.
        reason: String,
    },
}

/// One look at one grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantObservation {
    /// Whether the principal has the entitlement, by any path.
    pub presence: Presence,
    /// The reviewed grant itself as it is now; nothing when it is gone or was not seen.
    pub grant: Option<Grant>,
}

/// How much a verification is worth.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
pub enum VerificationLevel {
    /// A second person's proof.
    V2,
    /// Read back through the connector.
    V3,
    /// Read back in a separate run with a read-only credential, effective access computed.
    V4,
    /// As V4, and a use of the access was refused.
    V5,
}

impl fmt::Display for VerificationLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
