//! What an exception needs for access that nobody answered for: the mandate's terms of silence.

use super::{ExceptionTerms, Mandate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What an exception needs for an item that nobody answered before its last stage was closed, besides what its rating asks
/// for. It buys time and decides nothing: the item stays undecided by people until a fallback decides it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoResponseTerms {
    /// The longest it may last, in days; no longer than its rating allows.
    pub days: u32,
    /// How often the same item may be excepted again.
    pub renewals: u32,
    /// The registry groups of those who accept it besides those of its rating, such as the accountable executive: one
    /// signer for each entry, all of them different people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl NoResponseTerms {
    /// Returns the usual terms: 14 days, once, accepted by those whom the rating asks for.
    pub const fn usual() -> Self {
        Self { days: 14, renewals: 0, groups: Vec::new() }
    }

    /// Returns the terms of a rating as they are for what nobody answered. They are never wider.
    #[must_use]
    pub fn tighten(&self, terms: ExceptionTerms) -> ExceptionTerms {
        let groups = terms.groups.iter().chain(&self.groups).cloned().collect();
        ExceptionTerms { days: terms.days.min(self.days), renewals: terms.renewals.min(self.renewals), groups, ..terms }
    }
}

impl Mandate {
    /// Returns the registry groups whose members may accept a risk at all.
    pub fn accepting(&self) -> BTreeSet<&str> {
        let terms = self.exceptions.iter().flat_map(|terms| &terms.groups);
        let silence = self.silence.iter().flat_map(|silence| &silence.groups);
        [&self.exception_group].into_iter().chain(terms).chain(silence).map(String::as_str).collect()
    }

    /// Returns what an exception needs for access that nobody answered for.
    pub fn silence_terms(&self) -> NoResponseTerms {
        self.silence.clone().unwrap_or(const { NoResponseTerms::usual() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::Rating;

    #[test]
    fn silence_only_tightens_what_a_rating_allows() {
        let of = |rating, silence: &NoResponseTerms| silence.tighten(ExceptionTerms::usual(rating, "risk-owner"));
        let usual = of(Rating::High, &NoResponseTerms::usual());
        assert_eq!((usual.days, usual.renewals, usual.proof_days), (14, 0, 31));
        assert_eq!(usual.groups, ["risk-owner"]);
        let wide = NoResponseTerms { days: 400, renewals: 9, groups: vec!["executive".to_owned()] };
        let critical = of(Rating::Critical, &wide);
        assert_eq!((critical.days, critical.renewals), (30, 1), "it never widens");
        assert_eq!(critical.groups, ["risk-owner", "risk-owner", "executive"], "and adds who must sign");
    }
}
