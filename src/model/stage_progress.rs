//! Progress of an item through the stages of its campaign.

use super::{ReviewResult, Strategy, Verdict, file::CampaignDefinition};

/// The answers of one stage on one item.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StageTally {
    /// The number of assigned reviewers.
    pub assigned: usize,
    /// The answers of the assigned reviewers or their delegates, one for each reviewer.
    pub answers: Vec<Verdict>,
    /// The answer of a fallback reviewer for all who did not respond.
    pub fallback: Option<Verdict>,
    /// The number of answers that reassign the item to a reviewer who has not answered yet.
    pub reassigned: usize,
}

impl StageTally {
    /// Returns whether the item is assigned in the stage.
    const fn is_assigned(&self) -> bool {
        self.assigned > 0 || self.fallback.is_some()
    }

    /// Returns whether there is no answer although reviewers were assigned.
    pub fn is_unanswered(&self) -> bool {
        self.assigned > 0 && self.answers.is_empty() && self.fallback.is_none()
    }

    /// Returns whether all assigned reviewers have answered, or a fallback reviewer for those who have not.
    pub fn is_complete(&self) -> bool {
        self.reassigned == 0 && (self.answers.len() >= self.assigned || self.fallback.is_some())
    }

    /// Returns whether no other answer can change the result: one acceptance accepts. The other reviewers are then asked
    /// no longer.
    pub fn is_settled(&self, strategy: Strategy) -> bool {
        let accepts = |verdict: &Verdict| ReviewResult::of(Some(*verdict)) == ReviewResult::Accept;
        strategy == Strategy::OneAcceptAccepts && self.answers.iter().chain(&self.fallback).any(accepts)
    }

    /// Returns the result of the answers. An assigned reviewer without an answer counts as no response, unless a
    /// fallback reviewer has answered; that answer counts like all others.
    pub fn aggregate(&self, strategy: Strategy) -> ReviewResult {
        let silent = self.answers.len() < self.assigned && self.fallback.is_none();
        let given = self.answers.iter().chain(&self.fallback).map(|verdict| ReviewResult::of(Some(*verdict)));
        strategy.aggregate(given.chain(silent.then_some(ReviewResult::NoResponse)))
    }
}

/// The progress of an item through the stages of its campaign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StageProgress {
    /// The result of each finished stage, in order.
    pub results: Vec<(u32, ReviewResult)>,
    /// The current position.
    pub at: StagePosition,
}

/// The current position of an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StagePosition {
    /// The stage is finished for the item. The next one starts when a campaign owner closes it.
    Advancing(u32),
    /// No later stage is needed after this one.
    Ended(u32),
    /// The stage is in progress.
    Waiting(u32),
}

impl StagePosition {
    /// Returns the stage.
    pub const fn stage(self) -> u32 {
        match self {
            Self::Advancing(stage) | Self::Ended(stage) | Self::Waiting(stage) => stage,
        }
    }
}

impl StageProgress {
    /// Follows an item through the stages, of which the first `closed` are closed; `tally` returns the answers of a
    /// stage.
    ///
    /// A stage is finished for an item when it is closed, when all assigned reviewers have answered, or when no other
    /// answer can change its result. The definition then decides whether the item advances. A stage without reviewers for the item is skipped.
    pub fn advance(definition: &CampaignDefinition, closed: u32, tally: impl Fn(u32) -> StageTally) -> Self {
        let last = definition.stage_count();
        let mut results = Vec::new();
        let mut at = 1;
        for stage in 1..=last {
            let answers = tally(stage);
            if !answers.is_assigned() {
                continue;
            }
            at = stage;
            if stage > closed && !answers.is_complete() && !answers.is_settled(definition.strategy(stage)) {
                return Self { results, at: StagePosition::Waiting(stage) };
            }
            let result = answers.aggregate(definition.strategy(stage));
            results.push((stage, result));
            if definition.stops(stage, result) || !(stage + 1..=last).any(|later| tally(later).is_assigned()) {
                break;
            }
            if stage > closed {
                return Self { results, at: StagePosition::Advancing(stage) };
            }
        }
        Self { results, at: StagePosition::Ended(at) }
    }

    /// Returns the combined result of the finished stages.
    pub fn overall_result(&self, definition: &CampaignDefinition) -> ReviewResult {
        definition.overall_strategy().aggregate(self.results.iter().map(|(_, result)| *result))
    }

    /// Returns whether the item is or was in `stage`.
    pub fn reached(&self, stage: u32) -> bool {
        self.at.stage() == stage || self.results.iter().any(|(own, _)| *own == stage)
    }
}
