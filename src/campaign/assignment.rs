//! Assigns reviewers to items in every stage: the first eligible candidate, otherwise a fallback; never the holder, and
//! no person twice.

use super::{
    CampaignItem, CampaignPopulation,
    eligibility::{Ineligibility, ReviewerPool},
    population::subject,
    reviewer_selector::{ALWAYS, AssignmentReason, CompiledReviewerSelector, ReviewerSelector, line},
};
use crate::model::{
    CampaignId, ItemId, PrincipalId, Tier,
    file::{CampaignDefinition, PrincipalKind, ReviewerCapacity, Thresholds},
};
use std::collections::{BTreeMap, BTreeSet};

/// The reviewer of an item in a stage, with the reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReviewerAssignment {
    /// The stage, from 1.
    pub stage: u32,
    /// The reviewer, who must sign.
    pub reviewer: PrincipalId,
    /// The reason for the assignment.
    pub standing: AssignmentReason,
    /// Further signers required by the tier.
    pub cosigners: Vec<PrincipalId>,
    /// The first earlier candidates who may not review the item.
    pub passed_over: Vec<(PrincipalId, Ineligibility)>,
}

/// An item without enough eligible reviewers.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct InsufficientReviewers {
    /// The stage; `None` if the definition has no stages.
    pub(super) stage: Option<u32>,
    /// The required number of signers.
    pub(super) needed: usize,
    /// The eligible reviewers.
    pub(super) may: Vec<PrincipalId>,
    /// The candidates who are not eligible.
    pub(super) barred: Vec<(PrincipalId, Ineligibility)>,
}

/// Assigns the items of a campaign by the stages of its definition.
pub(super) struct Assigner<'a> {
    definition: &'a CampaignDefinition,
    pool: &'a ReviewerPool<'a>,
    stages: Vec<AssignedStage>,
    /// The number of items of each tier assigned to each reviewer so far.
    given: BTreeMap<PrincipalId, [u32; 4]>,
}

struct AssignedStage {
    number: u32,
    words: Vec<CompiledReviewerSelector>,
    reviewers: usize,
    /// The items under review in this stage; all if `None`.
    sample: Option<BTreeSet<ItemId>>,
}

impl<'a> Assigner<'a> {
    /// Returns an assigner without assignments. Invalid reviewer selectors are rejected before.
    pub(super) fn new(
        campaign: &CampaignId,
        definition: &'a CampaignDefinition,
        population: &CampaignPopulation<'_>,
        pool: &'a ReviewerPool<'a>,
    ) -> Self {
        let sample = |number| {
            definition.sample(number, (campaign, &population.digest()), population.items().map(|(item, _)| item))
        };
        let asked = |(number, stage): (u32, &crate::model::file::Stage)| AssignedStage {
            number,
            words: stage
                .reviewers
                .iter()
                .filter_map(|word| ReviewerSelector::parse(word).ok().map(CompiledReviewerSelector::of))
                .collect(),
            reviewers: usize::try_from(stage.reviewers_per_item).unwrap_or(usize::MAX).max(1),
            sample: stage.sample_percent.and_then(|_| sample(number)),
        };
        let mut stages: Vec<_> = (1..).zip(&definition.stages).map(asked).collect();
        if stages.is_empty() {
            stages.push(AssignedStage {
                number: 1,
                words: ALWAYS.map(CompiledReviewerSelector::of).into(),
                reviewers: 1,
                sample: None,
            });
        }
        Self { definition, pool, stages, given: BTreeMap::new() }
    }

    /// Returns the reviewers of an item: in each stage as many as it requires, each in a separate file with the
    /// cosigners that the tier requires. No person reviews an item twice, in any stage or role.
    ///
    /// # Errors
    /// When a stage has too few eligible reviewers; the first such stage is reported.
    pub(super) fn assign(
        &mut self,
        item: &ItemId,
        member: &CampaignItem<'_>,
    ) -> Result<Vec<ReviewerAssignment>, InsufficientReviewers> {
        let subject = subject(member.grant);
        let mut judging: BTreeMap<PrincipalId, u32> = BTreeMap::new();
        let mut assignments = Vec::with_capacity(self.stages.len());
        for place in 0..self.stages.len() {
            let Some(stage) = self.stages.get(place) else { break };
            if stage.sample.as_ref().is_some_and(|sample| !sample.contains(item)) {
                continue;
            }
            if !judging.is_empty() && self.pool.only_person().is_some() {
                // Another stage needs a second person.
                break;
            }
            let assigned = self.assign_slots(stage, member, &subject, &judging)?;
            for assignment in &assigned {
                for signer in std::iter::once(&assignment.reviewer).chain(&assignment.cosigners) {
                    judging.insert(signer.clone(), assignment.stage);
                    if self.definition.max_items_per_reviewer.is_some() {
                        self.given.entry(signer.clone()).or_default()[member.tier as usize] += 1;
                    }
                }
            }
            assignments.extend(assigned);
        }
        Ok(assignments)
    }

    /// The first eligible candidates are the reviewers, the next ones cosign.
    fn assign_slots(
        &self,
        stage: &AssignedStage,
        member: &CampaignItem<'_>,
        subject: &str,
        judging: &BTreeMap<PrincipalId, u32>,
    ) -> Result<Vec<ReviewerAssignment>, InsufficientReviewers> {
        let signers = signers(self.pool.setting.thresholds, member.tier);
        let only = self.pool.only_person();
        let reviewers = if only.is_some() { 1 } else { stage.reviewers };
        let needed = signers.saturating_mul(reviewers);
        let mut chosen: Vec<(PrincipalId, AssignmentReason, usize)> = Vec::with_capacity(needed.min(8));
        let mut barred: Vec<(PrincipalId, Ineligibility)> = Vec::new();
        let mut met: BTreeSet<PrincipalId> = BTreeSet::new();
        for (candidate, standing) in line(&stage.words, member, subject, self.definition, self.pool) {
            if chosen.len() >= needed {
                break;
            }
            if !met.insert(candidate.clone()) {
                continue;
            }
            let kinship = &self.pool.setting.kinship;
            let twin = chosen.iter().find(|(id, ..)| kinship.is_same_person(id, &candidate));
            let twin = twin.map(|(id, ..)| Ineligibility::SamePerson(id.clone()));
            match twin.map_or_else(|| self.is_eligible(&candidate, member, subject, judging), Err) {
                Ok(()) => chosen.push((candidate, standing, barred.len())),
                Err(bar) => barred.push((candidate, bar)),
            }
        }
        if let (Some(only), 1) = (only, needed)
            && chosen.is_empty()
            && matches!(self.pool.eligible(only, subject), Err(Ineligibility::Tied(_)))
        {
            // The item is listed, but this person may not decide it: it ends as not reviewed.
            chosen.push((only.clone(), AssignmentReason::Fallback, barred.len()));
        }
        if chosen.len() < needed {
            let stage = (!self.definition.stages.is_empty()).then_some(stage.number);
            return Err(InsufficientReviewers {
                stage,
                needed,
                may: chosen.into_iter().map(|(id, ..)| id).collect(),
                barred,
            });
        }
        let mut others = chosen.split_off(reviewers).into_iter().map(|(id, ..)| id);
        let slot = |(reviewer, standing, before): (PrincipalId, AssignmentReason, usize)| {
            let mut cosigners: Vec<_> = others.by_ref().take(signers - 1).collect();
            cosigners.sort();
            let passed_over = barred.iter().take(before.min(MOST_PASSED_OVER)).cloned().collect();
            ReviewerAssignment { stage: stage.number, reviewer, standing, cosigners, passed_over }
        };
        Ok(chosen.into_iter().map(slot).collect())
    }

    fn is_eligible(
        &self,
        candidate: &PrincipalId,
        member: &CampaignItem<'_>,
        subject: &str,
        judging: &BTreeMap<PrincipalId, u32>,
    ) -> Result<(), Ineligibility> {
        self.pool.eligible(candidate, subject)?;
        if let Some(stage) = judging.get(candidate) {
            return Err(Ineligibility::Judges(*stage));
        }
        if let Some(twin) = judging.keys().find(|id| self.pool.setting.kinship.is_same_person(id, candidate)) {
            return Err(Ineligibility::SamePerson(twin.clone()));
        }
        let Some(cap) = self.definition.max_items_per_reviewer.map(|load| cap(load, member.tier)) else {
            return Ok(());
        };
        let given = self.given.get(candidate).map_or(0, |given| given[member.tier as usize]);
        if given >= cap { Err(Ineligibility::Loaded(cap, member.tier)) } else { Ok(()) }
    }
}

/// Returns the maximum number of items of a tier for one reviewer.
const fn cap(load: ReviewerCapacity, tier: Tier) -> u32 {
    match tier {
        Tier::T0 => load.t0,
        Tier::T1 => load.t1,
        Tier::T2 => load.t2,
        Tier::T3 => load.t3,
    }
}

/// Returns the number of required signers of a review of this tier, at least 1.
pub(super) fn signers(thresholds: &Thresholds, tier: Tier) -> usize {
    let threshold = match tier {
        Tier::T0 => thresholds.t0,
        Tier::T1 => thresholds.t1,
        Tier::T2 => thresholds.t2,
        Tier::T3 => thresholds.t3,
    };
    usize::try_from(threshold).unwrap_or(usize::MAX).max(1)
}

/// Returns the display name of an identity kind.
pub(super) const fn identity(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::BreakGlass => "break-glass account",
        PrincipalKind::Engine => "engine account",
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "service account",
        PrincipalKind::Vendor => "vendor account",
    }
}

/// Maximum number of recorded ineligible candidates. It exceeds what the facts of an item can show; a large group at
/// capacity would otherwise add hundreds.
const MOST_PASSED_OVER: usize = 32;
