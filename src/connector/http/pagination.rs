//! The guard of a listing: it ends, and no page comes twice.

use crate::connector::ConnectorError;
use crate::model::Digest;
use std::collections::BTreeSet;

/// Counts the pages of one listing and remembers where each began.
#[derive(Debug)]
pub struct PageCounter {
    name: String,
    limit: u32,
    seen: BTreeSet<Digest>,
}

impl PageCounter {
    /// Returns the guard of the listing with this name, of at most `limit` pages.
    pub fn new(name: &str, limit: u32) -> Self {
        Self { name: name.to_owned(), limit, seen: BTreeSet::new() }
    }

    /// Lets the listing go on at `marker`.
    ///
    /// # Errors
    /// When a page began there already, or there are more pages than allowed. The marker is the target's text and is
    /// neither kept nor repeated.
    pub fn next(&mut self, marker: &str) -> Result<(), ConnectorError> {
        let refuse = |why: &str| Err(ConnectorError::Permanent(format!("{}: {why}", self.name)));
        if marker.is_empty() {
            return refuse("the target says there is more, and not where");
        }
        if marker.len() > MARKER {
            return refuse("the target's page marker is larger than allowed");
        }
        if !self.seen.insert(Digest::of(marker)) {
            return refuse("the target's pages go round in a circle");
        }
        if self.seen.len() >= self.limit as usize {
            return refuse("the target has more pages than allowed");
        }
        Ok(())
    }
}

const MARKER: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_31_a_listing_that_goes_in_a_circle_or_on_forever_is_refused() {
        let mut pages = PageCounter::new("iam:ListUsers", 4);
        assert!(pages.next("a").is_ok());
        assert!(pages.next("b").is_ok());
        assert!(pages.next("a").is_err());
        assert!(pages.next("").is_err());
        assert!(pages.next("c").is_ok());
        assert!(pages.next("d").is_err());
    }
}
