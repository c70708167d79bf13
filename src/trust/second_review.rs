//! The second look: a sample of what was decided is put before another person, who is not shown what the first one said.
//!
//! It is drawn when the last stage is closed, by the id of the commit that brings the close to main: nobody knows that while
//! they decide, and anybody can draw again. All of T0 is in it, and so many percent of the rest. What is drawn asks in one stage more
//! than the definition has.

use super::{
    authority::DecidingPrincipal,
    error::TrustError,
    open_campaign::{EffectiveDecision, OpenCampaign, VotingSlot},
    ownership::OwnershipIndex,
    registry::TrustRegistry,
    stage_error::StageError,
    verified::Verified,
};
use crate::{
    git::ObjectId,
    model::{
        Digest, ItemId, PrincipalId, StagePosition, Stance, Tier,
        file::{Delegation, KeyState},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// What a second look is drawn by.
pub(super) struct SampleContext<'a> {
    /// The commit that brought the close of the last stage.
    pub(super) commit: ObjectId,
    /// Whose access is whose now.
    pub(super) kinship: &'a OwnershipIndex,
    /// Who can sign.
    pub(super) registry: &'a TrustRegistry,
    /// Who signed each review file besides its reviewer, by path.
    pub(super) cosigners: BTreeMap<&'a str, &'a [PrincipalId]>,
}

impl OpenCampaign {
    /// Returns who may take a second look at an item: who is asked, then who may sign with them or judge between the two.
    /// Nothing where it was not drawn.
    pub fn second_reviewers(&self, item: &ItemId) -> Option<&[PrincipalId]> {
        self.looks.get(item).map(Vec::as_slice)
    }

    /// Returns the items that were drawn for a second look.
    pub fn sampled_items(&self) -> impl Iterator<Item = &ItemId> {
        self.looks.keys()
    }

    /// Returns the second look at an item, if somebody took one.
    pub fn second_review(&self, item: &ItemId) -> Option<&EffectiveDecision> {
        self.beyond(item).find(|bound| bound.seat == VotingSlot::Look)
    }

    /// Returns what somebody decided between two who disagree.
    pub fn tie_breaker(&self, item: &ItemId) -> Option<&EffectiveDecision> {
        self.beyond(item).find(|bound| bound.seat == VotingSlot::Fallback)
    }

    /// Returns whether a second look came to something else than the stages did.
    pub fn is_disputed(&self, item: &ItemId) -> bool {
        let first = self.course(item).overall(&self.campaign.definition);
        self.second_review(item).is_some_and(|look| Stance::of(Some(look.verdict)) != first)
    }

    fn beyond(&self, item: &ItemId) -> impl Iterator<Item = &EffectiveDecision> {
        let stages = self.campaign.definition.stage_count();
        self.bound(item).iter().filter(move |bound| bound.stage > stages)
    }

    /// Draws the second look, once all stages are closed.
    pub(super) fn draw_sample(&mut self, draw: &SampleContext<'_>) {
        let definition = &self.campaign.definition;
        let percent = definition.second_look_percent.unwrap_or(0);
        if self.closed() < definition.stage_count() {
            return;
        }
        if percent == 0 {
            return;
        }
        let number = |what: &str| {
            let text = format!("tenure/second-look/v1\n{}\n{}\n{what}\n", self.campaign.digest(), draw.commit);
            Digest::of(text).hex()
        };
        let mut drawn: BTreeSet<&ItemId> = BTreeSet::new();
        let mut rest: Vec<(String, &ItemId)> = Vec::new();
        for (item, put) in self.items.iter().filter(|(item, _)| self.is_decided(item)) {
            if put.tier() == Tier::T0 {
                drawn.insert(item);
            } else {
                rest.push((number(&item.to_string()), item));
            }
        }
        rest.sort();
        let percent = usize::try_from(percent.min(100)).unwrap_or(100);
        let many = (rest.len() * percent).div_ceil(100);
        drawn.extend(rest.into_iter().take(many).map(|(_, item)| item));
        let looks = drawn.into_iter().map(|item| {
            let mut lookers = self.others(item, draw);
            let is_fallback = |who: &PrincipalId| self.campaign.definition.is_fallback(who);
            // The fallbacks are kept for what two cannot agree on.
            lookers.sort_by_cached_key(|who| (is_fallback(who), number(&format!("{item}\n{who}"))));
            (*item, lookers)
        });
        self.looks = looks.collect();
    }

    /// Returns whether people have settled an item.
    fn is_decided(&self, item: &ItemId) -> bool {
        let StagePosition::Ended(stage) = self.course(item).at else { return false };
        !self.bound(item).is_empty() && !self.is_unsettled(item, stage) && !self.tally(item, stage).is_silent()
    }

    /// Returns who may look: somebody who was asked in this campaign, or a fallback, but nobody who was asked about the item
    /// or has decided it, and nobody whose own it is or who answers for it.
    fn others(&self, item: &ItemId, draw: &SampleContext<'_>) -> Vec<PrincipalId> {
        let mut first: BTreeSet<&PrincipalId> = BTreeSet::new();
        for bound in self.bound(item) {
            first.insert(&bound.by);
            first.extend(draw.cosigners.get(&*bound.path).copied().unwrap_or_default());
        }
        let places = self.asked(item).iter().filter_map(|(_, index)| usize::try_from(*index).ok());
        first.extend(places.filter_map(|index| self.reviewers.get(index)));
        let subject = self.items.get(item).map_or("", |put| put.subject());
        let definition = &self.campaign.definition;
        let all: BTreeSet<&PrincipalId> =
            self.reviewers.iter().chain([&definition.fallback, &definition.second_fallback]).collect();
        let active = |(_, state): (_, KeyState)| state == KeyState::Active;
        let can_sign = |who: &PrincipalId| draw.registry.keys_of(who.as_str()).any(active);
        let own = |who: &PrincipalId| {
            [draw.kinship, &*self.kinship].iter().any(|kinship| kinship.tie(who, subject).is_some())
        };
        let may = |who: &&PrincipalId| !first.contains(*who) && can_sign(who) && !own(who);
        all.into_iter().filter(may).cloned().collect()
    }

    /// Returns for whom a decision counts, in a stage or in the second look after the last one.
    pub(super) fn seat_of(
        &self,
        claim: DecidingPrincipal<'_>,
        cosigners: &[PrincipalId],
        delegations: &[Verified<Delegation>],
    ) -> Result<VotingSlot, TrustError> {
        // Where nothing is ever looked at again, what lies beyond the last stage is no stage.
        let looks = self.campaign.definition.second_look_percent.is_some() || self.sampled_items().next().is_some();
        if looks && claim.stage == self.campaign.definition.stage_count() + 1 {
            return self.second_review_slot(claim, cosigners);
        }
        self.seat(claim, delegations)
    }

    /// Returns for whom a decision beyond the last stage counts: for the second look, by who is asked, or a fallback in their
    /// place; or between two who disagree, by a third who may look. Who decided there before may decide anew.
    fn second_review_slot(
        &self,
        claim: DecidingPrincipal<'_>,
        cosigners: &[PrincipalId],
    ) -> Result<VotingSlot, TrustError> {
        let DecidingPrincipal { reviewer, stage, item, .. } = claim;
        let not_open = |why: &str| {
            let (item, why) = (item.id.to_string(), why.to_owned());
            Err(StageError::NotOpen { item, stage, why }.into())
        };
        if self.closed() < self.campaign.definition.stage_count() {
            return not_open("the second look begins when the last stage is closed");
        }
        let Some(lookers) = self.second_reviewers(&item.id) else {
            return not_open("it was not drawn for a second look");
        };
        let foreign = |who: &PrincipalId| -> TrustError {
            let (item, reviewer) = (item.id.to_string(), who.to_string());
            let asked = lookers.first().map_or("nobody".to_owned(), ToString::to_string);
            StageError::Foreign { item, reviewer, stage, asked }.into()
        };
        if let Some(other) = std::iter::once(reviewer).chain(cosigners).find(|who| !lookers.contains(who)) {
            return Err(foreign(other));
        }
        if let Some(names) = &item.supersedes {
            return match self.beyond(&item.id).find(|bound| bound.reference() == *names) {
                Some(before) if before.by == *reviewer => Ok(before.seat),
                Some(_) => Err(foreign(reviewer)),
                None => {
                    let in_force: Vec<_> = self.beyond(&item.id).map(EffectiveDecision::reference).collect();
                    let in_force = if in_force.is_empty() { "no decision".to_owned() } else { in_force.join(" and ") };
                    Err(TrustError::StaleSupersedes { item: item.id.to_string(), names: names.clone(), in_force })
                }
            };
        }
        let twice = |by: &EffectiveDecision| {
            Err(TrustError::ItemBoundTwice { item: item.id.to_string(), by: by.path.to_string() })
        };
        match (self.second_review(&item.id), self.tie_breaker(&item.id)) {
            (None, _) if lookers.first() == Some(reviewer) || self.campaign.definition.is_fallback(reviewer) => {
                Ok(VotingSlot::Look)
            }
            (Some(look), _) if look.by == *reviewer => twice(look),
            (Some(_), Some(third)) => twice(third),
            (Some(_), None) if self.is_disputed(&item.id) => Ok(VotingSlot::Fallback),
            _ => Err(foreign(reviewer)),
        }
    }
}
