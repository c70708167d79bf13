//! Errors of executed calls.

use crate::connector::ConnectorError;

/// Converts an error after a first successful call: it must not claim that no change was made.
pub(super) fn after(made: usize, of: usize, error: ConnectorError) -> ConnectorError {
    match error {
        ConnectorError::PreconditionFailed(_) | ConnectorError::RateLimited { .. } | ConnectorError::Transient(_)
            if made > 0 =>
        {
            ConnectorError::Ambiguous(format!("{made} of {of} calls made, then: {error}"))
        }
        other => other,
    }
}

/// Returns the error about a target that differs from the plan.
pub(super) fn not_as_planned(why: &str) -> ConnectorError {
    ConnectorError::PreconditionFailed(why.to_owned())
}
