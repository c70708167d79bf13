//! The places between the steps of a run: where progress is shown, and where tests pull the plug.

use crate::model::ActionId;

/// A place between two steps of a run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RunStep {
    /// What earlier runs left dangling has been read; nothing is written.
    Recovered,
    /// The start, or a batch of intents, is about to be pushed.
    BeforeIntents,
    /// The remote has the intents; no target has been touched.
    AfterIntents,
    /// An action's target has been read and is as reviewed.
    BeforeApply,
    /// The target took the calls of an action; nobody knows yet.
    AfterApply,
    /// The target has been read again.
    AfterLook,
    /// What happened is about to be pushed.
    BeforeOutcomes,
    /// The remote has what happened.
    AfterOutcomes,
    /// The end of the run is on the remote.
    Ended,
}

impl RunStep {
    /// All steps in the order in which a run passes them.
    pub const ALL: [Self; 9] = [
        Self::Recovered,
        Self::BeforeIntents,
        Self::AfterIntents,
        Self::BeforeApply,
        Self::AfterApply,
        Self::AfterLook,
        Self::BeforeOutcomes,
        Self::AfterOutcomes,
        Self::Ended,
    ];

    /// Returns the step's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::BeforeIntents => "before-intents",
            Self::AfterIntents => "after-intents",
            Self::BeforeApply => "before-apply",
            Self::AfterApply => "after-apply",
            Self::AfterLook => "after-look",
            Self::BeforeOutcomes => "before-outcomes",
            Self::AfterOutcomes => "after-outcomes",
            Self::Ended => "ended",
        }
    }
}

/// Somebody who is told where a run is.
pub trait RunObserver: Sync {
    /// The run has reached `step`, for this action where the step is one of an action.
    fn reached(&self, step: RunStep, action: Option<&ActionId>);
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopObserver;

impl RunObserver for NoopObserver {
    fn reached(&self, _: RunStep, _: Option<&ActionId>) {}
}
