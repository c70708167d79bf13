//! Who reviews what, in every stage: the first in line, a fallback always, never the holder, and nobody twice.

use super::{
    Member,
    bench::{Bar, Bench},
    population::subject,
    reviewers::{ALWAYS, Asking, Reviewer, Standing, line},
};
use crate::model::{
    PrincipalId, Tier,
    file::{CampaignDefinition, Load, PrincipalKind, Thresholds},
};
use std::collections::{BTreeMap, BTreeSet};

/// Who reviews an item in a stage, and why them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment {
    /// The stage, from 1.
    pub stage: u32,
    /// The reviewer, who must sign.
    pub reviewer: PrincipalId,
    /// In what standing they review.
    pub standing: Standing,
    /// Further signers that the tier asks for.
    pub cosigners: Vec<PrincipalId>,
    /// The first of those who came before them and may not review it.
    pub passed_over: Vec<(PrincipalId, Bar)>,
}

/// Too few may review an item.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct TooFew {
    /// In this stage; nothing where the definition has no stages.
    pub(super) stage: Option<u32>,
    /// How many must sign.
    pub(super) needed: usize,
    /// Who may.
    pub(super) may: Vec<PrincipalId>,
    /// Who was asked and may not.
    pub(super) barred: Vec<(PrincipalId, Bar)>,
}

/// The stages of a definition as items are assigned by them.
pub(super) struct Line<'a> {
    definition: &'a CampaignDefinition,
    bench: &'a Bench<'a>,
    stages: Vec<Asked>,
    /// How many items of each tier everybody has so far.
    given: BTreeMap<PrincipalId, [u32; 4]>,
}

struct Asked {
    number: u32,
    words: Vec<Asking>,
    reviewers: usize,
}

impl<'a> Line<'a> {
    /// Returns the line in which nobody has been given anything yet. Words that name nobody are refused before.
    pub(super) fn new(definition: &'a CampaignDefinition, bench: &'a Bench<'a>) -> Self {
        let asked = |(number, stage): (u32, &crate::model::file::Stage)| Asked {
            number,
            words: stage.reviewers.iter().filter_map(|word| Reviewer::parse(word).ok().map(Asking::of)).collect(),
            reviewers: usize::try_from(stage.ask).unwrap_or(usize::MAX).max(1),
        };
        let mut stages: Vec<_> = (1..).zip(&definition.stages).map(asked).collect();
        if stages.is_empty() {
            stages.push(Asked { number: 1, words: ALWAYS.map(Asking::of).into(), reviewers: 1 });
        }
        Self { definition, bench, stages, given: BTreeMap::new() }
    }

    /// Returns who reviews an item: in each stage as many as it asks, each in a file of their own with the cosigners that
    /// the tier needs. Nobody judges an item twice, in whatever stage or standing.
    ///
    /// # Errors
    /// When too few may, for the first stage that lacks them.
    pub(super) fn assign(&mut self, member: &Member<'_>) -> Result<Vec<Assignment>, TooFew> {
        let subject = subject(member.grant);
        let mut judging: BTreeMap<PrincipalId, u32> = BTreeMap::new();
        let mut assignments = Vec::with_capacity(self.stages.len());
        for place in 0..self.stages.len() {
            let Some(stage) = self.stages.get(place) else { break };
            let seated = self.seat(stage, member, &subject, &judging)?;
            for assignment in &seated {
                for signer in std::iter::once(&assignment.reviewer).chain(&assignment.cosigners) {
                    judging.insert(signer.clone(), assignment.stage);
                    if self.definition.load.is_some() {
                        self.given.entry(signer.clone()).or_default()[member.tier as usize] += 1;
                    }
                }
            }
            assignments.extend(seated);
        }
        Ok(assignments)
    }

    /// The first who may are the reviewers, those after them cosign.
    fn seat(
        &self,
        stage: &Asked,
        member: &Member<'_>,
        subject: &str,
        judging: &BTreeMap<PrincipalId, u32>,
    ) -> Result<Vec<Assignment>, TooFew> {
        let signers = signers(self.bench.setting.thresholds, member.tier);
        let needed = signers.saturating_mul(stage.reviewers);
        let mut chosen: Vec<(PrincipalId, Standing, usize)> = Vec::with_capacity(needed.min(8));
        let mut barred: Vec<(PrincipalId, Bar)> = Vec::new();
        let mut met: BTreeSet<PrincipalId> = BTreeSet::new();
        for (candidate, standing) in line(&stage.words, member, subject, self.definition, self.bench) {
            if chosen.len() >= needed {
                break;
            }
            // Who missed two campaigns is asked no more because something is theirs; a fallback they may be all the same.
            if let Some(missed) = self.missed(&candidate, &standing) {
                barred.extend((!barred.iter().any(|(id, _)| *id == candidate)).then_some((candidate, missed)));
                continue;
            }
            if !met.insert(candidate.clone()) {
                continue;
            }
            match self.may(&candidate, member, subject, judging) {
                Ok(()) => chosen.push((candidate, standing, barred.len())),
                Err(bar) => barred.push((candidate, bar)),
            }
        }
        if chosen.len() < needed {
            let stage = (!self.definition.stages.is_empty()).then_some(stage.number);
            return Err(TooFew { stage, needed, may: chosen.into_iter().map(|(id, ..)| id).collect(), barred });
        }
        let mut others = chosen.split_off(stage.reviewers).into_iter().map(|(id, ..)| id);
        let seat = |(reviewer, standing, before): (PrincipalId, Standing, usize)| {
            let mut cosigners: Vec<_> = others.by_ref().take(signers - 1).collect();
            cosigners.sort();
            let passed_over = barred.iter().take(before.min(MOST_PASSED_OVER)).cloned().collect();
            Assignment { stage: stage.number, reviewer, standing, cosigners, passed_over }
        };
        Ok(chosen.into_iter().map(seat).collect())
    }

    fn missed(&self, candidate: &PrincipalId, standing: &Standing) -> Option<Bar> {
        let as_owner = matches!(standing, Standing::Owner | Standing::SystemOwner);
        let missed = self.bench.setting.earlier.missed(candidate).filter(|_| as_owner)?;
        Some(Bar::Missed(missed.campaigns.clone()))
    }

    fn may(
        &self,
        candidate: &PrincipalId,
        member: &Member<'_>,
        subject: &str,
        judging: &BTreeMap<PrincipalId, u32>,
    ) -> Result<(), Bar> {
        self.bench.eligible(candidate, subject)?;
        if let Some(stage) = judging.get(candidate) {
            return Err(Bar::Judges(*stage));
        }
        let Some(cap) = self.definition.load.map(|load| cap(load, member.tier)) else { return Ok(()) };
        let given = self.given.get(candidate).map_or(0, |given| given[member.tier as usize]);
        if given >= cap { Err(Bar::Loaded(cap, member.tier)) } else { Ok(()) }
    }
}

/// Returns how many items of a tier one reviewer is given at most.
const fn cap(load: Load, tier: Tier) -> u32 {
    match tier {
        Tier::T0 => load.t0,
        Tier::T1 => load.t1,
        Tier::T2 => load.t2,
        Tier::T3 => load.t3,
    }
}

/// Returns how many must sign a review of this tier; never none.
pub(super) fn signers(thresholds: &Thresholds, tier: Tier) -> usize {
    let threshold = match tier {
        Tier::T0 => thresholds.t0,
        Tier::T1 => thresholds.t1,
        Tier::T2 => thresholds.t2,
        Tier::T3 => thresholds.t3,
    };
    usize::try_from(threshold).unwrap_or(usize::MAX).max(1)
}

/// Returns the kind of identity in words.
pub(super) const fn identity(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Agent => "agent",
        PrincipalKind::BreakGlass => "break-glass account",
        PrincipalKind::Engine => "this engine's account",
        PrincipalKind::Person => "person",
        PrincipalKind::Service => "service account",
        PrincipalKind::Vendor => "vendor account",
    }
}

/// More than the facts of an item have room for: where a large group is at its load, hundreds come before.
const MOST_PASSED_OVER: usize = 32;
