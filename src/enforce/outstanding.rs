//! Decisions that no run has carried out yet.

use crate::model::{ItemId, SystemId, Tier, Timestamp, Verdict};

/// A decision in force that no run has carried out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutstandingDecision {
    /// The system.
    pub system: SystemId,
    /// The item.
    pub item: ItemId,
    /// The verdict.
    pub verdict: Verdict,
    /// The tier.
    pub tier: Tier,
    /// The entitlement and its holder, in words.
    pub what: String,
    /// The reason why the plan holds it; `None` if the next run carries it out.
    pub held: Option<String>,
    /// The time of its acceptance by a run; before that, of the merge, as its committer wrote it.
    pub since: Timestamp,
    /// Whether the time limit of its tier has passed.
    pub is_overdue: bool,
}

impl OutstandingDecision {
    /// Returns the end of the time limit of its tier.
    pub fn due(&self) -> Timestamp {
        self.since.plus_days(self.tier.removal_days())
    }
}
