//! Order of the stages of a campaign, and consequences of no response.

use super::{CampaignDefinition, NoResponseAction, NoResponseOutcome, Stage};
use crate::model::{CampaignId, Digest, ItemId, PrincipalId, ReviewResult, Strategy, Tier};
use std::collections::BTreeSet;

impl CampaignDefinition {
    /// Returns the number of stages; 1 when the definition lists none.
    pub fn stage_count(&self) -> u32 {
        u32::try_from(self.stages.len()).unwrap_or(u32::MAX).max(1)
    }

    /// Returns a stage by its number, counted from 1; `None` when the definition lists no stages.
    pub fn stage(&self, stage: u32) -> Option<&Stage> {
        let index = usize::try_from(stage.checked_sub(1)?).ok()?;
        self.stages.get(index)
    }

    /// Returns the strategy that combines the answers of a stage.
    pub fn strategy(&self, stage: u32) -> Strategy {
        self.stage(stage).map_or(Strategy::AllMustAccept, |stage| stage.strategy)
    }

    /// Returns the strategy that combines the results of the stages.
    pub fn overall_strategy(&self) -> Strategy {
        self.overall_strategy.unwrap_or(Strategy::AllMustAccept)
    }

    /// Returns whether no later stage is needed after `stage` resulted in `result`; always true after the last stage.
    pub fn stops(&self, stage: u32, result: ReviewResult) -> bool {
        stage >= self.stage_count() || self.stage(stage).is_none_or(|own| own.stops(result))
    }

    /// Returns the maximum number of items whose access no response may remove when a stage is closed.
    pub fn max_no_response_removals(&self) -> u32 {
        self.max_no_response_removals.unwrap_or(DEFAULT_MAX_NO_RESPONSE_REMOVALS)
    }

    /// Returns the possible consequences of no response for an item in a stage. For T0 and T1 there are several: which
    /// one applies depends on whether the inventory shows that the access is unused, and with `remove` also on what the
    /// connector can do. The person who closes the stage
    /// chooses one and signs it. `asked_later` is true if a later stage asks about the item.
    pub fn no_response_outcomes(&self, stage: u32, tier: Tier, asked_later: bool) -> &'static [NoResponseOutcome] {
        if asked_later && !self.stops(stage, ReviewResult::NoResponse) {
            return &[NoResponseOutcome::Advance];
        }
        match (self.on_no_response, tier) {
            (NoResponseAction::Open, _) => &[NoResponseOutcome::Open],
            (NoResponseAction::Disable, Tier::T0 | Tier::T1) => {
                &[NoResponseOutcome::Disable, NoResponseOutcome::Except]
            }
            (NoResponseAction::Disable, Tier::T2 | Tier::T3) => &[NoResponseOutcome::Disable],
            (NoResponseAction::Remove, Tier::T0 | Tier::T1) => {
                &[NoResponseOutcome::Disable, NoResponseOutcome::Revoke, NoResponseOutcome::Except]
            }
            (NoResponseAction::Remove, Tier::T2 | Tier::T3) => {
                &[NoResponseOutcome::Disable, NoResponseOutcome::Revoke, NoResponseOutcome::Open]
            }
        }
    }

    /// Returns the items that a stage with `sample_percent` asks about; `None` for a stage that asks about all items.
    ///
    /// An item is in the sample if the first 32 bits of
    /// `sha256("tenure/stage-sample/v1\n<campaign>\n<population>\n<stage>\n<item>\n")`, as a fraction of 2^32, are
    /// below the percentage. If that holds for no item, the item with the lowest number is the sample.
    pub fn sample<'i>(
        &self,
        stage: u32,
        (campaign, population): (&CampaignId, &Digest),
        items: impl IntoIterator<Item = &'i ItemId>,
    ) -> Option<BTreeSet<ItemId>> {
        let percent = self.stage(stage)?.sample_percent?;
        let number = |item: &ItemId| {
            let text = format!("tenure/stage-sample/v1\n{campaign}\n{population}\n{stage}\n{item}\n");
            let [a, b, c, d, ..] = *Digest::of(text).as_bytes();
            u64::from(u32::from_be_bytes([a, b, c, d]))
        };
        let numbers: Vec<_> = items.into_iter().map(|item| (number(item), *item)).collect();
        let below = numbers.iter().filter(|(number, _)| number * 100 < u64::from(percent) << 32);
        let sample: BTreeSet<_> = below.map(|(_, item)| *item).collect();
        if sample.is_empty() {
            return Some(numbers.into_iter().min().map(|(_, item)| item).into_iter().collect());
        }
        Some(sample)
    }

    /// Returns whether `who` is a fallback reviewer of the campaign.
    pub fn is_fallback(&self, who: &PrincipalId) -> bool {
        *who == self.fallback || *who == self.second_fallback
    }
}

impl Stage {
    /// Returns whether no later stage is needed after this one resulted in `result`. The lists of the stage replace the
    /// default of the strategy: with `advance_on`, all other results stop; with `stop_on` alone, all other results
    /// advance.
    pub fn stops(&self, result: ReviewResult) -> bool {
        if !self.advance_on.is_empty() {
            return !self.advance_on.contains(&result);
        }
        match self.stop_on.as_slice() {
            [] => self.strategy.stops_on().contains(&result),
            own => own.contains(&result),
        }
    }

    /// Returns a result that is listed both to stop and to advance. Such a definition is rejected on opening.
    pub fn contradiction(&self) -> Option<ReviewResult> {
        self.stop_on.iter().find(|result| self.advance_on.contains(result)).copied()
    }
}

/// The default limit of removals by no response.
const DEFAULT_MAX_NO_RESPONSE_REMOVALS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(percent: Option<u32>) -> CampaignDefinition {
        let id = |name: &str| PrincipalId::parse(name).unwrap();
        let stage = |sample_percent| Stage {
            name: "owners".to_owned(),
            days: 7,
            reviewers: vec!["owner".to_owned()],
            reviewers_per_item: 1,
            strategy: Strategy::AllMustAccept,
            stop_on: Vec::new(),
            advance_on: Vec::new(),
            sample_percent,
        };
        let stages = vec![stage(None), stage(percent), stage(percent)];
        CampaignDefinition { stages, ..CampaignDefinition::new("Access", id("fay"), id("gus")) }
    }

    fn sampled(percent: u32, stage: u32, items: &[ItemId]) -> BTreeSet<ItemId> {
        let campaign = CampaignId::parse("2026-q4").unwrap();
        definition(Some(percent)).sample(stage, (&campaign, &Digest::of("population")), items).unwrap()
    }

    fn items(count: u32) -> Vec<ItemId> {
        (0..count).map(|number| ItemId::parse(&format!("itm-{number:016x}")).unwrap()).collect()
    }

    #[test]
    fn sample_size_is_near_its_percentage() {
        let items = items(10_000);
        for percent in [1, 10, 50, 90] {
            let size = sampled(percent, 2, &items).len();
            let expected = 100 * percent as usize;
            assert!(size.abs_diff(expected) < 200, "{percent} %: {size} of 10000");
        }
        assert_eq!(sampled(100, 2, &items).len(), 10_000);
    }

    #[test]
    fn sample_does_not_depend_on_order_or_other_items() {
        let all = items(1_000);
        let sample = sampled(20, 2, &all);
        let reversed: Vec<_> = all.iter().rev().copied().collect();
        assert_eq!(sampled(20, 2, &reversed), sample);
        let half = sampled(20, 2, &all[..500]);
        assert!(half.iter().all(|item| sample.contains(item)) && half.len() < sample.len());
        assert!(sample.is_subset(&sampled(40, 2, &all)), "a larger percentage adds items");
        assert_ne!(sampled(20, 3, &all), sample, "each stage has its own sample");
    }

    #[test]
    fn sample_depends_on_campaign_and_population() {
        let all = items(1_000);
        let definition = definition(Some(20));
        let sample = |campaign: &str, population: &str| {
            let campaign = CampaignId::parse(campaign).unwrap();
            definition.sample(2, (&campaign, &Digest::of(population)), &all).unwrap()
        };
        assert_ne!(sample("2026-q4", "population"), sample("2027-q1", "population"));
        assert_ne!(sample("2026-q4", "population"), sample("2026-q4", "other"));
    }

    #[test]
    fn sample_has_at_least_one_item() {
        let all = items(3);
        assert_eq!(sampled(1, 2, &all).len(), 1);
        assert!(sampled(1, 2, &[]).is_empty());
        let campaign = CampaignId::parse("2026-q4").unwrap();
        let first = definition(Some(10)).sample(1, (&campaign, &Digest::of("population")), &all);
        assert_eq!(first, None, "a stage without a percentage asks about all items");
    }

    #[test]
    fn sample_is_what_the_documented_digest_gives() {
        let [item] = [ItemId::parse("itm-0000000000000001").unwrap()];
        let population = Digest::of("population");
        let text = format!("tenure/stage-sample/v1\n2026-q4\n{population}\n2\n{item}\n");
        let number = u64::from_str_radix(&Digest::of(text).hex()[..8], 16).unwrap();
        let others = items(2_000);
        let percent = u32::try_from(number * 100 / (1 << 32)).unwrap();
        assert!(sampled(percent + 1, 2, &others).contains(&item));
        assert!(!sampled(percent, 2, &others).contains(&item));
    }
}
