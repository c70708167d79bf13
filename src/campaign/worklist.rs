//! Worklists: the review files that an opening writes, with each item once for each assigned reviewer, most critical
//! first.

use super::{
    CampaignContext, CampaignItem, CampaignPopulation, ReviewerAssignment,
    assignment::{Assigner, InsufficientReviewers},
    eligibility::ReviewerPool,
    folder,
    item_summary::facts,
    recommendation::RecommendationEngine,
    text::truncate,
};
use crate::model::{
    CampaignId, Digest, ItemId, PrincipalId, SystemId, Tier, Timestamp,
    file::{CampaignDefinition, FileKind, Item, Review},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// One undecided review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WorklistFile {
    /// The path.
    pub path: String,
    /// The content.
    pub review: Review,
}

/// An item without enough eligible reviewers.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct UnassignedItem {
    pub(super) system: SystemId,
    pub(super) principal: String,
    pub(super) entitlement: String,
    pub(super) tier: Tier,
    pub(super) reviewers: InsufficientReviewers,
}

/// Returns the review files of a campaign, sorted by path; `digest` is the digest of the campaign file, `now` the time
/// of opening. The same tree produces the same files.
///
/// An item without enough reviewers is in no file; opening rejects such campaigns.
pub fn worklist(
    campaign: &CampaignId,
    digest: Digest,
    definition: &CampaignDefinition,
    population: &CampaignPopulation<'_>,
    now: Timestamp,
    setting: &CampaignContext<'_>,
) -> Vec<WorklistFile> {
    let closes_at = now.plus_days(i64::from(definition.window_days));
    let (piles, _) = group_by_signers((campaign, definition), population, closes_at, setting);
    review_files(&ReviewFileHeader { campaign, digest, setting, advisor: RecommendationEngine::of(setting) }, &piles)
}

pub(super) fn review_files(head: &ReviewFileHeader<'_>, piles: &ItemBatches<'_>) -> Vec<WorklistFile> {
    let mut sheets = Vec::new();
    let mut by_reviewer: BTreeMap<(&SystemId, &PrincipalId), SignedBatches<'_>> = BTreeMap::new();
    for ((system, reviewer, stage, cosigners), pile) in piles {
        by_reviewer.entry((system, reviewer)).or_default().push((*stage, cosigners, pile));
    }
    let taken: BTreeSet<_> = by_reviewer.keys().map(|(system, reviewer)| (*system, reviewer.as_str())).collect();
    for ((system, reviewer), piles) in &by_reviewer {
        let mut pages: Vec<_> = piles.iter().flat_map(|pile| head.pages(pile)).collect();
        pages.sort_by(|a, b| (a.stage, &a.first).cmp(&(b.stage, &b.first)));
        let mut number = 1;
        for page in pages {
            let mut stem = stem(reviewer, number);
            // `ana-2` may also be the id of a person.
            while number > 1 && taken.contains(&(*system, stem.as_str())) {
                number += 1;
                stem = self::stem(reviewer, number);
            }
            number += 1;
            let path = format!("{}/reviews/{system}/{stem}.toml", folder(head.campaign));
            sheets.push(WorklistFile { path, review: head.review(system, reviewer, page) });
        }
    }
    sheets.sort_by(|a, b| a.path.cmp(&b.path));
    sheets
}

fn stem(reviewer: &PrincipalId, number: u32) -> String {
    if number == 1 { reviewer.to_string() } else { format!("{reviewer}-{number}") }
}

pub(super) type ItemBatch<'a> = Vec<(&'a ItemId, &'a CampaignItem<'a>, ReviewerAssignment)>;
pub(super) type ItemBatches<'a> = BTreeMap<(SystemId, PrincipalId, u32, Vec<PrincipalId>), ItemBatch<'a>>;

/// The item batches of one reviewer, each with its stage and cosigners.
type SignedBatches<'a> = Vec<(u32, &'a Vec<PrincipalId>, &'a ItemBatch<'a>)>;

/// Groups the items of every stage by the set of signers.
pub(super) fn group_by_signers<'a>(
    (campaign, definition): (&CampaignId, &CampaignDefinition),
    population: &'a CampaignPopulation<'a>,
    closes_at: Timestamp,
    setting: &CampaignContext<'_>,
) -> (ItemBatches<'a>, Vec<UnassignedItem>) {
    let pool = ReviewerPool::of(setting).until(closes_at);
    let mut line = Assigner::new(campaign, definition, population, &pool);
    let mut piles = ItemBatches::new();
    let mut unassigned = Vec::new();
    for (item, member) in population.items() {
        match line.assign(item, member) {
            Ok(assignments) => {
                for to in assignments {
                    let key = (member.grant.system.clone(), to.reviewer.clone(), to.stage, to.cosigners.clone());
                    piles.entry(key).or_default().push((item, member, to));
                }
            }
            Err(reviewers) => unassigned.push(UnassignedItem {
                system: member.grant.system.clone(),
                principal: truncate(&member.grant.principal.name),
                entitlement: truncate(&member.grant.entitlement.name),
                tier: member.tier,
                reviewers,
            }),
        }
    }
    unassigned.sort();
    (piles, unassigned)
}

/// The sort key of items in a file: tier, weight of findings, holder.
type ItemRank = (Tier, Reverse<usize>, String, String, ItemId);

struct ReviewFilePage {
    stage: u32,
    first: Option<ItemRank>,
    cosigners: Vec<PrincipalId>,
    items: Vec<Item>,
}

/// The common header of all review files of a campaign.
pub(super) struct ReviewFileHeader<'a> {
    pub(super) campaign: &'a CampaignId,
    pub(super) digest: Digest,
    pub(super) setting: &'a CampaignContext<'a>,
    pub(super) advisor: RecommendationEngine<'a>,
}

impl ReviewFileHeader<'_> {
    fn pages(&self, (stage, cosigners, pile): &(u32, &Vec<PrincipalId>, &ItemBatch<'_>)) -> Vec<ReviewFilePage> {
        let mut ranked: Vec<(ItemRank, Item)> =
            pile.iter().filter_map(|(item, member, assignment)| self.item(item, member, assignment)).collect();
        ranked.sort_by(|a, b| a.0.cmp(&b.0));
        let mut pages: Vec<ReviewFilePage> = Vec::new();
        let mut capacity = 0;
        for (rank, item) in ranked {
            if capacity == 0 {
                capacity = if item.tier <= Tier::T1 { MOST_PRIVILEGED } else { MOST_ITEMS };
                let cosigners = cosigners.to_vec();
                pages.push(ReviewFilePage { stage: *stage, first: Some(rank), cosigners, items: Vec::new() });
            }
            if let Some(page) = pages.last_mut() {
                page.items.push(item);
            }
            capacity -= 1;
        }
        pages
    }

    fn item(
        &self,
        id: &ItemId,
        member: &CampaignItem<'_>,
        assignment: &ReviewerAssignment,
    ) -> Option<(ItemRank, Item)> {
        let inventory = &self.setting.inventories.get(&member.grant.system)?.inventory;
        let subject = member.subject();
        let entry = self.setting.people.identity_of(&subject);
        let advice = self.advisor.advice(member);
        let item = Item {
            id: *id,
            grant_digest: member.digest,
            subject,
            tier: member.tier,
            summary: facts(member, entry, inventory, &advice.unknown(), assignment, self.setting),
            recommendation: advice.text(),
            severity: advice.severity(),
            principal: truncate(&member.grant.principal.name),
            entitlement: truncate(&format!("{} {}", member.grant.kind, member.grant.entitlement.name)),
            decision: None,
            to: None,
            until: None,
            reason: String::new(),
            supersedes: None,
        };
        let rank = (item.tier, Reverse(advice.weight()), item.subject.clone(), item.entitlement.clone(), *id);
        Some((rank, item))
    }

    fn review(&self, system: &SystemId, reviewer: &PrincipalId, page: ReviewFilePage) -> Review {
        Review {
            schema: FileKind::Review.schema().to_owned(),
            repo: self.setting.repo.clone(),
            campaign: self.campaign.clone(),
            digest: self.digest,
            system: system.clone(),
            reviewer: reviewer.clone(),
            cosigners: page.cosigners,
            stage: (page.stage > 1).then_some(page.stage),
            items: page.items,
        }
    }
}

/// Maximum number of items in one file, and the lower maximum for files with T0 or T1 items.
const MOST_ITEMS: u32 = 75;
const MOST_PRIVILEGED: u32 = 25;
