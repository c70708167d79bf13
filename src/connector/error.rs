//! What can go wrong with a target, as classes that say what may be done next.

use crate::model::Timestamp;

/// An error of a target, by what it allows the caller to do. Texts hold no secrets, bodies, headers or query strings.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConnectorError {
    /// A write was sent and its answer lost: look at the target before anything else.
    #[error("the answer to a write was lost: {0}")]
    Ambiguous(String),
    /// The target knows us and refuses; `missing` is the right we lack, in its words.
    #[error("the target refuses: {missing}")]
    Forbidden {
        /// The right that is missing.
        missing: String,
    },
    /// The thing the call names is not there.
    #[error("not found on the target: {0}")]
    NotFound(String),
    /// The target will never take this call as it is.
    #[error("the target refuses the call: {0}")]
    Permanent(String),
    /// The target is not as planned; nothing was changed.
    #[error("the target is not as planned: {0}")]
    PreconditionFailed(String),
    /// Too many calls.
    #[error("the target asks to wait")]
    RateLimited {
        /// Until when, if it says.
        until: Option<Timestamp>,
    },
    /// Nothing was changed and the same call may work later.
    #[error("the target cannot be reached now: {0}")]
    Transient(String),
    /// The target does not know us.
    #[error("the target does not accept our credential: {0}")]
    Unauthenticated(String),
    /// The connector or the target has no such call.
    #[error("not supported: {0}")]
    Unsupported(String),
}

impl ConnectorError {
    /// Returns whether the same *read* may be tried again. Writes are not retried on this word.
    pub const fn may_retry_read(&self) -> bool {
        matches!(self, Self::Ambiguous(_) | Self::RateLimited { .. } | Self::Transient(_))
    }

    /// Returns the class as evidence spells it.
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
