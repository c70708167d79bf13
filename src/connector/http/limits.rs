//! Limits of the resources that a target may use.

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
