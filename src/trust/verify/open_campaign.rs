//! An open campaign: published items and assignments, closed stages, and decisions in force.

use crate::model::{
    CampaignId, Digest, ItemId, PrincipalId, ReviewResult, StagePosition, StageProgress, StageTally, SystemId, Tier,
    Timestamp, Verdict,
    file::{Campaign, CampaignDefinition, Item, NoResponseOutcome, Review, StageClose},
};
use crate::trust::error::TrustError;
use crate::trust::identity::former_links::system_of;
use crate::trust::identity::ownership::OwnershipIndex;
use crate::trust::verified::{Verified, reference};
use crate::trust::verify::item_table::{ItemTable, PublishedItem};
use crate::trust::verify::published_items::PublishedItems;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// A campaign with its published items and its decisions so far.
#[derive(Clone, Debug)]
pub struct OpenCampaign {
    pub(in crate::trust) campaign: Verified<Campaign>,
    pub(in crate::trust) items: Arc<ItemTable>,
    /// All assigned reviewers; [`VotingSlot::Assigned`] is an index into this list.
    pub(in crate::trust) reviewers: Vec<PrincipalId>,
    /// The cosigners of each worklist that names any, by path.
    pub(in crate::trust) cosigners: BTreeMap<String, Vec<PrincipalId>>,
    /// Ownership of access at the opening: access that is transferred later still counts as own access in this
    /// campaign.
    pub(in crate::trust) kinship: Arc<OwnershipIndex>,
    /// The number of the merge that opened the previous campaign on each system: links that were removed since count.
    pub(in crate::trust) since: BTreeMap<SystemId, u64>,
    /// The closes of the stages closed so far, in order.
    pub(in crate::trust) closes: Vec<Verified<StageClose>>,
    pub(in crate::trust) bound: BTreeMap<ItemId, Vec<EffectiveDecision>>,
}

/// The reviewer slot to which a decision is attributed. A slot has one decision, and a person answers for one slot per
/// item and stage.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum VotingSlot {
    /// An assigned reviewer, by index into [`OpenCampaign::reviewers`].
    Assigned(u32),
    /// All reviewers without a response: decided by a fallback of the campaign.
    Fallback,
    /// The item itself, which the stages left undecided: decided by a fallback of the campaign after the last stage that
    /// the item reached was closed. The decision replaces the result of the stages.
    Settlement,
}

/// Returns the campaign to which a file belongs.
///
/// # Errors
/// When the campaign does not exist, or its file has another digest.
pub(in crate::trust) fn bound_to<'o>(
    campaign: &str,
    found: Digest,
    opening: Option<&'o OpenCampaign>,
) -> Result<&'o OpenCampaign, TrustError> {
    let Some(opening) = opening else { return Err(TrustError::CampaignMissing(campaign.to_owned())) };
    let expected = opening.campaign.digest();
    if expected == found {
        return Ok(opening);
    }
    Err(TrustError::CampaignBinding { campaign: campaign.to_owned(), found, expected })
}

/// A decision that is in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EffectiveDecision {
    /// The stage.
    pub stage: u32,
    /// The slot to which it is attributed.
    pub slot: VotingSlot,
    /// The principal who decided.
    pub by: PrincipalId,
    /// The review file.
    pub path: Arc<str>,
    /// The digest of the review file.
    pub digest: Digest,
    /// The verdict.
    pub verdict: Verdict,
    /// The target of the verdict.
    pub to: Option<String>,
    /// Whether the item was ever reassigned from this slot.
    pub(in crate::trust) reassigned: bool,
}

impl EffectiveDecision {
    /// Returns the reference to this decision for `supersedes`.
    pub fn reference(&self) -> String {
        reference(&self.path, self.digest)
    }

    pub(in crate::trust) fn reassigns(&self) -> bool {
        self.verdict == Verdict::Abstain && self.to.is_some()
    }
}

impl OpenCampaign {
    /// Opens a campaign with its published items.
    pub(in crate::trust) fn new(
        campaign: Verified<Campaign>,
        published: PublishedItems,
        kinship: Arc<OwnershipIndex>,
        last_openings: &BTreeMap<SystemId, u64>,
    ) -> Self {
        let (items, reviewers, cosigners) = published.into_parts();
        let systems = campaign.systems.iter().map(|population| &population.system);
        let since = systems.filter_map(|system| Some((system.clone(), *last_openings.get(system)?))).collect();
        let items = Arc::new(items);
        Self { campaign, items, reviewers, cosigners, kinship, since, closes: Vec::new(), bound: BTreeMap::new() }
    }

    /// Returns the number of the merge since which removed links to an account count as own access.
    pub(in crate::trust) fn since(&self, subject: &str) -> u64 {
        system_of(subject).and_then(|system| self.since.get(&system)).copied().unwrap_or(0)
    }

    /// Returns the campaign.
    pub const fn campaign(&self) -> &Verified<Campaign> {
        &self.campaign
    }

    /// Returns the ids of the published items.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &ItemId> {
        self.items.ids()
    }

    /// Returns the published items by id.
    pub fn published_items(&self) -> impl Iterator<Item = (&ItemId, PublishedItem<'_>)> {
        self.items.iter()
    }

    /// Returns all assigned reviewers.
    pub fn reviewers(&self) -> &[PrincipalId] {
        &self.reviewers
    }

    /// Returns the assignments of an item, as stages and indexes into [`Self::reviewers`]; sorted.
    pub fn assignments(&self, item: &ItemId) -> &[(u32, u32)] {
        self.items.get(item).map(PublishedItem::assignments).unwrap_or_default()
    }

    /// Returns whether an item is assigned in a stage after `stage`.
    pub fn is_assigned_after(&self, item: &ItemId, stage: u32) -> bool {
        self.assignments(item).last().is_some_and(|(last, _)| *last > stage)
    }

    /// Returns whether every reviewer and fallback of an item is linked to its access, so that none of them may decide:
    /// in a repository with one person, the access of that person.
    pub fn is_unreviewable(&self, item: &ItemId) -> bool {
        let subject = self.items.get(item).map(PublishedItem::subject).unwrap_or_default();
        let mut assigned =
            self.assignments(item).iter().filter_map(|(_, index)| self.reviewers.get(usize::try_from(*index).ok()?));
        self.settlers(item).is_empty() && assigned.all(|reviewer| self.kinship.link(reviewer, subject).is_some())
    }

    /// Returns the possible consequences of no response for an item in a stage. Access that none may review is kept, and
    /// reported as not reviewed.
    pub fn no_response_outcomes(&self, item: &ItemId, stage: u32) -> &'static [NoResponseOutcome] {
        let later = self.is_assigned_after(item, stage);
        let tier = self.items.get(item).map_or(Tier::T0, PublishedItem::tier);
        match self.campaign.definition.no_response_outcomes(stage, tier, later) {
            advance @ [NoResponseOutcome::Advance] => advance,
            _ if self.is_unreviewable(item) => &[NoResponseOutcome::Open],
            outcomes => outcomes,
        }
    }

    /// Returns the consequence for an item that a stage close does not list: the only possible one, or else the one that
    /// removes no access.
    pub fn unlisted_outcome(&self, item: &ItemId, stage: u32) -> NoResponseOutcome {
        let allowed = self.no_response_outcomes(item, stage);
        match allowed {
            [one] => *one,
            _ => allowed.iter().copied().find(|then| then.removal().is_none()).unwrap_or(NoResponseOutcome::Open),
        }
    }

    /// Returns the accepted stage closes, in order.
    pub fn closes(&self) -> &[Verified<StageClose>] {
        &self.closes
    }

    /// Returns the number of closed stages.
    pub fn closed(&self) -> u32 {
        u32::try_from(self.closes.len()).unwrap_or(u32::MAX)
    }

    /// Returns the decisions on an item that are in force.
    pub fn bound(&self, item: &ItemId) -> &[EffectiveDecision] {
        self.bound.get(item).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns a published item.
    pub fn put(&self, item: &ItemId) -> Option<PublishedItem<'_>> {
        self.items.get(item)
    }

    /// Returns the number of answered items and the unanswered items among those that reached a stage: the contents of
    /// a stage close.
    pub fn answered_in(&self, stage: u32) -> (u64, Vec<&ItemId>) {
        let (mut answered, mut unanswered) = (0, Vec::new());
        for item in self.items.ids() {
            let tally = self.tally(item, stage);
            if tally.assigned == 0 || !self.course(item).reached(stage) {
                continue;
            }
            if tally.is_unanswered() { unanswered.push(item) } else { answered += 1 }
        }
        (answered, unanswered)
    }

    /// Returns the progress of an item through the stages.
    pub fn course(&self, item: &ItemId) -> StageProgress {
        StageProgress::advance(&self.campaign.definition, self.closed(), |stage| self.tally(item, stage))
    }

    /// Returns the responses to an item in a stage.
    pub fn tally(&self, item: &ItemId, stage: u32) -> StageTally {
        let mut tally = StageTally { assigned: self.assigned_in(item, stage).count(), ..StageTally::default() };
        for bound in self.bound(item).iter().filter(|bound| bound.stage == stage) {
            match bound.slot {
                VotingSlot::Assigned(_) => tally.answers.push(bound.verdict),
                VotingSlot::Fallback => tally.fallback = Some(bound.verdict),
                VotingSlot::Settlement => continue,
            }
            tally.reassigned += usize::from(bound.reassigns());
        }
        tally
    }

    /// Returns the reviewers of an item in a stage who have not responded; for a reassigned item, the new reviewer.
    pub fn missing(&self, item: &ItemId, stage: u32) -> Vec<PrincipalId> {
        let is_settled = self.tally(item, stage).is_settled(self.campaign.definition.strategy(stage));
        if is_settled || self.is_unreviewable(item) {
            return Vec::new();
        }
        let bound: Vec<&EffectiveDecision> = self.bound(item).iter().filter(|bound| bound.stage == stage).collect();
        let covered = bound.iter().any(|bound| bound.slot == VotingSlot::Fallback);
        let of = |(index, reviewer): (u32, &PrincipalId)| match bound
            .iter()
            .find(|bound| bound.slot == VotingSlot::Assigned(index))
        {
            None if covered => None,
            None => Some(reviewer.clone()),
            Some(bound) if bound.reassigns() => PrincipalId::parse(bound.to.as_deref()?).ok(),
            Some(_) => None,
        };
        self.assigned_in(item, stage).filter_map(of).collect()
    }

    /// Returns the reviewer to whom a slot is assigned; `None` for the slot of the fallbacks.
    pub fn assigned_holder(&self, slot: VotingSlot) -> Option<&PrincipalId> {
        self.holder(slot)
    }

    /// Returns when a stage begins and when its window ends.
    pub fn stage_window(&self, stage: u32) -> (Timestamp, Timestamp) {
        let before = usize::try_from(stage).ok().and_then(|stage| self.closes.get(stage.checked_sub(2)?));
        let begins = before.map_or(self.campaign.opened_at, |close| close.closed_at);
        let definition = &self.campaign.definition;
        let days = definition.stage(stage).map_or(definition.window_days, |stage| stage.days);
        (begins, begins.plus_days(i64::from(days)))
    }

    pub(in crate::trust) fn holder(&self, slot: VotingSlot) -> Option<&PrincipalId> {
        let VotingSlot::Assigned(index) = slot else { return None };
        self.reviewers.get(usize::try_from(index).ok()?)
    }

    pub(in crate::trust) fn assigned_in(&self, item: &ItemId, stage: u32) -> impl Iterator<Item = (u32, &PrincipalId)> {
        let here = self.assignments(item).iter().filter(move |(own, _)| *own == stage);
        here.filter_map(|(_, index)| Some((*index, self.reviewers.get(usize::try_from(*index).ok()?)?)))
    }

    /// Returns the latest time in an accepted stage close, the only time known here: a delegation that ended before it
    /// is not in force.
    pub(in crate::trust) fn last_stage_closed_at(&self) -> Timestamp {
        self.closes.last().map_or(self.campaign.opened_at, |close| close.closed_at)
    }

    /// Returns the decision of a fallback on an item that the stages left undecided.
    pub fn settlement(&self, item: &ItemId) -> Option<&EffectiveDecision> {
        self.bound(item).iter().find(|bound| bound.slot == VotingSlot::Settlement)
    }

    /// Returns the stage whose close left the item undecided, if a fallback may decide it now: no response, abstention
    /// or disagreement, in this stage or an earlier one, gave no result, and no fallback has decided yet.
    pub fn unsettled_in(&self, item: &ItemId) -> Option<u32> {
        let stage = self.course(item).at.stage();
        (stage <= self.closed() && self.is_unsettled(item, stage)).then_some(stage)
    }

    /// Returns whether a fallback has answered an item in an open stage, or a reviewer whose answer settles it.
    pub fn is_decided_in(&self, item: &ItemId, stage: u32) -> bool {
        let tally = self.tally(item, stage);
        tally.fallback.is_some() || tally.is_settled(self.campaign.definition.strategy(stage))
    }

    /// Returns whether a reviewer abstained or investigates in a stage without naming another reviewer.
    pub fn is_abstained(&self, item: &ItemId, stage: u32) -> bool {
        let undecided = |bound: &EffectiveDecision| ReviewResult::of(Some(bound.verdict)) == ReviewResult::NotDecided;
        let mut here = self.bound(item).iter().filter(|bound| bound.stage == stage);
        here.any(|bound| undecided(bound) && !bound.reassigns() && bound.slot != VotingSlot::Settlement)
    }

    /// Returns the fallbacks who may decide an item that the stages left undecided: without a link to the access at the
    /// opening.
    pub fn settlers(&self, item: &ItemId) -> Vec<&PrincipalId> {
        let CampaignDefinition { fallback, second_fallback, .. } = &self.campaign.definition;
        let subject = self.items.get(item).map(PublishedItem::subject).unwrap_or_default();
        let mut both = vec![fallback, second_fallback];
        both.dedup();
        both.retain(|one| self.kinship.link(one, subject).is_none());
        both
    }

    /// Returns whether an item was undecided when its stage was closed, and the no-response outcome left it open.
    pub(in crate::trust) fn is_unsettled(&self, item: &ItemId, stage: u32) -> bool {
        let course = self.course(item);
        if course.at != StagePosition::Ended(stage) {
            return false;
        }
        if let Some(settled) = self.settlement(item) {
            return ReviewResult::of(Some(settled.verdict)) == ReviewResult::NotDecided;
        }
        let result = course.overall_result(&self.campaign.definition);
        match self.no_response_outcome(item, stage).filter(|_| self.tally(item, stage).is_unanswered()) {
            Some(then) if !matches!(result, ReviewResult::Reduce | ReviewResult::Revoke) => then.removal().is_none(),
            _ => {
                matches!(result, ReviewResult::NoResponse | ReviewResult::NotDecided)
                    || self.is_contradictory(item, result)
            }
        }
    }

    /// Returns the outcome that a stage close gives to an item without a response.
    fn no_response_outcome(&self, item: &ItemId, stage: u32) -> Option<NoResponseOutcome> {
        let close = self.closes.get(usize::try_from(stage.checked_sub(1)?).ok()?)?;
        let found = close.no_response.binary_search_by(|one| one.item.cmp(item)).ok()?;
        close.no_response.get(found).map(|silent| silent.outcome)
    }

    /// Returns whether the responses of the winning result conflict; if fallbacks have decided, whether theirs do.
    pub(in crate::trust) fn is_contradictory(&self, item: &ItemId, result: ReviewResult) -> bool {
        let first = result.verdicts().iter().find(|v| self.bound(item).iter().any(|bound| bound.verdict == **v));
        let Some(verdict) = first.filter(|verdict| verdict.needs_to()) else { return false };
        let same = || self.bound(item).iter().filter(|bound| bound.verdict == *verdict);
        let said = same().any(|bound| bound.slot == VotingSlot::Fallback);
        let mut speak = same().filter(|bound| !said || bound.slot == VotingSlot::Fallback);
        let wanted = speak.next().map(|bound| &bound.to);
        speak.any(|bound| Some(&bound.to) != wanted)
    }

    /// Records the decisions of a review; `slots` are the slots of its decided items, in order.
    pub(in crate::trust) fn record_decisions(
        &mut self,
        path: &str,
        digest: Digest,
        review: &Review,
        slots: &[VotingSlot],
    ) {
        let path: Arc<str> = Arc::from(path);
        for (item, slot) in decided(review).zip(slots) {
            let Some(verdict) = item.decision else { continue };
            let all = self.bound.entry(item.id).or_default();
            let same = all.iter().position(|bound| (bound.stage, bound.slot) == (review.stage(), *slot));
            let before = same.map(|index| all.swap_remove(index));
            let mut bound = EffectiveDecision {
                stage: review.stage(),
                slot: *slot,
                by: review.reviewer.clone(),
                path: path.clone(),
                digest,
                verdict,
                to: item.to.clone(),
                reassigned: false,
            };
            bound.reassigned = bound.reassigns() || before.is_some_and(|before| before.reassigned);
            all.push(bound);
            all.sort_by_key(|bound| (bound.stage, bound.slot));
        }
    }
}

/// Returns the decided items of a review.
pub(in crate::trust) fn decided(review: &Review) -> impl Iterator<Item = &Item> {
    review.items.iter().filter(|item| item.decision.is_some())
}

/// All open and past campaigns, by id.
pub(in crate::trust) type OpenCampaigns = BTreeMap<CampaignId, OpenCampaign>;
