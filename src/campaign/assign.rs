//! Who reviews what: the owner first, a fallback always, and never the holder.

use super::{Member, Setting, population::subject};
use crate::{
    model::{
        PrincipalId, Tier,
        file::{CampaignDefinition, KeyState, PrincipalKind, RegistryPrincipal, Thresholds},
    },
    trust::Tie,
};
use std::{collections::BTreeSet, fmt};

/// Who reviews an item, and why them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment {
    /// The reviewer, who must sign.
    pub reviewer: PrincipalId,
    /// In what standing they review.
    pub standing: Standing,
    /// Further signers that the tier asks for.
    pub cosigners: Vec<PrincipalId>,
    /// Who came before them and may not review it.
    pub passed_over: Vec<(PrincipalId, Bar)>,
}

/// In what standing somebody reviews an item, in the order in which they are asked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Standing {
    /// They answer for the principal; for a person, they are the manager.
    Owner,
    /// They stand in for the owner of the principal.
    Deputy,
    /// They answer for the system.
    SystemOwner,
    /// They stand in for the owner of the system.
    SystemDeputy,
    /// The campaign's fallback.
    Fallback,
    /// The campaign's second fallback.
    SecondFallback,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "owner",
            Self::Deputy => "deputy",
            Self::SystemOwner => "owner of the system",
            Self::SystemDeputy => "deputy for the system",
            Self::Fallback => "fallback",
            Self::SecondFallback => "second fallback",
        })
    }
}

/// Why somebody may not review an item.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Bar {
    /// They have left.
    Left,
    /// The registry has no active key of theirs.
    NoKey,
    /// They would review themselves.
    Tied(Tie),
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("left"),
            Self::NoKey => f.write_str("has no active key"),
            Self::Tied(tie) => write!(f, "would review {tie}"),
        }
    }
}

/// Everybody who may sign, indexed.
pub struct Bench<'a> {
    setting: &'a Setting<'a>,
    active: BTreeSet<&'a PrincipalId>,
}

impl<'a> Bench<'a> {
    /// Returns those who have an active key in the registry.
    pub fn of(setting: &'a Setting<'a>) -> Self {
        let active = |principal: &&RegistryPrincipal| principal.keys.iter().any(|key| key.state == KeyState::Active);
        Self { setting, active: setting.registry.principals.iter().filter(active).map(|p| &p.id).collect() }
    }

    /// Returns whether `reviewer` may review access of the account `subject`.
    ///
    /// They must not be tied to it (own account, own second account, a non-human identity they answer for), must not
    /// have left, and must have an active key in the registry. Whoever answers for a non-human identity, as owner or
    /// deputy, is therefore never its reviewer, although they know its workload best: DESIGN section 4 calls that a
    /// self-review, and `trust` refuses their signature. They are named in the facts, so that the reviewer, who is
    /// the owner of the system or a fallback, knows whom to ask.
    ///
    /// # Errors
    /// The first reason that stands against it.
    pub fn eligible(&self, reviewer: &PrincipalId, subject: &str) -> Result<(), Bar> {
        if self.setting.people.has_left(reviewer) {
            return Err(Bar::Left);
        }
        if !self.active.contains(reviewer) {
            return Err(Bar::NoKey);
        }
        match self.setting.kinship.tie(reviewer, subject) {
            Some(tie) => Err(Bar::Tied(tie.clone())),
            None => Ok(()),
        }
    }
}

/// Too few may review an item.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct TooFew {
    /// How many must sign.
    pub(super) needed: usize,
    /// Who may.
    pub(super) may: Vec<PrincipalId>,
    /// Who was asked and may not.
    pub(super) barred: Vec<(PrincipalId, Bar)>,
}

/// Returns who reviews an item.
///
/// # Errors
/// When too few may.
pub(super) fn assign(
    member: &Member<'_>,
    definition: &CampaignDefinition,
    bench: &Bench<'_>,
) -> Result<Assignment, TooFew> {
    let setting = bench.setting;
    let subject = subject(member.grant);
    let mut chosen: Vec<(PrincipalId, Standing)> = Vec::new();
    let mut barred: Vec<(PrincipalId, Bar)> = Vec::new();
    let mut before_first = 0;
    let needed = signers(setting.thresholds, member.tier);
    for (candidate, standing) in candidates(member, &subject, definition, setting) {
        if chosen.iter().any(|(id, _)| *id == candidate) || barred.iter().any(|(id, _)| *id == candidate) {
            continue;
        }
        match bench.eligible(&candidate, &subject) {
            Ok(()) => chosen.push((candidate, standing)),
            Err(bar) => barred.push((candidate, bar)),
        }
        if chosen.is_empty() {
            before_first = barred.len();
        }
        if chosen.len() >= needed {
            break;
        }
    }
    if chosen.len() < needed {
        return Err(TooFew { needed, may: chosen.into_iter().map(|(id, _)| id).collect(), barred });
    }
    let (reviewer, standing) = chosen.remove(0);
    let mut cosigners: Vec<_> = chosen.into_iter().map(|(id, _)| id).collect();
    cosigners.sort();
    barred.truncate(before_first);
    Ok(Assignment { reviewer, standing, cosigners, passed_over: barred })
}

fn candidates(
    member: &Member<'_>,
    subject: &str,
    definition: &CampaignDefinition,
    setting: &Setting<'_>,
) -> Vec<(PrincipalId, Standing)> {
    let mut all = Vec::with_capacity(6);
    if let Some(entry) = setting.people.behind(subject) {
        // A person answers for themselves, so who stands in for them is who stands in for their manager.
        all.extend(entry.owner.clone().map(|owner| (owner, Standing::Owner)));
        all.extend(entry.deputy.clone().map(|deputy| (deputy, Standing::Deputy)));
    }
    if let Some(system) = setting.systems.get(&member.grant.system) {
        all.push((system.owner.clone(), Standing::SystemOwner));
        all.extend(system.deputy.clone().map(|deputy| (deputy, Standing::SystemDeputy)));
    }
    all.push((definition.fallback.clone(), Standing::Fallback));
    all.push((definition.second_fallback.clone(), Standing::SecondFallback));
    all
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
