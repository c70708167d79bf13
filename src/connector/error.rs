//! Errors of targets, as classes that determine the next step.

use crate::{diag::Diagnostics, model::Timestamp};

/// An error of a target, classified by the next step of the caller. Texts contain no secrets, bodies, headers or query
/// strings.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConnectorError {
    /// A write was sent and its reply lost: read the target before any other step.
    #[error("the reply to a write was lost: {0}")]
    Ambiguous(String),
    /// The target authenticated the connector and refused; `missing` is the missing right, in the target's own terms.
    #[error("the target refused: {missing}")]
    Forbidden {
        /// The right that is missing.
        missing: String,
    },
    /// The object that the call names does not exist.
    #[error("not found on the target: {0}")]
    NotFound(String),
    /// The target will never accept this call unchanged.
    #[error("the target refused the call: {0}")]
    Permanent(String),
    /// The target differs from the plan; no change was made.
    #[error("the target differs from the plan: {0}")]
    PreconditionFailed(String),
    /// Too many calls.
    #[error("the target limits the rate of calls")]
    RateLimited {
        /// The end of the waiting time, if the target reports it.
        until: Option<Timestamp>,
    },
    /// No change was made, and the same call may work later.
    #[error("the target is not available: {0}")]
    Transient(String),
    /// The target did not authenticate the connector.
    #[error("the target did not accept the credential: {0}")]
    Unauthenticated(String),
    /// The connector or the target does not support the call.
    #[error("not supported: {0}")]
    Unsupported(String),
}

impl ConnectorError {
    /// Returns whether a *read* may be repeated. Writes are never repeated for this reason.
    pub const fn may_retry_read(&self) -> bool {
        matches!(self, Self::Ambiguous(_) | Self::RateLimited { .. } | Self::Transient(_))
    }

    /// Returns the class as used in evidence.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "ambiguous",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound(_) => "not-found",
            Self::Permanent(_) => "permanent",
            Self::PreconditionFailed(_) => "precondition-failed",
            Self::RateLimited { .. } => "rate-limited",
            Self::Transient(_) => "transient",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Unsupported(_) => "unsupported",
        }
    }
}

/// An error of opening a connector.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system cannot be reached.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// An environment variable that the system file names is not set.
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    /// The connector is unknown, or its settings are invalid.
    #[error("the connector or its settings are not accepted")]
    Settings(Box<Diagnostics>),
}
