//! Replies of targets, and the meaning of their status codes.

use super::effect::CallEffect;
use crate::connector::ConnectorError;
use crate::model::{Clock as _, SystemClock, Timestamp};
use zeroize::Zeroizing;

/// A reply. It may contain a secret: it has no `Debug`, and its memory is erased.
pub struct HttpResponse {
    name: String,
    effect: CallEffect,
    status: u16,
    retry_after: Option<String>,
    body: Zeroizing<Vec<u8>>,
}

impl HttpResponse {
    pub(super) fn new(
        name: String,
        effect: CallEffect,
        status: u16,
        retry_after: Option<String>,
        body: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self { name, effect, status, retry_after, body }
    }

    /// Returns the status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns whether the status reports success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the body, which must never be printed.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the error class of a reply without success, by its status alone. A connector that knows the target's own
    /// error codes evaluates those first.
    pub fn refusal(&self) -> ConnectorError {
        let name = &self.name;
        match (self.status, self.effect) {
            (429, _) => self.rate_limited(),
            (401, _) => ConnectorError::Unauthenticated(name.clone()),
            (403, _) => ConnectorError::Forbidden { missing: name.clone() },
            (404 | 410, _) => ConnectorError::NotFound(name.clone()),
            (409 | 412, _) => ConnectorError::PreconditionFailed(format!("{name}: status {}", self.status)),
            (405 | 501, _) => ConnectorError::Unsupported(name.clone()),
            (408 | 500.., CallEffect::Read) => ConnectorError::Transient(format!("{name}: status {}", self.status)),
            // The target failed during the call; only a read shows its effect.
            (408 | 500.., CallEffect::Write) => ConnectorError::Ambiguous(format!("{name}: status {}", self.status)),
            _ => ConnectorError::Permanent(format!("{name}: status {}", self.status)),
        }
    }

    /// Returns the error for a successful reply that cannot be parsed: permanent for a read, ambiguous for a write.
    pub fn unreadable(&self) -> ConnectorError {
        let text = format!("{}: the reply is not in the documented format", self.name);
        match self.effect {
            CallEffect::Read => ConnectorError::Permanent(text),
            CallEffect::Write => ConnectorError::Ambiguous(text),
        }
    }

    /// Returns the error of a rate limit, with its end if the target reports it.
    pub fn rate_limited(&self) -> ConnectorError {
        let until = self.retry_after.as_deref().and_then(|text| retry_at(text, SystemClock.now()));
        ConnectorError::RateLimited { until }
    }
}

/// Parses `Retry-After`: seconds or a date (RFC 9110, section 10.2.3). Other values are ignored.
fn retry_at(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(Timestamp::from_unix(now.unix().saturating_add(i64::from(seconds))));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Timestamp::from_unix(date.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(effect: CallEffect, status: u16) -> HttpResponse {
        let body = Zeroizing::new(b"CANARY".to_vec());
        HttpResponse::new("iam:Call".to_owned(), effect, status, Some("7".to_owned()), body)
    }

    #[test]
    fn status_determines_the_error_class() {
        for (status, read, write) in [
            (400, "permanent", "permanent"),
            (401, "unauthenticated", "unauthenticated"),
            (403, "forbidden", "forbidden"),
            (404, "not-found", "not-found"),
            (408, "transient", "ambiguous"),
            (412, "precondition-failed", "precondition-failed"),
            (429, "rate-limited", "rate-limited"),
            (500, "transient", "ambiguous"),
            (501, "unsupported", "unsupported"),
            (503, "transient", "ambiguous"),
        ] {
            assert_eq!(answer(CallEffect::Read, status).refusal().class(), read, "{status}");
            assert_eq!(answer(CallEffect::Write, status).refusal().class(), write, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse("2026-11-23T05:00:00Z").unwrap();
        assert_eq!(retry_at("7", now), Some(Timestamp::parse("2026-11-23T05:00:07Z").unwrap()));
        let date = Some(Timestamp::parse("2026-11-23T05:00:09Z").unwrap());
        assert_eq!(retry_at("Mon, 23 Nov 2026 05:00:09 GMT", now), date);
        for text in ["", "soon", "-1", "99999999999999"] {
            assert_eq!(retry_at(text, now), None, "{text}");
        }
    }
}
