//! Requirements of the mandate for exceptions on items without a response.

use super::ExceptionTerms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Requirements for an exception on an item that had no response before its last stage was closed, in addition to those
/// of its rating. The exception defers the decision: the item stays undecided until a fallback reviewer decides it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoResponseTerms {
    /// The maximum duration in days; at most that of the rating.
    pub max_days: u32,
    /// The maximum number of renewals for the same item.
    pub max_renewals: u32,
    /// The registry groups of additional approvers, such as the accountable executive: one signer for each entry, all
    /// of them different people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approver_groups: Vec<String>,
}

impl NoResponseTerms {
    /// Returns the defaults: 14 days, one renewal, approved by the groups that the rating requires.
    pub const fn usual() -> Self {
        Self { max_days: 14, max_renewals: 0, approver_groups: Vec::new() }
    }

    /// Returns the requirements of a rating, tightened for items without a response.
    #[must_use]
    pub fn tighten(&self, terms: ExceptionTerms) -> ExceptionTerms {
        let groups = terms.approver_groups.iter().chain(&self.approver_groups).cloned().collect();
        ExceptionTerms {
            max_days: terms.max_days.min(self.max_days),
            max_renewals: terms.max_renewals.min(self.max_renewals),
            approver_groups: groups,
            ..terms
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::Rating;

    #[test]
    fn no_response_terms_only_tighten_a_rating() {
        let of = |rating, silence: &NoResponseTerms| silence.tighten(ExceptionTerms::usual(rating, "risk-owner"));
        let usual = of(Rating::High, &NoResponseTerms::usual());
        assert_eq!((usual.max_days, usual.max_renewals, usual.proof_days), (14, 0, 31));
        assert_eq!(usual.approver_groups, ["risk-owner"]);
        let wide = NoResponseTerms { max_days: 400, max_renewals: 9, approver_groups: vec!["executive".to_owned()] };
        let critical = of(Rating::Critical, &wide);
        assert_eq!((critical.max_days, critical.max_renewals), (30, 1), "never wider");
        assert_eq!(critical.approver_groups, ["risk-owner", "risk-owner", "executive"], "adds approvers");
    }
}
