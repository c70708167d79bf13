//! Named points between the steps of a run, for progress output and for crash tests.

use crate::model::ActionId;

/// A point between two steps of a run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RunStep {
    /// The targets of dangling intents have been read. No record has been written.
    Recovered,
    /// The start, or a batch of intents, is about to be pushed.
    BeforeIntents,
    /// The remote has the intents; no target has been changed.
    AfterIntents,
    /// The target of an action has been read and is as reviewed.
    BeforeApply,
    /// The target accepted the calls of an action. The result has not been read.
    AfterApply,
    /// The target has been read again.
    AfterLook,
    /// The outcomes are about to be pushed.
    BeforeOutcomes,
    /// The remote has the outcomes.
    AfterOutcomes,
    /// The end of the run is on the remote.
    Ended,
}

impl RunStep {
    /// All steps in the order of a run.
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

/// A receiver of the progress of a run.
pub trait RunObserver: Sync {
    /// Called when the run reaches `step`; `action` is set for the steps of an action.
    fn reached(&self, step: RunStep, action: Option<&ActionId>);

    /// Returns whether the run is to end in order: no further action is started.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// An observer that ignores all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopObserver;

impl RunObserver for NoopObserver {
    fn reached(&self, _: RunStep, _: Option<&ActionId>) {}
}
