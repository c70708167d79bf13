//! The part of the evidence on which plans depend.

use super::{
    ActionId, CampaignId, Digest, Timestamp,
    history::{ActionHistory, EvidenceHistory},
    record::OutcomeKind,
};

/// Evidence up to a number of records, as far as plans depend on it.
pub trait PlanEvidence {
    /// Returns the number of records.
    fn size(&self) -> u64;

    /// Returns the digest of the last line; [`Digest::ZERO`] while there is none.
    fn head(&self) -> Digest;

    /// Returns the state of an action; `None` if it has no intent.
    fn action_state(&self, id: &ActionId) -> Option<ActionState>;

    /// Returns the sequence number and time of the acceptance of a signed file; `None` if no run has accepted it.
    fn acceptance(&self, path: &str) -> Option<(u64, Timestamp)>;

    /// Returns the sequence number of the close of a campaign; `None` while it is open.
    fn close_of(&self, campaign: &CampaignId) -> Option<u64>;
}

/// The part of the history of an action on which plans depend.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ActionState {
    /// Whether nothing is left to do, see [`ActionHistory::is_done`].
    pub is_done: bool,
    /// The result of its last intent; `None` while it is dangling.
    pub outcome: Option<OutcomeKind>,
    /// The time of the first confirmation after its last intent, by the engine's clock.
    pub confirmed_at: Option<Timestamp>,
    /// The time of its last verification, by the engine's clock.
    pub verified_at: Option<Timestamp>,
}

impl ActionState {
    /// Returns the state of an action with this history.
    pub fn of(action: &ActionHistory) -> Self {
        let outcome = action.outcome.as_ref().map(|outcome| outcome.result);
        let verified_at = action.verified_at.map(|(_, at)| at);
        Self { is_done: action.is_done(), outcome, confirmed_at: action.confirmed_at, verified_at }
    }
}

impl PlanEvidence for EvidenceHistory {
    fn size(&self) -> u64 {
        self.size()
    }

    fn head(&self) -> Digest {
        self.head()
    }

    fn action_state(&self, id: &ActionId) -> Option<ActionState> {
        self.action(id).map(ActionState::of)
    }

    fn acceptance(&self, path: &str) -> Option<(u64, Timestamp)> {
        self.accepted(path).map(|accepted| (accepted.seq, accepted.at))
    }

    fn close_of(&self, campaign: &CampaignId) -> Option<u64> {
        self.close_of(campaign).map(|(seq, _)| seq)
    }
}
