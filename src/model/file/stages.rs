//! How the stages of a campaign follow each other, and what silence comes to in them.

use super::{CampaignDefinition, NoResponseAction, NoResponseOutcome, Stage};
use crate::model::{PrincipalId, Stance, Strategy, Tier};

impl CampaignDefinition {
    /// Returns how many stages there are; one where none is written down.
    pub fn stage_count(&self) -> u32 {
        u32::try_from(self.stages.len()).unwrap_or(u32::MAX).max(1)
    }

    /// Returns what a stage (from 1) says of itself; nothing where no stages are written down.
    pub fn stage(&self, stage: u32) -> Option<&Stage> {
        let index = usize::try_from(stage.checked_sub(1)?).ok()?;
        self.stages.get(index)
    }

    /// Returns by which strategy the answers of a stage become one stance.
    pub fn outcome(&self, stage: u32) -> Strategy {
        self.stage(stage).map_or(Strategy::AllMustAccept, |stage| stage.outcome)
    }

    /// Returns by which strategy the stances of the stages that were asked become one.
    pub fn overall(&self) -> Strategy {
        self.overall.unwrap_or(Strategy::AllMustAccept)
    }

    /// Returns whether no later stage is asked after `stage` came to `stance`; always so after the last one.
    pub fn stops(&self, stage: u32, stance: Stance) -> bool {
        stage >= self.stage_count() || self.stage(stage).is_none_or(|own| own.stops(stance))
    }

    /// Returns the most items that silence may take access away from when a stage is closed.
    pub fn silence_cap(&self) -> u32 {
        self.silence_cap.unwrap_or(DEFAULT_SILENCE_CAP)
    }

    /// Returns what it may come to that nobody answered for an item in a stage. For T0 and T1 there are two: which of them
    /// it is depends on whether the access is unused for certain, which the inventory tells; whoever closes the stage says
    /// which, and signs it.
    pub fn after_silence(&self, stage: u32, tier: Tier) -> &'static [NoResponseOutcome] {
        if !self.stops(stage, Stance::NoResponse) {
            return &[NoResponseOutcome::Advance];
        }
        match (self.on_silence, tier) {
            (NoResponseAction::Open, _) => &[NoResponseOutcome::Open],
            (NoResponseAction::Disable, Tier::T0 | Tier::T1) => {
                &[NoResponseOutcome::Disable, NoResponseOutcome::Except]
            }
            (NoResponseAction::Disable, Tier::T2 | Tier::T3) => &[NoResponseOutcome::Disable],
        }
    }

    /// Returns whether `who` is a fallback of the campaign.
    pub fn is_fallback(&self, who: &PrincipalId) -> bool {
        *who == self.fallback || *who == self.second_fallback
    }
}

impl Stage {
    /// Returns whether no later stage is asked after this one came to `stance`. Its own lists take the place of the
    /// strategy's: with `advance_on`, all else stops; with `stop_on` alone, all else goes on.
    pub fn stops(&self, stance: Stance) -> bool {
        if !self.advance_on.is_empty() {
            return !self.advance_on.contains(&stance);
        }
        match self.stop_on.as_slice() {
            [] => self.outcome.stops_on().contains(&stance),
            own => own.contains(&stance),
        }
    }

    /// Returns a stance that both stops and goes on: such a definition does not open.
    pub fn contradiction(&self) -> Option<Stance> {
        self.stop_on.iter().find(|stance| self.advance_on.contains(stance)).copied()
    }
}

/// The blast radius of silence where a definition says nothing.
const DEFAULT_SILENCE_CAP: u32 = 10;
