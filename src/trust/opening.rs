//! An open campaign: what it put to review and to whom, which of its stages are closed, and which decisions are in force.

use super::{
    kinship::Kinship,
    refusal::Refusal,
    stage_refusal::StageRefusal,
    verified::{Verified, reference},
};
use crate::model::{
    At, CampaignId, Course, Digest, ItemId, PrincipalId, Stance, SystemId, Tally, Tier, Timestamp, Verdict,
    file::{AfterSilence, Campaign, Item, Review, StageClose, asked, population},
};
use litemap::LiteMap;
use smallvec::SmallVec;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A campaign with what it put to review, and what has been decided in it so far.
#[derive(Clone, Debug)]
pub struct Opening {
    pub(super) campaign: Verified<Campaign>,
    pub(super) items: LiteMap<ItemId, Put>,
    /// Everybody who was asked about anything; [`Seat::Asked`] is a place in here.
    pub(super) reviewers: Vec<PrincipalId>,
    /// Whose access was whose when it was opened: what is given away later is still one's own in this campaign.
    pub(super) kinship: Arc<Kinship>,
    /// The closes of its first stages, in order.
    pub(super) closes: Vec<Verified<StageClose>>,
    pub(super) bound: BTreeMap<ItemId, Vec<Bound>>,
    /// What was drawn for a second look, with who may take it.
    pub(super) looks: BTreeMap<ItemId, Vec<PrincipalId>>,
}

/// An item as a campaign put it to review.
#[derive(Clone, Debug)]
pub struct Put {
    /// The digests of what nobody may change, as each stub has it: they differ in why its reviewer is asked, at most.
    fixed: SmallVec<[Digest; 1]>,
    /// The digest of what is the same in all stubs.
    common: Digest,
    /// The digest of the names that people read.
    pub(super) names: Digest,
    system: SystemId,
    grant: Digest,
    /// The holder's immutable id, `<system>:<id>`.
    subject: Box<str>,
    tier: Tier,
    /// Who was asked in which stage, sorted.
    asked: SmallVec<[(u32, u32); 2]>,
}

/// For whom a decision counts. Two decisions never count for one, and nobody answers for two about an item in a stage.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Seat {
    /// For somebody who was asked: the one at this place among [`Opening::reviewers`].
    Asked(u32),
    /// For all who are silent: a fallback of the campaign decided. Beyond the last stage: between two who disagree.
    Fallback,
    /// For the second look, beyond the last stage.
    Look,
}

/// A decision in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bound {
    /// In which stage.
    pub stage: u32,
    /// For whom it counts.
    pub seat: Seat,
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

impl Bound {
    /// Returns how a later decision names this one in `supersedes`.
    pub fn reference(&self) -> String {
        reference(&self.path, self.digest)
    }

    pub(super) fn hands_on(&self) -> bool {
        self.verdict == Verdict::Abstain && self.to.is_some()
    }
}

impl Opening {
    /// Returns the campaign.
    pub const fn campaign(&self) -> &Verified<Campaign> {
        &self.campaign
    }

    /// Returns the items that were put to review.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &ItemId> {
        self.items.keys()
    }

    /// Returns the items as they were put to review, by item.
    pub fn puts(&self) -> impl ExactSizeIterator<Item = (&ItemId, &Put)> {
        self.items.iter()
    }

    /// Returns everybody who was asked about anything.
    pub fn reviewers(&self) -> &[PrincipalId] {
        &self.reviewers
    }

    /// Returns who was asked about an item, as stages and places among [`Self::reviewers`]; sorted.
    pub fn asked(&self, item: &ItemId) -> &[(u32, u32)] {
        self.items.get(item).map(Put::asked).unwrap_or_default()
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
    pub(super) fn check_told(&self, seeded: &BTreeSet<&ItemId>) -> Result<(), Refusal> {
        if let Some(other) = seeded.iter().find(|item| !self.items.contains_key(**item)) {
            return Err(Refusal::ItemForeign(other.to_string()));
        }
        let real = self.items.iter().filter(|(item, _)| !seeded.contains(item));
        check_population(&self.campaign, real.map(|(item, put)| (item, &put.grant)))
    }

    /// Returns the decisions in force on an item.
    pub fn bound(&self, item: &ItemId) -> &[Bound] {
        self.bound.get(item).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns an item as it was put to review.
    pub fn put(&self, item: &ItemId) -> Option<&Put> {
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
    pub fn course(&self, item: &ItemId) -> Course {
        Course::follow(&self.campaign.definition, self.closed(), |stage| self.tally(item, stage))
    }

    /// Returns the answers on an item in a stage.
    pub fn tally(&self, item: &ItemId, stage: u32) -> Tally {
        let mut tally = Tally { asked: self.asked_in(item, stage).count(), ..Tally::default() };
        for bound in self.bound(item).iter().filter(|bound| bound.stage == stage) {
            match bound.seat {
                Seat::Asked(_) => tally.answers.push(bound.verdict),
                Seat::Fallback => tally.fallback = Some(bound.verdict),
                Seat::Look => {}
            }
            tally.handed_on += usize::from(bound.hands_on());
        }
        tally
    }

    /// Returns who is asked about an item in a stage and has not answered; after the item was handed on, to whom.
    pub fn missing(&self, item: &ItemId, stage: u32) -> Vec<PrincipalId> {
        let bound: Vec<&Bound> = self.bound(item).iter().filter(|bound| bound.stage == stage).collect();
        let covered = bound.iter().any(|bound| bound.seat == Seat::Fallback);
        let of = |(index, reviewer): (u32, &PrincipalId)| match bound
            .iter()
            .find(|bound| bound.seat == Seat::Asked(index))
        {
            None if covered => None,
            None => Some(reviewer.clone()),
            Some(bound) if bound.hands_on() => PrincipalId::parse(bound.to.as_deref()?).ok(),
            Some(_) => None,
        };
        self.asked_in(item, stage).filter_map(of).collect()
    }

    pub(super) fn holder(&self, seat: Seat) -> Option<&PrincipalId> {
        let Seat::Asked(index) = seat else { return None };
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
        if course.at != At::Ended(stage) {
            return false;
        }
        let stance = course.overall(&self.campaign.definition);
        match self.after_silence(item, stage).filter(|_| self.tally(item, stage).is_silent()) {
            Some(AfterSilence::Disable) => false,
            Some(_) => !matches!(stance, Stance::Reduce | Stance::Revoke),
            None => matches!(stance, Stance::NoResponse | Stance::NotDecided) || self.is_contradictory(item, stance),
        }
    }

    /// Returns what the close of a stage makes of an item that nobody answered in it.
    fn after_silence(&self, item: &ItemId, stage: u32) -> Option<AfterSilence> {
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
        let said = same().any(|bound| bound.seat == Seat::Fallback);
        let mut speak = same().filter(|bound| !said || bound.seat == Seat::Fallback);
        let wanted = speak.next().map(|bound| &bound.to);
        speak.any(|bound| Some(&bound.to) != wanted)
    }

    /// Takes the decisions of a review; `seats` are those of its decided items, in their order.
    pub(super) fn bind(&mut self, path: &str, digest: Digest, review: &Review, seats: &[Seat]) {
        let path: Arc<str> = Arc::from(path);
        for (item, seat) in decided(review).zip(seats) {
            let Some(verdict) = item.decision else { continue };
            let all = self.bound.entry(item.id).or_default();
            let same = all.iter().position(|bound| (bound.stage, bound.seat) == (review.stage(), *seat));
            let before = same.map(|index| all.swap_remove(index));
            let mut bound = Bound {
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

/// Checks that these are the items that a campaign was signed for.
fn check_population<'a>(
    campaign: &Campaign,
    items: impl Iterator<Item = (&'a ItemId, &'a Digest)> + Clone,
) -> Result<(), Refusal> {
    let (count, found) = (items.clone().count() as u64, population(items));
    if (count, found) == (campaign.items, campaign.population) {
        return Ok(());
    }
    let expected = format!("{} items, {}", campaign.items, campaign.population);
    Err(Refusal::Population { expected, found: format!("{count} items, {found}") })
}

/// What the stubs of a campaign put to review, gathered stub by stub: all together they are larger than anything else here.
#[derive(Default)]
pub(super) struct Puts {
    items: Vec<(ItemId, Put)>,
    /// Where each item stands.
    places: HashMap<ItemId, usize>,
    reviewers: BTreeMap<PrincipalId, u32>,
}

impl Puts {
    /// Takes a stub: a review as it lay in the campaign's folder when that was opened.
    pub(super) fn add(&mut self, stub: &Review) -> Result<(), Refusal> {
        let next = u32::try_from(self.reviewers.len()).unwrap_or(u32::MAX);
        let reviewer = *self.reviewers.entry(stub.reviewer.clone()).or_insert(next);
        let asked = (stub.stage(), reviewer);
        for item in &stub.items {
            let common = common(&stub.system, item);
            let place = *self.places.entry(item.id).or_insert(self.items.len());
            if place == self.items.len() {
                self.items.push((item.id, Put::of(&stub.system, item, common)));
            }
            // INVARIANT: what has a place was put there.
            let Some((_, put)) = self.items.get_mut(place) else { continue };
            if put.common != common {
                return Err(Refusal::ItemAltered(item.id.to_string()));
            }
            let fixed = fixed(common, item);
            if !put.fixed.contains(&fixed) {
                put.fixed.push(fixed);
            }
            match put.asked.binary_search(&asked) {
                Ok(_) => return Err(Refusal::DuplicateName(item.id.to_string())),
                Err(index) => put.asked.insert(index, asked),
            }
        }
        Ok(())
    }

    /// Returns whether somebody was asked about all of these items in the first stage.
    pub(super) fn has_all(&self, items: &BTreeSet<ItemId>) -> bool {
        let first = |put: &Put| put.asked.iter().any(|(stage, _)| *stage == 1);
        let put = |item: &ItemId| self.items.get(*self.places.get(item)?).map(|(_, put)| put);
        items.iter().all(|item| put(item).is_some_and(first))
    }

    /// Checks that it is what the campaign's owners signed.
    pub(super) fn check(&self, campaign: &Campaign) -> Result<(), Refusal> {
        let stages = campaign.definition.stage_count();
        let mut put = self.items.iter().flat_map(|(_, put)| &put.asked);
        if let Some((found, _)) = put.find(|(stage, _)| *stage == 0 || *stage > stages) {
            return Err(StageRefusal::Unknown { found: *found, stages }.into());
        }
        let seeded = u64::from(campaign.definition.seeded.unwrap_or(0));
        if (seeded > 0) != campaign.seeds.is_some() || (seeded > 0 && campaign.asked.is_none()) {
            return Err(StageRefusal::Seeds("are announced, or committed to, and not both").into());
        }
        // Which of them are seeded nobody can say before it is told; how many there are, and who was asked, can be seen.
        if seeded == 0 {
            check_population(campaign, self.items.iter().map(|(item, put)| (item, &put.grant)))?;
        } else if self.items.len() as u64 != campaign.items + seeded {
            let expected = format!("{} items and {seeded} seeded ones", campaign.items);
            return Err(Refusal::Population { expected, found: format!("{} items", self.items.len()) });
        }
        let Some(expected) = campaign.asked else { return Ok(()) };
        let names: BTreeMap<u32, &PrincipalId> = self.reviewers.iter().map(|(id, index)| (*index, id)).collect();
        let found = asked(self.items.iter().flat_map(|(item, put)| {
            put.asked
                .iter()
                .filter_map(|(stage, index)| Some((*stage, *names.get(index)?)))
                .map(move |(stage, id)| (item, stage, id))
        }));
        if found == expected {
            return Ok(());
        }
        Err(StageRefusal::Asked { expected: expected.to_string(), found: found.to_string() }.into())
    }

    /// Returns the opening.
    pub(super) fn open(mut self, campaign: Verified<Campaign>, kinship: Arc<Kinship>) -> Opening {
        self.items.sort_unstable_by_key(|(item, _)| *item);
        self.items.shrink_to_fit();
        let mut reviewers: Vec<_> = self.reviewers.into_iter().collect();
        reviewers.sort_by_key(|(_, index)| *index);
        let reviewers = reviewers.into_iter().map(|(reviewer, _)| reviewer).collect();
        Opening {
            campaign,
            items: LiteMap::from_sorted_store_unchecked(self.items),
            reviewers,
            kinship,
            closes: Vec::new(),
            bound: BTreeMap::new(),
            looks: BTreeMap::new(),
        }
    }
}

impl Put {
    fn of(system: &SystemId, item: &Item, common: Digest) -> Self {
        Self {
            fixed: SmallVec::new(),
            common,
            names: names(&item.principal, &item.entitlement),
            system: system.clone(),
            grant: item.grant,
            subject: item.subject.as_str().into(),
            tier: item.tier,
            asked: SmallVec::new(),
        }
    }

    /// Returns the system it is on.
    pub const fn system(&self) -> &SystemId {
        &self.system
    }

    /// Returns the digest of its grant.
    pub const fn grant(&self) -> Digest {
        self.grant
    }

    /// Returns its holder's immutable id, `<system>:<id>`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns who was asked about it, as stages and places among [`Opening::reviewers`]; sorted.
    pub fn asked(&self) -> &[(u32, u32)] {
        &self.asked
    }

    /// Returns the tier it is reviewed at.
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// Returns whether an item is as some stub had it, but for the decision.
    pub(super) fn is(&self, system: &SystemId, item: &Item) -> bool {
        self.fixed.contains(&fixed(common(system, item), item))
    }
}

/// Returns the digest of the names that people read.
pub(super) fn names(principal: &str, entitlement: &str) -> Digest {
    Digest::of_parts([principal.as_bytes(), b"\n", entitlement.as_bytes(), b"\n"])
}

/// Returns the digest of what a reviewer may not change: the system and all of an item but the decision.
fn fixed(common: Digest, item: &Item) -> Digest {
    Digest::of_parts([common.as_bytes(), Digest::of(&item.facts).as_bytes()].map(<[u8; 32]>::as_slice))
}

/// Returns the digest of what every reviewer of an item is shown: all but the facts, which end with why they are asked. It
/// is compared while the program runs and never written down; each part comes with its length, so that none runs into the
/// next.
fn common(system: &SystemId, item: &Item) -> Digest {
    let about = [system.as_str(), &item.subject, &item.recommend, &item.principal, &item.entitlement];
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(item.grant.as_bytes());
    bytes.extend_from_slice(&item.id.number().to_le_bytes());
    bytes.extend([item.tier as u8, item.severity.map_or(u8::MAX, |severity| severity as u8)]);
    for part in about {
        bytes.extend_from_slice(&part.len().to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Digest::of(bytes)
}

/// All campaigns that were opened, by id.
pub(super) type Openings = BTreeMap<CampaignId, Opening>;
