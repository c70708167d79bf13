//! The shared base of every target that is reached over HTTP.
//!
//! What it promises to the connectors above it, whatever the target does:
//! - calls go to one pinned origin, at addresses that were resolved and judged once; a redirect or a link that leads
//!   elsewhere is refused;
//! - bodies, pages and time are capped; compressed answers are neither asked for nor taken, so there is nothing to inflate;
//! - every failure has a class of [`ConnectorError`](super::ConnectorError) that says what may be done next: a write
//!   whose answer was lost is *ambiguous*, never *failed*;
//! - no text it makes holds a body, a header, a query string or a word the target chose.

mod client;
mod origin;
mod pagination;
mod response;
mod retry;

pub use client::{CallEffect, HttpClient, HttpRequest, Method};
pub use origin::{AddressScope, OriginError, PinnedOrigin};
pub use pagination::PageCounter;
pub use response::HttpResponse;
pub use retry::retry_read;

use std::time::Duration;

/// What a target may cost us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HttpLimits {
    /// The time one call may take, from the first byte sent to the last byte read.
    pub call: Duration,
    /// The bytes one answer may have.
    pub body: usize,
    /// The pages one listing may have.
    pub pages: u32,
    /// How often one read is tried in all.
    pub attempts: u32,
    /// The time one read may wait between its attempts, in all.
    pub patience: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(30),
            body: 16 << 20,
            pages: 10_000,
            attempts: 4,
            patience: Duration::from_secs(60),
        }
    }
}
