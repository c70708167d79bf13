//! Order of the stages of a campaign, and consequences of no response.

use super::{CampaignDefinition, NoResponseAction, NoResponseOutcome, Stage};
use crate::model::{PrincipalId, Stance, Strategy, Tier};

impl CampaignDefinition {
    /// Returns the number of stages; 1 when the definition lists none.
    pub fn stage_count(&self) -> u32 {
        u32::try_from(self.stages.len()).unwrap_or(u32::MAX).max(1)
    }

    /// Returns a stage by its number, counted from 1; `None` when the definition lists no stages.
    pub fn stage(&self, stage: u32) -> Option<&Stage> {
        let index = usize::try_from(stage.checked_sub(1)?).ok()?;
        self.stages.get(index)
    }

    /// Returns the strategy that combines the answers of a stage.
    pub fn outcome(&self, stage: u32) -> Strategy {
        self.stage(stage).map_or(Strategy::AllMustAccept, |stage| stage.outcome)
    }

    /// Returns the strategy that combines the stances of the stages.
    pub fn overall(&self) -> Strategy {
        self.overall.unwrap_or(Strategy::AllMustAccept)
    }

    /// Returns whether no later stage is needed after `stage` resulted in `stance`; always true after the last stage.
    pub fn stops(&self, stage: u32, stance: Stance) -> bool {
        stage >= self.stage_count() || self.stage(stage).is_none_or(|own| own.stops(stance))
    }

    /// Returns the maximum number of items whose access no response may remove when a stage is closed.
    pub fn silence_cap(&self) -> u32 {
        self.silence_cap.unwrap_or(DEFAULT_SILENCE_CAP)
    }

    /// Returns the possible consequences of no response for an item in a stage. For T0 and T1 there are two: which one
    /// applies depends on whether the inventory shows that the access is unused. The person who closes the stage
    /// chooses one and signs it.
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

    /// Returns whether `who` is a fallback reviewer of the campaign.
    pub fn is_fallback(&self, who: &PrincipalId) -> bool {
        *who == self.fallback || *who == self.second_fallback
    }
}

impl Stage {
    /// Returns whether no later stage is needed after this one resulted in `stance`. The lists of the stage replace the
    /// default of the strategy: with `advance_on`, all other stances stop; with `stop_on` alone, all other stances
    /// advance.
    pub fn stops(&self, stance: Stance) -> bool {
        if !self.advance_on.is_empty() {
            return !self.advance_on.contains(&stance);
        }
        match self.stop_on.as_slice() {
            [] => self.outcome.stops_on().contains(&stance),
            own => own.contains(&stance),
        }
    }

    /// Returns a stance that is listed both to stop and to advance. Such a definition is rejected on opening.
    pub fn contradiction(&self) -> Option<Stance> {
        self.stop_on.iter().find(|stance| self.advance_on.contains(stance)).copied()
    }
}

/// The default limit of removals by no response.
const DEFAULT_SILENCE_CAP: u32 = 10;
