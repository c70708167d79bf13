//! Guards a listing against loops and unlimited pages.

use crate::connector::ConnectorError;
use crate::model::Digest;
use std::collections::BTreeSet;

/// Counts the pages of one listing and remembers their markers.
#[derive(Debug)]
pub struct PageCounter {
    name: String,
    limit: u32,
    seen: BTreeSet<Digest>,
}

impl PageCounter {
    /// Returns a guard for the listing with this name, of at most `limit` pages.
    pub fn new(name: &str, limit: u32) -> Self {
        Self { name: name.to_owned(), limit, seen: BTreeSet::new() }
    }

    /// Allows the listing to continue at `marker`.
    ///
    /// # Errors
    /// When a page with this marker was read before, or there are too many pages. The marker, which the target
    /// controls, is neither stored nor printed.
    pub fn next(&mut self, marker: &str) -> Result<(), ConnectorError> {
        let refuse = |why: &str| Err(ConnectorError::Permanent(format!("{}: {why}", self.name)));
        if marker.is_empty() {
            return refuse("the target reports more pages, but no marker");
        }
        if marker.len() > MARKER {
            return refuse("the page marker exceeds the size limit");
        }
        if !self.seen.insert(Digest::of(marker)) {
            return refuse("the pages of the target form a loop");
        }
        if self.seen.len() >= self.limit as usize {
            return refuse("the listing exceeds the page limit");
        }
        Ok(())
    }
}

const MARKER: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_31_looping_or_endless_listing_is_rejected() {
        let mut pages = PageCounter::new("iam:ListUsers", 4);
        assert!(pages.next("a").is_ok());
        assert!(pages.next("b").is_ok());
        assert!(pages.next("a").is_err());
        assert!(pages.next("").is_err());
        assert!(pages.next("c").is_ok());
        assert!(pages.next("d").is_err());
    }
}
