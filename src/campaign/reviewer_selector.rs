//! Reviewer selectors of a stage, and their resolution to people.

use super::{CampaignItem, eligibility::ReviewerPool};
use crate::{
    diag::SourceFile,
    model::{
        Digest, PrincipalId,
        file::{CampaignDefinition, PrincipalKind},
    },
    policy::{ReviewerExpression, RuleSubject},
};
use std::fmt;

/// An entry of `reviewers` in a stage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReviewerSelector {
    /// `cel:<expression>`: the principals that the expression yields.
    Cel(String),
    /// `deputy`: the deputy of the owner of the principal.
    Deputy,
    /// `group:<name>`: a group of the registry.
    Group(String),
    /// `manager`: the manager of a person; for a non-human identity, the manager of its owner.
    Manager,
    /// `owner`: the owner of the principal; for a person, their manager.
    Owner,
    /// `person:<id>`: a principal by id.
    Person(PrincipalId),
    /// `system-deputy`: the deputy of the system owner.
    SystemDeputy,
    /// `system-owner`: the owner of the system.
    SystemOwner,
    /// `team`: the people in the team of the principal.
    Team,
}

/// An invalid reviewer selector.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` names no reviewers")]
pub struct ReviewerSelectorError(String);

impl ReviewerSelector {
    /// Parses a selector.
    ///
    /// # Errors
    /// When it is not a known selector.
    pub fn parse(word: &str) -> Result<Self, ReviewerSelectorError> {
        let refuse = || ReviewerSelectorError(word.chars().take(80).collect());
        match word.split_once(':') {
            None => match word {
                "deputy" => Ok(Self::Deputy),
                "manager" => Ok(Self::Manager),
                "owner" => Ok(Self::Owner),
                "system-deputy" => Ok(Self::SystemDeputy),
                "system-owner" => Ok(Self::SystemOwner),
                "team" => Ok(Self::Team),
                _ => Err(refuse()),
            },
            Some((_, rest)) if rest.trim().is_empty() => Err(refuse()),
            Some(("cel", expression)) => Ok(Self::Cel(expression.to_owned())),
            Some(("group", name)) => Ok(Self::Group(name.to_owned())),
            Some(("person", id)) => PrincipalId::parse(id).map(Self::Person).map_err(|_| refuse()),
            Some(_) => Err(refuse()),
        }
    }
}

/// The permitted values of `reviewers`, for messages.
pub(super) const WORDS: &str = "`owner`, `deputy`, `manager`, `system-owner`, `system-deputy`, `team`, `group:<registry group>`, \
                                `person:<id>`, `cel:<expression>`";

/// The reviewers of a definition without stages.
pub(super) const ALWAYS: [ReviewerSelector; 4] =
    [ReviewerSelector::Owner, ReviewerSelector::Deputy, ReviewerSelector::SystemOwner, ReviewerSelector::SystemDeputy];

/// The reason why a principal reviews an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AssignmentReason {
    /// Deputy of the owner of the principal.
    Deputy,
    /// Named by the expression of the definition.
    Expression,
    /// Fallback of the campaign.
    Fallback,
    /// Member of this group of the registry.
    Group(String),
    /// Manager of the holder, or of its owner.
    Manager,
    /// Named in the definition.
    Named,
    /// Owner of the principal; for a person, the manager.
    Owner,
    /// Second fallback of the campaign.
    SecondFallback,
    /// Deputy of the system owner.
    SystemDeputy,
    /// Owner of the system.
    SystemOwner,
    /// Member of the team of the holder.
    Team(String),
}

impl fmt::Display for AssignmentReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deputy => "deputy",
            Self::Expression => "reviewer named by the expression of the definition",
            Self::Fallback => "fallback",
            Self::Group(name) => return write!(f, "member of the group {name}"),
            Self::Manager => "manager",
            Self::Named => "reviewer named in the definition",
            Self::Owner => "owner",
            Self::SecondFallback => "second fallback",
            Self::SystemDeputy => "deputy for the system",
            Self::SystemOwner => "owner of the system",
            Self::Team(name) => return write!(f, "member of the team {name}"),
        })
    }
}

/// A selector with its compiled expression.
#[derive(Clone, Debug)]
pub(super) struct CompiledReviewerSelector {
    word: ReviewerSelector,
    selection: Option<ReviewerExpression>,
}

impl CompiledReviewerSelector {
    /// Returns the compiled selector. An expression that does not compile yields no reviewers; validation rejects it
    /// before.
    pub(super) fn of(word: ReviewerSelector) -> Self {
        let selection = match &word {
            ReviewerSelector::Cel(text) => ReviewerExpression::compile(text, &SourceFile::new("", ""), &[]).ok(),
            _ => None,
        };
        Self { word, selection }
    }
}

/// Returns the candidates for an item in order, fallbacks last; a candidate may occur twice. The iterator is lazy,
/// since groups are large.
pub(super) fn line<'l>(
    words: &'l [CompiledReviewerSelector],
    member: &'l CampaignItem<'_>,
    subject: &'l str,
    definition: &'l CampaignDefinition,
    pool: &'l ReviewerPool<'_>,
) -> impl Iterator<Item = (PrincipalId, AssignmentReason)> {
    let fallbacks = [
        (&definition.fallback, AssignmentReason::Fallback),
        (&definition.second_fallback, AssignmentReason::SecondFallback),
    ];
    let asked = words.iter().flat_map(move |word| ask(word, member, subject, pool));
    asked.chain(fallbacks.into_iter().map(|(id, standing)| (id.clone(), standing)))
}

type ReviewerSequence<'l> = Box<dyn Iterator<Item = (PrincipalId, AssignmentReason)> + 'l>;

fn ask<'l>(
    CompiledReviewerSelector { word, selection }: &'l CompiledReviewerSelector,
    member: &'l CampaignItem<'_>,
    subject: &'l str,
    pool: &'l ReviewerPool<'_>,
) -> ReviewerSequence<'l> {
    let people = pool.setting.people;
    let entry = people.identity_of(subject);
    let system = pool.setting.systems.get(&member.grant.system);
    let one = |id: Option<&'l PrincipalId>, standing: AssignmentReason| -> ReviewerSequence<'l> {
        Box::new(id.cloned().map(|id| (id, standing)).into_iter())
    };
    match word {
        ReviewerSelector::Cel(_) => {
            let facts = pool.setting.attribute_builder.grant(member.grant);
            let named = selection.as_ref().and_then(|selection| selection.names(&RuleSubject::of(&facts)).ok());
            let ids = named.unwrap_or_default().into_iter().filter_map(|id| PrincipalId::parse(&id).ok());
            Box::new(ids.map(|id| (id, AssignmentReason::Expression)))
        }
        ReviewerSelector::Deputy => one(entry.and_then(|entry| entry.deputy.as_ref()), AssignmentReason::Deputy),
        ReviewerSelector::Group(name) => {
            Box::new(in_turn(pool.group(name), subject).map(|id| (id, AssignmentReason::Group(name.clone()))))
        }
        ReviewerSelector::Manager => {
            let owner = entry.and_then(|entry| entry.owner.as_ref());
            let leads = match entry {
                Some(entry) if entry.kind == PrincipalKind::Person => owner,
                Some(_) => owner.and_then(|owner| people.get(owner)).and_then(|owner| owner.owner.as_ref()),
                None => None,
            };
            one(leads, AssignmentReason::Manager)
        }
        ReviewerSelector::Owner => one(entry.and_then(|entry| entry.owner.as_ref()), AssignmentReason::Owner),
        ReviewerSelector::Person(id) => one(Some(id), AssignmentReason::Named),
        ReviewerSelector::SystemDeputy => {
            one(system.and_then(|system| system.deputy.as_ref()), AssignmentReason::SystemDeputy)
        }
        ReviewerSelector::SystemOwner => one(system.map(|system| &system.owner), AssignmentReason::SystemOwner),
        ReviewerSelector::Team => match entry.and_then(|entry| entry.team.as_ref()) {
            Some(team) => {
                Box::new(in_turn(pool.team(team), subject).map(|id| (id, AssignmentReason::Team(team.clone()))))
            }
            None => one(None, AssignmentReason::Owner),
        },
    }
}

/// Returns all members of a group, rotated by holder: the items of one holder stay together, and the load is spread
/// over the group.
fn in_turn<'a>(circle: &'a [&PrincipalId], subject: &str) -> impl Iterator<Item = PrincipalId> + use<'a> {
    let draw = Digest::of(subject).as_bytes().iter().take(4).fold(0, |sum: u32, byte| (sum << 8) | u32::from(*byte));
    let first = u32::try_from(circle.len()).ok().and_then(|size| draw.checked_rem(size)).unwrap_or(0);
    let (before, from) = circle.split_at(usize::try_from(first).unwrap_or(0));
    from.iter().chain(before).map(|id| (*id).clone())
}
