//! How much a recommendation rests on: what the rules had to know and did, and what they did not.

use super::{ContextLine, ItemContext};
use crate::campaign::item_summary::lacked;

/// How much to trust a recommendation. It says nothing of the verdict, only of what it rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Confidence {
    /// Every fact that the rules ask for is known.
    High,
    /// Too little is known for a clearance, or the inventory is not complete.
    Low,
    /// What speaks against it is known, and other rules could not be judged.
    Medium,
}

impl Confidence {
    /// Returns the confidence in what some rules say, where so many facts are missing that others ask for.
    const fn of(speaks: bool, missing: usize, complete: bool) -> Self {
        match (complete, missing, speaks) {
            (false, ..) => Self::Low,
            (true, 0, _) => Self::High,
            (true, _, true) => Self::Medium,
            // That no rule speaks is no clearance while rules are silent for lack of facts.
            (true, _, false) => Self::Low,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
            Self::Medium => "medium",
        }
    }
}

impl ItemContext<'_> {
    /// Returns the confidence in what is recommended, with what it rests on; nothing where no rules were asked.
    pub(super) fn confidence(&self) -> Option<ContextLine> {
        self.library.sources.campaign.policies?;
        let (missing, speaks) = (lacked(&self.item.facts), !self.item.recommend.is_empty());
        let complete = self.loaded.is_some_and(|loaded| loaded.inventory.is_complete());
        let confidence = Confidence::of(speaks, missing, complete);
        let rests = match (complete, missing) {
            (false, _) => "the inventory it rests on is not complete".to_owned(),
            (true, 0) => "every fact that the rules ask for is known".to_owned(),
            (true, 1) => "1 fact that rules ask for is not known".to_owned(),
            (true, many) => format!("{many} facts that rules ask for are not known"),
        };
        let first = if speaks && complete && missing > 0 { "what speaks against it is known; " } else { "" };
        Some(ContextLine::plain(format!("confidence {}: {first}{rests}", confidence.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_never_a_clearance() {
        use Confidence::{High, Low, Medium};
        let table = [
            (true, 0, true, High),
            (false, 0, true, High),
            (true, 7, true, Medium),
            (false, 1, true, Low),
            (true, 0, false, Low),
            (false, 0, false, Low),
        ];
        for (speaks, missing, complete, wanted) in table {
            assert_eq!(Confidence::of(speaks, missing, complete), wanted, "{speaks} {missing} {complete}");
        }
    }
}
