//! Eligibility of reviewers for items, with the reasons for ineligibility.

use super::{CampaignContext, text::format_date};
use crate::model::{
    PrincipalId, Tier, Timestamp,
    file::{KeyState, PrincipalKind, PrincipalStatus, RegistryPrincipal},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The reason why a principal may not review an item.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Ineligibility {
    /// They review the item in this or an earlier stage.
    Judges(u32),
    /// They leave on this day, before the window of the campaign ends.
    Leaving(Timestamp),
    /// They have left.
    Left,
    /// They have the maximum number of items of this tier.
    Loaded(u32, Tier),
    /// They have no active key in the registry.
    NoKey,
    /// They are the same person as this reviewer of the item.
    SamePerson(PrincipalId),
    /// They would review their own access.
    Tied(String),
}

impl fmt::Display for Ineligibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judges(stage) => write!(f, "reviews it in stage {stage}"),
            Self::Leaving(when) => write!(f, "leaves on {}", format_date(*when)),
            Self::Left => f.write_str("left"),
            Self::Loaded(1, tier) => write!(f, "already has 1 item of {tier}"),
            Self::Loaded(cap, tier) => write!(f, "already has {cap} items of {tier}"),
            Self::NoKey => f.write_str("has no active key"),
            Self::SamePerson(other) => write!(f, "is the same person as `{other}`"),
            Self::Tied(tie) => write!(f, "would review {tie}"),
        }
    }
}

/// Index of all principals who can sign.
pub struct ReviewerPool<'a> {
    pub(super) setting: &'a CampaignContext<'a>,
    active: BTreeSet<&'a PrincipalId>,
    groups: BTreeMap<&'a str, Vec<&'a PrincipalId>>,
    teams: BTreeMap<&'a str, Vec<&'a PrincipalId>>,
    until: Option<Timestamp>,
}

impl<'a> ReviewerPool<'a> {
    /// Returns the principals with an active key in the registry.
    pub fn of(setting: &'a CampaignContext<'a>) -> Self {
        let active = |principal: &&RegistryPrincipal| principal.keys.iter().any(|key| key.state == KeyState::Active);
        let mut groups: BTreeMap<&str, Vec<&PrincipalId>> = BTreeMap::new();
        for principal in &setting.registry.principals {
            for group in &principal.groups {
                groups.entry(group).or_default().push(&principal.id);
            }
        }
        let mut teams: BTreeMap<&str, Vec<&PrincipalId>> = BTreeMap::new();
        for entry in setting.people.entries().filter(|entry| entry.kind == PrincipalKind::Person) {
            if let Some(team) = &entry.team {
                teams.entry(team).or_default().push(&entry.id);
            }
        }
        groups.values_mut().chain(teams.values_mut()).for_each(|members| members.sort());
        let active = setting.registry.principals.iter().filter(active).map(|p| &p.id).collect();
        Self { setting, active, groups, teams, until: None }
    }

    /// Returns the same pool without principals who leave before the window of the campaign ends.
    #[must_use]
    pub fn until(self, closes_at: Timestamp) -> Self {
        Self { until: Some(closes_at), ..self }
    }

    /// Returns whether `reviewer` may review access of the account `subject`.
    ///
    /// A reviewer must have no link to the account (own account, own second account, owned non-human identity), must
    /// not have left or leave soon, and must have an active key in the registry. The owner or deputy of a non-human
    /// identity is therefore never its reviewer, although they know its workload best: that is self-review, and `trust`
    /// rejects their signature. The facts of the item name them, so that the reviewer, who is the owner of the system
    /// or a fallback, knows whom to ask.
    ///
    /// # Errors
    /// The first reason for ineligibility.
    pub fn eligible(&self, reviewer: &PrincipalId, subject: &str) -> Result<(), Ineligibility> {
        self.eligible_at_all(reviewer)?;
        match self.setting.kinship.link(reviewer, subject) {
            Some(tie) => Err(Ineligibility::Tied(tie.to_string())),
            None => match self.setting.former.link(reviewer, subject) {
                Some(link) => Err(Ineligibility::Tied(format!("{link} until a merge since the last campaign"))),
                None => Ok(()),
            },
        }
    }

    /// Returns whether a principal can review at all: is active, stays until the campaign ends, and can sign.
    ///
    /// # Errors
    /// The first reason for ineligibility.
    pub fn eligible_at_all(&self, reviewer: &PrincipalId) -> Result<(), Ineligibility> {
        let entry = self.setting.people.get(reviewer);
        if entry.is_some_and(|entry| entry.status == PrincipalStatus::Left) {
            return Err(Ineligibility::Left);
        }
        let ends = entry.and_then(|entry| entry.end_date).zip(self.until);
        if let Some((ends, _)) = ends.filter(|(ends, closes_at)| ends <= closes_at) {
            return Err(Ineligibility::Leaving(ends));
        }
        if self.active.contains(reviewer) { Ok(()) } else { Err(Ineligibility::NoKey) }
    }

    /// Returns the only person who can sign; `None` if there are several. Their own access has no other reviewer.
    pub(super) fn only_person(&self) -> Option<&'a PrincipalId> {
        let mut active = self.active.iter();
        active.next().copied().filter(|_| active.next().is_none())
    }

    /// Returns the members of a group of the registry, sorted.
    pub(super) fn group(&self, name: &str) -> &[&'a PrincipalId] {
        self.groups.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the people of a team, sorted.
    pub(super) fn team(&self, name: &str) -> &[&'a PrincipalId] {
        self.teams.get(name).map_or(&[], Vec::as_slice)
    }
}
