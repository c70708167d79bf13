//! The course of an item through the stages of its campaign: what each came to, and where it is now.

use super::{Stance, Strategy, Verdict, file::CampaignDefinition};

/// The answers of one stage on one item.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StageTally {
    /// How many were asked.
    pub asked: usize,
    /// What was answered in the places of those who were asked, each place once.
    pub answers: Vec<Verdict>,
    /// What a fallback answered for all who are silent.
    pub fallback: Option<Verdict>,
    /// How many of the answers hand the item on to somebody who has not answered yet.
    pub handed_on: usize,
}

impl StageTally {
    /// Returns whether nobody answered, although somebody was asked.
    pub fn is_silent(&self) -> bool {
        self.asked > 0 && self.answers.is_empty() && self.fallback.is_none()
    }

    /// Returns whether everybody asked has answered, or a fallback for those who have not.
    pub fn is_complete(&self) -> bool {
        self.handed_on == 0 && (self.answers.len() >= self.asked || self.fallback.is_some())
    }

    /// Returns what the answers amount to. Whoever was asked and is silent counts as no response, unless a fallback has
    /// answered for them; the fallback's answer is weighed with all others.
    pub fn weigh(&self, strategy: Strategy) -> Stance {
        let silent = self.answers.len() < self.asked && self.fallback.is_none();
        let given = self.answers.iter().chain(&self.fallback).map(|verdict| Stance::of(Some(*verdict)));
        strategy.weigh(given.chain(silent.then_some(Stance::NoResponse)))
    }
}

/// Where an item is in the stages of its campaign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StageProgress {
    /// What each stage that is over for the item came to, the first stage first.
    pub stances: Vec<(u32, Stance)>,
    /// Where it is now.
    pub at: StagePosition,
}

/// Where an item is now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StagePosition {
    /// A stage is over for it, and the next one is asked once a campaign owner has closed that stage.
    Advancing(u32),
    /// No later stage is asked after this one.
    Ended(u32),
    /// A stage is asking.
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
    /// Follows an item through the stages, of which the first `closed` are closed; `tally` gives the answers of a stage.
    ///
    /// A stage is over for an item when it is closed, or when everybody asked has answered. After that, it is asked
    /// further or not as its definition says. A stage in which nobody was asked about the item is passed over.
    pub fn follow(definition: &CampaignDefinition, closed: u32, tally: impl Fn(u32) -> StageTally) -> Self {
        let last = definition.stage_count();
        let mut stances = Vec::new();
        let mut at = 1;
        for stage in 1..=last {
            let answers = tally(stage);
            if answers.asked == 0 && answers.fallback.is_none() {
                continue;
            }
            at = stage;
            if stage > closed && !answers.is_complete() {
                return Self { stances, at: StagePosition::Waiting(stage) };
            }
            let stance = answers.weigh(definition.outcome(stage));
            stances.push((stage, stance));
            if definition.stops(stage, stance) {
                break;
            }
            if stage > closed {
                return Self { stances, at: StagePosition::Advancing(stage) };
            }
        }
        Self { stances, at: StagePosition::Ended(at) }
    }

    /// Returns what the stages that are over amount to.
    pub fn overall(&self, definition: &CampaignDefinition) -> Stance {
        definition.overall().weigh(self.stances.iter().map(|(_, stance)| *stance))
    }

    /// Returns whether the item came as far as `stage`: it is asked there, or was.
    pub fn reached(&self, stage: u32) -> bool {
        self.at.stage() == stage || self.stances.iter().any(|(own, _)| *own == stage)
    }
}
