//! Filter, search and order of the item list.

use super::session::ReviewSession;
use crate::{
    campaign::is_flagged,
    model::{SystemId, Tier},
};
use std::{collections::BTreeMap, fmt};

/// A filter of items.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum ItemFilter {
    /// All items.
    #[default]
    All,
    /// Undecided items.
    Open,
    /// Flagged items.
    Flagged,
    /// Decided items.
    Decided,
    /// Items of a tier.
    Tier(Tier),
    /// Items of a system.
    System(SystemId),
    /// Items flagged by a rule.
    Rule(String),
}

/// The order of items.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum ItemSort {
    /// As in the file: items with the most serious findings first.
    #[default]
    Risk,
    /// By holder.
    Holder,
    /// By entitlement.
    Entitlement,
    /// Undecided first, then by verdict.
    Decision,
}

/// The view of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct ItemView {
    /// The filter.
    pub(super) filter: ItemFilter,
    /// The order.
    pub(super) sort: ItemSort,
    /// The search text.
    pub(super) search: String,
}

impl fmt::Display for ItemFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Open => f.write_str("open"),
            Self::Flagged => f.write_str("flagged"),
            Self::Decided => f.write_str("decided"),
            Self::Tier(tier) => write!(f, "tier {tier}"),
            Self::System(system) => write!(f, "system {system}"),
            Self::Rule(rule) => write!(f, "rule {rule}"),
        }
    }
}

impl ItemSort {
    /// Returns the next order.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Risk => Self::Holder,
            Self::Holder => Self::Entitlement,
            Self::Entitlement => Self::Decision,
            Self::Decision => Self::Risk,
        }
    }
}

impl fmt::Display for ItemSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Risk => "risk",
            Self::Holder => "holder",
            Self::Entitlement => "entitlement",
            Self::Decision => "decision",
        })
    }
}

impl ItemView {
    /// Returns the visible items, in order.
    pub(super) fn rows(&self, review_session: &ReviewSession) -> Vec<usize> {
        let wanted = self.search.to_lowercase();
        let mut rows: Vec<usize> = (0..review_session.len())
            .filter(|row| {
                self.filter.takes(review_session, *row) && (wanted.is_empty() || has(review_session, *row, &wanted))
            })
            .collect();
        match self.sort {
            ItemSort::Risk => {}
            ItemSort::Holder => rows.sort_by_key(|row| review_session.item(*row).map(|item| &item.principal)),
            ItemSort::Entitlement => rows.sort_by_key(|row| review_session.item(*row).map(|item| &item.entitlement)),
            ItemSort::Decision => rows.sort_by_key(|row| review_session.item(*row).map(|item| item.decision)),
        }
        rows
    }
}

impl ItemFilter {
    fn takes(&self, review_session: &ReviewSession, row: usize) -> bool {
        let Some(item) = review_session.item(row) else { return false };
        match self {
            Self::All => true,
            Self::Open => item.decision.is_none(),
            Self::Flagged => is_flagged(item),
            Self::Decided => item.decision.is_some(),
            Self::Tier(tier) => item.tier == *tier,
            Self::System(system) => {
                review_session.paper_of(row).is_some_and(|review_file| review_file.review.system == *system)
            }
            Self::Rule(rule) => rules(&item.recommendation).any(|own| own == rule),
        }
    }

    /// Returns the filters that match some but not all items, each with its number of items.
    pub(super) fn choices(review_session: &ReviewSession) -> Vec<(Self, usize)> {
        let mut counts: BTreeMap<Self, usize> = BTreeMap::new();
        counts.extend([Self::All, Self::Open, Self::Flagged, Self::Decided].map(|filter| (filter, 0)));
        for row in 0..review_session.len() {
            let (Some(item), Some(review_file)) = (review_session.item(row), review_session.paper_of(row)) else {
                continue;
            };
            let own = [Self::Tier(item.tier), Self::System(review_file.review.system.clone())];
            let fixed = [Self::All, Self::Open, Self::Flagged, Self::Decided];
            let fixed = fixed.into_iter().filter(|filter| filter.takes(review_session, row));
            let ruled = rules(&item.recommendation).map(|rule| Self::Rule(rule.to_owned()));
            for filter in own.into_iter().chain(fixed).chain(ruled) {
                *counts.entry(filter).or_default() += 1;
            }
        }
        counts.into_iter().collect()
    }
}

/// Returns the ids of rules in a recommendation such as `revoke: NHI-OWN-02, NHI-LIF-02`.
fn rules(recommend: &str) -> impl Iterator<Item = &str> {
    let after = recommend.split_once(':').map_or("", |(_, rules)| rules);
    after.split(',').map(str::trim).filter(|rule| !rule.is_empty())
}

fn has(review_session: &ReviewSession, row: usize, wanted: &str) -> bool {
    let Some(item) = review_session.item(row) else { return false };
    let verdict = item.decision.map_or("", |verdict| verdict.as_str());
    let texts = [&item.principal, &item.entitlement, &item.summary, &item.recommendation, &item.reason];
    verdict.contains(wanted) || texts.iter().any(|text| text.to_lowercase().contains(wanted))
}
