//! An open campaign: what it put to review and to whom, which of its stages are closed, and which decisions are in force.

use super::{
    ownership::OwnershipIndex,
    published_items::{PublishedItem, check_population},
    rejection::Rejection,
    verified::{Verified, reference},
};
use crate::model::{
    CampaignId, Digest, ItemId, PrincipalId, StagePosition, StageProgress, Stance, Tally, Timestamp, Verdict,
    file::{Campaign, Item, NoResponseOutcome, Review, StageClose},
};
use litemap::LiteMap;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A campaign with what it put to review, and what has been decided in it so far.
#[derive(Clone, Debug)]
pub struct OpenCampaign {
    pub(super) campaign: Verified<Campaign>,
    pub(super) items: LiteMap<ItemId, PublishedItem>,
    /// Everybody who was asked about anything; [`VotingSlot::Asked`] is a place in here.
    pub(super) reviewers: Vec<PrincipalId>,
    /// Whose access was whose when it was opened: what is given away later is still one's own in this campaign.
    pub(super) kinship: Arc<OwnershipIndex>,
    /// The closes of its first stages, in order.
    pub(super) closes: Vec<Verified<StageClose>>,
    pub(super) bound: BTreeMap<ItemId, Vec<EffectiveDecision>>,
    /// What was drawn for a second look, with who may take it.
    pub(super) looks: BTreeMap<ItemId, Vec<PrincipalId>>,
}

/// For whom a decision counts. Two decisions never count for one, and nobody answers for two about an item in a stage.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum VotingSlot {
    /// For somebody who was asked: the one at this place among [`OpenCampaign::reviewers`].
    Asked(u32),
    /// For all who are silent: a fallback of the campaign decided. Beyond the last stage: between two who disagree.
    Fallback,
    /// For the second look, beyond the last stage.
    Look,
}

/// A decision in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EffectiveDecision {
    /// In which stage.
    pub stage: u32,
    /// For whom it counts.
    pub seat: VotingSlot,
    /// Who decided it.
    pub by: PrincipalId,
    /// The file that decides it.
    pub path: Arc<str>,
    /// The digest of that file.
    pub digest: Digest,
    /// What it decides.
    pub verdict: Verdict,
    /// To what or whom.
    pub to: Option<String>,
    /// Whether the item was ever handed on from this seat.
    pub(super) handed_on: bool,
}

impl EffectiveDecision {
    /// Returns how a later decision names this one in `supersedes`.
    pub fn reference(&self) -> String {
        reference(&self.path, self.digest)
    }

    pub(super) fn hands_on(&self) -> bool {
        self.verdict == Verdict::Abstain && self.to.is_some()
    }
}

impl OpenCampaign {
    /// Returns the campaign.
    pub const fn campaign(&self) -> &Verified<Campaign> {
        &self.campaign
    }

    /// Returns the items that were put to review.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &ItemId> {
        self.items.keys()
    }

    /// Returns the items as they were put to review, by item.
    pub fn puts(&self) -> impl ExactSizeIterator<Item = (&ItemId, &PublishedItem)> {
        self.items.iter()
    }

    /// Returns everybody who was asked about anything.
    pub fn reviewers(&self) -> &[PrincipalId] {
        &self.reviewers
    }

    /// Returns who was asked about an item, as stages and places among [`Self::reviewers`]; sorted.
    pub fn asked(&self, item: &ItemId) -> &[(u32, u32)] {
        self.items.get(item).map(PublishedItem::asked).unwrap_or_default()
    }

    /// Returns the accepted closes of its first stages, in order.
    pub fn closes(&self) -> &[Verified<StageClose>] {
        &self.closes
    }

    /// Returns how many stages are closed.
    pub fn closed(&self) -> u32 {
        u32::try_from(self.closes.len()).unwrap_or(u32::MAX)
    }

    /// Returns which items were seeded, sorted; nothing before that is told with the close of the last stage.
    pub fn seeded(&self) -> &[ItemId] {
        self.closes.last().map(|close| close.seeded.as_slice()).unwrap_or_default()
    }

    /// Checks that without the items that are told to be seeded, all of which were put to review, the campaign holds what it
    /// was signed for.
    pub(super) fn check_told(&self, seeded: &BTreeSet<&ItemId>) -> Result<(), Rejection> {
        if let Some(other) = seeded.iter().find(|item| !self.items.contains_key(**item)) {
            return Err(Rejection::ItemForeign(other.to_string()));
        }
        let real = self.items.iter().filter(|(item, _)| !seeded.contains(item));
        check_population(&self.campaign, real.map(|(item, put)| (item, &put.grant)))
    }

    /// Returns the decisions in force on an item.
    pub fn bound(&self, item: &ItemId) -> &[EffectiveDecision] {
        self.bound.get(item).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns an item as it was put to review.
    pub fn put(&self, item: &ItemId) -> Option<&PublishedItem> {
        self.items.get(item)
    }

    /// Returns the items that a stage asks about, or asked: all of them, and those that nobody answers so far. This is what
    /// the close of the stage has to say, but for the seeded items, which are told with the last one and counted in neither.
    pub fn answered_in(&self, stage: u32) -> (u64, Vec<&ItemId>) {
        let (mut answered, mut silent) = (0, Vec::new());
        for item in self.items.keys() {
            let tally = self.tally(item, stage);
            if tally.asked == 0 || !self.course(item).reached(stage) {
                continue;
            }
            if tally.is_silent() { silent.push(item) } else { answered += 1 }
        }
        (answered, silent)
    }

    /// Returns where an item is in the stages.
    pub fn course(&self, item: &ItemId) -> StageProgress {
        StageProgress::follow(&self.campaign.definition, self.closed(), |stage| self.tally(item, stage))
    }

    /// Returns the answers on an item in a stage.
    pub fn tally(&self, item: &ItemId, stage: u32) -> Tally {
        let mut tally = Tally { asked: self.asked_in(item, stage).count(), ..Tally::default() };
        for bound in self.bound(item).iter().filter(|bound| bound.stage == stage) {
            match bound.seat {
                VotingSlot::Asked(_) => tally.answers.push(bound.verdict),
                VotingSlot::Fallback => tally.fallback = Some(bound.verdict),
                VotingSlot::Look => {}
            }
            tally.handed_on += usize::from(bound.hands_on());
        }
        tally
    }

    /// Returns who is asked about an item in a stage and has not answered; after the item was handed on, to whom.
    pub fn missing(&self, item: &ItemId, stage: u32) -> Vec<PrincipalId> {
        let bound: Vec<&EffectiveDecision> = self.bound(item).iter().filter(|bound| bound.stage == stage).collect();
        let covered = bound.iter().any(|bound| bound.seat == VotingSlot::Fallback);
        let of = |(index, reviewer): (u32, &PrincipalId)| match bound
            .iter()
            .find(|bound| bound.seat == VotingSlot::Asked(index))
        {
            None if covered => None,
            None => Some(reviewer.clone()),
            Some(bound) if bound.hands_on() => PrincipalId::parse(bound.to.as_deref()?).ok(),
            Some(_) => None,
        };
        self.asked_in(item, stage).filter_map(of).collect()
    }

    pub(super) fn holder(&self, seat: VotingSlot) -> Option<&PrincipalId> {
        let VotingSlot::Asked(index) = seat else { return None };
        self.reviewers.get(usize::try_from(index).ok()?)
    }

    pub(super) fn asked_in(&self, item: &ItemId, stage: u32) -> impl Iterator<Item = (u32, &PrincipalId)> {
        let here = self.asked(item).iter().filter(move |(own, _)| *own == stage);
        here.filter_map(|(_, index)| Some((*index, self.reviewers.get(usize::try_from(*index).ok()?)?)))
    }

    /// Returns the time that the campaign's owners have told last, which is all the time that is known here: a delegation
    /// that ended before it gives nothing any more.
    pub(super) fn told(&self) -> Timestamp {
        self.closes.last().map_or(self.campaign.opened_at, |close| close.closed_at)
    }

    /// Returns whether nobody settled an item before its stage was closed, and silence did not either.
    pub(super) fn is_unsettled(&self, item: &ItemId, stage: u32) -> bool {
        let course = self.course(item);
        if course.at != StagePosition::Ended(stage) {
            return false;
        }
        let stance = course.overall(&self.campaign.definition);
        match self.after_silence(item, stage).filter(|_| self.tally(item, stage).is_silent()) {
            Some(NoResponseOutcome::Disable) => false,
            Some(_) => !matches!(stance, Stance::Reduce | Stance::Revoke),
            None => matches!(stance, Stance::NoResponse | Stance::NotDecided) || self.is_contradictory(item, stance),
        }
    }

    /// Returns what the close of a stage makes of an item that nobody answered in it.
    fn after_silence(&self, item: &ItemId, stage: u32) -> Option<NoResponseOutcome> {
        let close = self.closes.get(usize::try_from(stage.checked_sub(1)?).ok()?)?;
        let found = close.silent.binary_search_by(|one| one.item.cmp(item)).ok()?;
        close.silent.get(found).map(|silent| silent.then)
    }

    /// Returns whether those who take the stance that won want different things; where fallbacks have said which, whether
    /// they do.
    pub(super) fn is_contradictory(&self, item: &ItemId, stance: Stance) -> bool {
        let stages = self.campaign.definition.stage_count();
        let within = || self.bound(item).iter().filter(|bound| bound.stage <= stages);
        let first = stance.verdicts().iter().find(|v| within().any(|bound| bound.verdict == **v));
        let Some(verdict) = first.filter(|verdict| verdict.needs_to()) else { return false };
        let same = || within().filter(|bound| bound.verdict == *verdict);
        let said = same().any(|bound| bound.seat == VotingSlot::Fallback);
        let mut speak = same().filter(|bound| !said || bound.seat == VotingSlot::Fallback);
        let wanted = speak.next().map(|bound| &bound.to);
        speak.any(|bound| Some(&bound.to) != wanted)
    }

    /// Takes the decisions of a review; `seats` are those of its decided items, in their order.
    pub(super) fn bind(&mut self, path: &str, digest: Digest, review: &Review, seats: &[VotingSlot]) {
        let path: Arc<str> = Arc::from(path);
        for (item, seat) in decided(review).zip(seats) {
            let Some(verdict) = item.decision else { continue };
            let all = self.bound.entry(item.id).or_default();
            let same = all.iter().position(|bound| (bound.stage, bound.seat) == (review.stage(), *seat));
            let before = same.map(|index| all.swap_remove(index));
            let mut bound = EffectiveDecision {
                stage: review.stage(),
                seat: *seat,
                by: review.reviewer.clone(),
                path: path.clone(),
                digest,
                verdict,
                to: item.to.clone(),
                handed_on: false,
            };
            bound.handed_on = bound.hands_on() || before.is_some_and(|before| before.handed_on);
            all.push(bound);
            all.sort_by_key(|bound| (bound.stage, bound.seat));
        }
    }
}

/// Returns the items of a review that are decided.
pub(super) fn decided(review: &Review) -> impl Iterator<Item = &Item> {
    review.items.iter().filter(|item| item.decision.is_some())
}

/// All campaigns that were opened, by id.
pub(super) type Openings = BTreeMap<CampaignId, OpenCampaign>;
