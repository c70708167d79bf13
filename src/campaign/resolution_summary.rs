//! The outcome of all reviews of a campaign.

use super::Resolution;
use crate::model::{Finding, ItemId, PrincipalId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The outcome of all reviews of a campaign. Every item is decided, reopened, or pending; a reassigned item is both of
/// the latter.
#[derive(Clone, Debug, Default)]
pub struct ResolutionSummary {
    /// Items with a final outcome, by id.
    pub decided: Vec<Resolution>,
    /// Items that are open although they were decided or their stage is closed.
    pub open: BTreeMap<ItemId, ReopenReason>,
    /// The stage that ended each open item that waits for none.
    pub ended: BTreeMap<ItemId, u32>,
    /// Items that wait for a response or for a stage close.
    pub waiting: BTreeMap<ItemId, PendingReason>,
    /// The number of closed stages.
    pub closed: u32,
    /// The paths of signed files; items they left open must be decided in another file.
    pub signed: BTreeSet<String>,
    /// The findings about the decisions.
    pub findings: Vec<Finding>,
}

/// The reason why an item is pending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingReason {
    /// The current stage.
    pub stage: u32,
    /// The reviewers whose response is missing; if empty, the stage close is missing.
    pub missing: Vec<PrincipalId>,
}

/// The reason why an item is open although it was decided or its stage is closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReopenReason {
    /// The reviewer abstained, optionally naming another reviewer.
    Abstained(Option<String>),
    /// Several conflicting decisions are in force.
    Contradictory,
    /// The decision expired at this time.
    Expired(Timestamp),
    /// The item is under investigation.
    Investigated,
    /// There was no response; keeping the access requires a signed exception or a decision of a fallback.
    NeedsException,
    /// Responses were missing when the stage was closed; a fallback may decide.
    Unanswered,
}
