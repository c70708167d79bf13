//! Rejections that concern stages of a campaign: authority, timing and stage closes.

use crate::model::Severity;

/// The reason for which a file is rejected because of the stages of its campaign.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StageError {
    /// One person would answer for two slots.
    #[error(
        "item {item}: `{reviewer}` would answer for two reviewers in stage {stage}; the other response is in {path}"
    )]
    DuplicateResponse {
        /// The item.
        item: String,
        /// The reviewer.
        reviewer: String,
        /// The stage.
        stage: u32,
        /// The file with the other response.
        path: String,
    },
    /// The assignments differ from those that the campaign owners signed.
    #[error("the assignments differ from the signed campaign: signed are {expected}, the review files contain {found}")]
    Assignments {
        /// The signed value.
        expected: String,
        /// The actual value.
        found: String,
    },
    /// An invalid delegation.
    #[error("the delegation to `{to}` {why}")]
    Delegation {
        /// The delegate.
        to: String,
        /// The reason.
        why: &'static str,
    },
    /// A decision by a principal who is not assigned and represents no assigned reviewer.
    #[error(
        "item {item}: `{reviewer}` is not assigned in stage {stage} and represents no assigned reviewer ({assigned})"
    )]
    Foreign {
        /// The item.
        item: String,
        /// The principal who decided.
        reviewer: String,
        /// The stage.
        stage: u32,
        /// The assigned reviewers.
        assigned: String,
    },
    /// An invalid reassignment of an item.
    #[error("item {item} cannot be reassigned to `{to}`: {why}")]
    ReassignmentInvalid {
        /// The item.
        item: String,
        /// The proposed reviewer.
        to: String,
        /// The reason.
        why: &'static str,
    },
    /// A decision after the close of its stage.
    #[error("item {item}: stage {stage} was closed by {close} before this decision was merged")]
    Late {
        /// The item.
        item: String,
        /// The stage.
        stage: u32,
        /// The file of the stage close.
        close: String,
    },
    /// A decision in a stage that the item does not reach, or has not reached yet.
    #[error("item {item} is not open in stage {stage}: {why}")]
    NotOpen {
        /// The item.
        item: String,
        /// The stage.
        stage: u32,
        /// The reason.
        why: String,
    },
    /// A stage close before the end of the window, while responses are missing.
    #[error(
        "stage {stage} is closed at {closed_at}, but its window ends {ends}, and these have not responded: {waiting}"
    )]
    Early {
        /// The stage.
        stage: u32,
        /// The time of the close.
        closed_at: String,
        /// The end of the window.
        ends: String,
        /// The reviewers who have not responded.
        waiting: String,
    },
    /// Stages are closed out of order.
    #[error("the file closes stage {found}, but the next stage to close is {expected}")]
    Order {
        /// The stage in the file.
        found: u32,
        /// The next stage to close.
        expected: u32,
    },
    /// A stage close that was computed at a commit outside main.
    #[error("the close was computed at {0}, which is not on the first-parent line of main")]
    Place(String),
    /// A campaign whose sampled stage covers other items than the sample.
    #[error(
        "stage {stage} covers a sample of the items; item {item} is {}",
        if *.assigned { "assigned, but not in the sample" } else { "in the sample, but not assigned" }
    )]
    Sample {
        /// The item.
        item: String,
        /// The stage.
        stage: u32,
        /// Whether the item is assigned in the stage.
        assigned: bool,
    },
    /// The close exceeds the limit of removals without a response.
    #[error("closing would disable {found} unanswered items; the definition allows {cap}")]
    NoResponseLimit {
        /// The number of removals.
        found: u32,
        /// The permitted number.
        cap: u32,
    },
    /// A response was merged since the close was computed.
    #[error("item {item} is listed as unanswered, but {path} answers it")]
    Stale {
        /// The item.
        item: String,
        /// The response.
        path: String,
    },
    /// A stage that is not in the definition.
    #[error("the file belongs to stage {found}, but the campaign has {stages}")]
    Unknown {
        /// The stage in the file.
        found: u32,
        /// The number of stages.
        stages: u32,
    },
    /// Worklists that differ from those that the campaign owners signed.
    #[error("the worklists of `{system}` differ from the signed campaign: signed are {expected}, found are {found}")]
    Worklists {
        /// The system.
        system: String,
        /// The signed digest.
        expected: String,
        /// The digest of the files.
        found: String,
    },
    /// A stage close with wrong content.
    #[error("{0}")]
    Wrong(String),
}

impl StageError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DuplicateResponse { .. } => "duplicate-response",
            Self::Assignments { .. } => "assignment-mismatch",
            Self::Delegation { .. } => "delegation-ineligible",
            Self::Early { .. } => "stage-close-early",
            Self::Foreign { .. } => "decision-not-own",
            Self::ReassignmentInvalid { .. } => "reassignment-invalid",
            Self::Late { .. } => "decision-late",
            Self::NotOpen { .. } => "stage-not-open",
            Self::Order { .. } => "stage-out-of-order",
            Self::Place(_) => "stage-close-place",
            Self::Sample { .. } => "sample-mismatch",
            Self::NoResponseLimit { .. } => "no-response-limit",
            Self::Stale { .. } => "stage-close-stale",
            Self::Unknown { .. } => "unknown-stage",
            Self::Worklists { .. } => "worklists-differ",
            Self::Wrong(_) => "stage-close-wrong",
        }
    }

    /// Returns the severity. These rejections never block other files.
    pub const fn severity(&self) -> Severity {
        Severity::High
    }

    /// Returns the next step.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::DuplicateResponse { .. } => {
                "each slot needs a different person; another reviewer or a fallback must answer one of them"
            }
            Self::Assignments { .. } | Self::Sample { .. } | Self::Worklists { .. } => {
                "restore all files that `tenure campaign open` wrote, without changes"
            }
            Self::Delegation { .. } => {
                "name a delegate with an active key and an end within the campaign, then run `tenure sign FILE`"
            }
            Self::Early { .. } => "wait for the end of the window, or for the responses: `tenure campaign status ID`",
            Self::Foreign { .. } => {
                "an assigned reviewer must decide; they can also delegate in delegations/<id>.toml, or reassign with \
                 `abstain` and `to`"
            }
            Self::ReassignmentInvalid { .. } => {
                "abstain without `to`; a fallback of the campaign then decides the item"
            }
            Self::Late { .. } => {
                "remove the decision from the file; a fallback of the campaign or the next campaign decides open items"
            }
            Self::NotOpen { .. } => {
                "wait until a campaign owner closes the previous stage: `tenure campaign close-stage ID`"
            }
            Self::Order { .. } | Self::Place(_) | Self::Stale { .. } | Self::Wrong(_) => {
                "compute the close again at the head of main: `tenure campaign close-stage ID`, then sign it"
            }
            Self::NoResponseLimit { .. } => {
                "obtain decisions, or open the campaign with a higher `max_no_response_removals` in its definition"
            }
            Self::Unknown { .. } => "restore the file that `tenure campaign open` wrote",
        }
    }

    /// Returns the item concerned, and its wrong key.
    pub fn item(&self) -> Option<(&str, &'static str, &'static str)> {
        match self {
            Self::DuplicateResponse { item, .. }
            | Self::Foreign { item, .. }
            | Self::Late { item, .. }
            | Self::NotOpen { item, .. } => Some((item, "decision", "this decision")),
            Self::ReassignmentInvalid { item, .. } => Some((item, "to", "this proposal")),
            _ => None,
        }
    }
}
