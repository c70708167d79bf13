//! HTTP client shared by all connectors of targets with an HTTP API.
//!
//! Guarantees to the connectors, for any behavior of the target:
//! - calls go to one pinned origin, at addresses that were resolved and checked once; redirects and links to other
//!   origins are rejected;
//! - bodies, pages and time are limited; compressed replies are neither requested nor accepted;
//! - every failure has a class of [`ConnectorError`](super::ConnectorError) that determines the next step: a write
//!   whose reply was lost is *ambiguous*, never *failed*;
//! - messages contain no body, header, query string or other text of the target.

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

/// Limits of the resources that a target may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HttpLimits {
    /// The maximum time of one call, from the first byte sent to the last byte received.
    pub call: Duration,
    /// The maximum size of one reply in bytes.
    pub body: usize,
    /// The maximum number of pages in one listing.
    pub pages: u32,
    /// The maximum number of attempts of one read.
    pub attempts: u32,
    /// The maximum total delay between the attempts of one read.
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
