//! The review files of a campaign as its opening writes them: each item once for each who is asked, the riskiest first.

use super::{
    Assignment, Member, Roll, Setting,
    advice::Advisor,
    assign::{Line, TooFew},
    bench::Bench,
    facts::{clip, facts},
    folder,
    seeds::Seeds,
};
use crate::model::{
    CampaignId, Digest, ItemId, PrincipalId, SystemId, Tier, Timestamp,
    file::{CampaignDefinition, FileKind, Item, Review},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// One review file, before anything is decided in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sheet {
    /// Where it lies.
    pub path: String,
    /// What it says.
    pub review: Review,
}

/// An item that nobody may review, or too few.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Unassigned {
    pub(super) system: SystemId,
    pub(super) principal: String,
    pub(super) entitlement: String,
    pub(super) tier: Tier,
    pub(super) reviewers: TooFew,
}

/// Returns the review files of a campaign, sorted by path; `digest` is that of its file, `now` when it was opened. The
/// same tree gives the same files.
///
/// Where an item finds too few reviewers it is in no file; an opening refuses that, so there is none in a campaign
/// that was opened.
pub fn worklist(
    campaign: &CampaignId,
    digest: Digest,
    definition: &CampaignDefinition,
    roll: &Roll<'_>,
    now: Timestamp,
    setting: &Setting<'_>,
) -> Vec<Sheet> {
    let closes_at = now.plus_days(i64::from(definition.window_days));
    let (piles, _) = piles(definition, roll, closes_at, setting);
    sheets(&Head { campaign, digest, setting, advisor: Advisor::of(setting), seeds: &Seeds::default() }, &piles)
}

pub(super) fn sheets(head: &Head<'_>, piles: &Piles<'_>) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    let mut by_reviewer: BTreeMap<(&SystemId, &PrincipalId), Signed<'_>> = BTreeMap::new();
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
            // `ana-2` may be a person too.
            while number > 1 && taken.contains(&(*system, stem.as_str())) {
                number += 1;
                stem = self::stem(reviewer, number);
            }
            number += 1;
            let path = format!("{}/reviews/{system}/{stem}.toml", folder(head.campaign));
            sheets.push(Sheet { path, review: head.review(system, reviewer, page) });
        }
    }
    sheets.sort_by(|a, b| a.path.cmp(&b.path));
    sheets
}

fn stem(reviewer: &PrincipalId, number: u32) -> String {
    if number == 1 { reviewer.to_string() } else { format!("{reviewer}-{number}") }
}

pub(super) type Pile<'a> = Vec<(&'a ItemId, &'a Member<'a>, Assignment)>;
pub(super) type Piles<'a> = BTreeMap<(SystemId, PrincipalId, u32, Vec<PrincipalId>), Pile<'a>>;

/// The piles of one reviewer, each with its stage and those who sign it too.
type Signed<'a> = Vec<(u32, &'a Vec<PrincipalId>, &'a Pile<'a>)>;

/// Puts every item, for every stage, on the pile of those who sign it together.
pub(super) fn piles<'a>(
    definition: &CampaignDefinition,
    roll: &'a Roll<'a>,
    closes_at: Timestamp,
    setting: &Setting<'_>,
) -> (Piles<'a>, Vec<Unassigned>) {
    let bench = Bench::of(setting).until(closes_at);
    let mut line = Line::new(definition, &bench);
    let mut piles = Piles::new();
    let mut unassigned = Vec::new();
    for (item, member) in roll.items() {
        match line.assign(member) {
            Ok(assignments) => {
                for to in assignments {
                    let key = (member.grant.system.clone(), to.reviewer.clone(), to.stage, to.cosigners.clone());
                    piles.entry(key).or_default().push((item, member, to));
                }
            }
            Err(reviewers) => unassigned.push(Unassigned {
                system: member.grant.system.clone(),
                principal: clip(&member.grant.principal.name),
                entitlement: clip(&member.grant.entitlement.name),
                tier: member.tier,
                reviewers,
            }),
        }
    }
    unassigned.sort();
    (piles, unassigned)
}

/// What items of one file are sorted by: the worst tier first, then what most speaks against, then one holder together.
type Rank = (Tier, Reverse<usize>, String, String, ItemId);

struct Page {
    stage: u32,
    first: Option<Rank>,
    cosigners: Vec<PrincipalId>,
    items: Vec<Item>,
}

/// What all files of a campaign have in common.
pub(super) struct Head<'a> {
    pub(super) campaign: &'a CampaignId,
    pub(super) digest: Digest,
    pub(super) setting: &'a Setting<'a>,
    pub(super) advisor: Advisor<'a>,
    pub(super) seeds: &'a Seeds,
}

impl Head<'_> {
    fn pages(&self, (stage, cosigners, pile): &(u32, &Vec<PrincipalId>, &Pile<'_>)) -> Vec<Page> {
        let mut ranked: Vec<(Rank, Item)> =
            pile.iter().filter_map(|(item, member, assignment)| self.item(item, member, assignment)).collect();
        // What is seeded takes its place as if it were real, before pages are made: a page tells nothing.
        let seeded: Vec<(Rank, Item)> = ranked.iter().filter_map(|one| self.seeded(one)).collect();
        ranked.extend(seeded);
        ranked.sort_by(|a, b| a.0.cmp(&b.0));
        let mut pages: Vec<Page> = Vec::new();
        let mut room = 0;
        for (rank, item) in ranked {
            if room == 0 {
                room = if item.tier <= Tier::T1 { MOST_PRIVILEGED } else { MOST_ITEMS };
                let cosigners = cosigners.to_vec();
                pages.push(Page { stage: *stage, first: Some(rank), cosigners, items: Vec::new() });
            }
            if let Some(page) = pages.last_mut() {
                page.items.push(item);
            }
            room -= 1;
        }
        pages
    }

    fn item(&self, id: &ItemId, member: &Member<'_>, assignment: &Assignment) -> Option<(Rank, Item)> {
        let inventory = &self.setting.inventories.get(&member.grant.system)?.inventory;
        let subject = member.subject();
        let entry = self.setting.people.behind(&subject);
        let advice = self.advisor.advice(member);
        let item = Item {
            id: *id,
            grant: member.digest,
            subject,
            tier: member.tier,
            facts: facts(member, entry, inventory, &advice.unknown(), assignment, self.setting),
            recommend: advice.text(),
            severity: advice.severity(),
            principal: clip(&member.grant.principal.name),
            entitlement: clip(&format!("{} {}", member.grant.kind, member.grant.entitlement.name)),
            decision: None,
            to: None,
            until: None,
            reason: String::new(),
            supersedes: None,
        };
        let rank = (item.tier, Reverse(advice.weight()), item.subject.clone(), item.entitlement.clone(), *id);
        Some((rank, item))
    }

    fn seeded(&self, (rank, model): &(Rank, Item)) -> Option<(Rank, Item)> {
        let item = self.seeds.like(model)?;
        let rank = (rank.0, rank.1, item.subject.clone(), item.entitlement.clone(), item.id);
        Some((rank, item))
    }

    fn review(&self, system: &SystemId, reviewer: &PrincipalId, page: Page) -> Review {
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

/// DESIGN section 3: the most items in one file, and the most where T0 or T1 is in.
const MOST_ITEMS: u32 = 75;
const MOST_PRIVILEGED: u32 = 25;
