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
mod effect;
mod limits;
mod origin;
mod pagination;
mod response;
mod retry;

pub use client::{HttpClient, HttpRequest, Method};
pub use effect::CallEffect;
pub use limits::HttpLimits;
pub use origin::{AddressScope, OriginError, PinnedOrigin};
pub use pagination::PageCounter;
pub use response::HttpResponse;
pub use retry::retry_read;
