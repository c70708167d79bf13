//! Confidence of a recommendation, from known and unknown attributes.

use super::{ContextLine, ItemContext};
use crate::campaign::item_summary::lacked;

/// The confidence of a recommendation. It rates its inputs, not its verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum RecommendationConfidence {
    /// All attributes that the rules need are known.
    High,
    /// Too few attributes are known, or the inventory is incomplete.
    Low,
    /// The violations are certain, but other rules could not be evaluated.
    Medium,
}

impl RecommendationConfidence {
    /// Returns the confidence for a number of violated rules and a number of missing attributes.
    const fn of(speaks: bool, missing: usize, complete: bool) -> Self {
        match (complete, missing, speaks) {
            (false, ..) => Self::Low,
            (true, 0, _) => Self::High,
            (true, _, true) => Self::Medium,
            // While rules cannot be evaluated, the absence of violations does not mean that the item passes.
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
    /// Returns the confidence with its reasons; `None` if there are no rules.
    pub(super) fn confidence(&self) -> Option<ContextLine> {
        self.library.sources.campaign.policies?;
        let (missing, speaks) = (lacked(&self.item.summary), !self.item.recommendation.is_empty());
        let complete = self.loaded.is_some_and(|loaded| loaded.inventory.is_complete());
        let confidence = RecommendationConfidence::of(speaks, missing, complete);
        let rests = match (complete, missing) {
            (false, _) => "the inventory is incomplete".to_owned(),
            (true, 0) => "all attributes that the rules need are known".to_owned(),
            (true, 1) => "1 attribute that rules need is unknown".to_owned(),
            (true, many) => format!("{many} attributes that rules need are unknown"),
        };
        let first = if speaks && complete && missing > 0 { "the violations are certain; " } else { "" };
        Some(ContextLine::plain(format!("confidence {}: {first}{rests}", confidence.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_attributes_lower_confidence() {
        use RecommendationConfidence::{High, Low, Medium};
        let table = [
            (true, 0, true, High),
            (false, 0, true, High),
            (true, 7, true, Medium),
            (false, 1, true, Low),
            (true, 0, false, Low),
            (false, 0, false, Low),
        ];
        for (speaks, missing, complete, wanted) in table {
            assert_eq!(
                RecommendationConfidence::of(speaks, missing, complete),
                wanted,
                "{speaks} {missing} {complete}"
            );
        }
    }
}
