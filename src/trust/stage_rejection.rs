//! Why something about the stages of a campaign is not believed: who may decide, when, and what a close says.

use crate::model::Severity;

/// Why something about the stages of a campaign is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StageRejection {
    /// One person would answer for two.
    #[error("item {item}: `{reviewer}` answers for two in stage {stage}: {path} is theirs too")]
    AnswersTwice {
        /// The item.
        item: String,
        /// Who.
        reviewer: String,
        /// In which stage.
        stage: u32,
        /// The file with their other answer.
        path: String,
    },
    /// The assignments are not those that the campaign's owners signed.
    #[error("who was asked is not what the campaign is signed for: {expected}, and its reviews give {found}")]
    Asked {
        /// What is signed.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A delegation that gives nothing.
    #[error("the delegation to `{to}` {why}")]
    Delegation {
        /// To whom.
        to: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A decision by somebody who was not asked, and stands for nobody who was.
    #[error("item {item}: `{reviewer}` was not asked in stage {stage}, and stands for nobody who was: {asked}")]
    Foreign {
        /// The item.
        item: String,
        /// Who decided it.
        reviewer: String,
        /// In which stage.
        stage: u32,
        /// Who was asked.
        asked: String,
    },
    /// An item cannot be handed on in this way.
    #[error("item {item} cannot be handed on to `{to}`: {why}")]
    HandedOn {
        /// The item.
        item: String,
        /// To whom.
        to: String,
        /// Why not.
        why: &'static str,
    },
    /// A decision that came after its stage was closed.
    #[error("item {item}: stage {stage} was closed by {close} before this decision came to main")]
    Late {
        /// The item.
        item: String,
        /// The stage.
        stage: u32,
        /// The file that closed it.
        close: String,
    },
    /// A decision in a stage that does not ask about the item, or not yet.
    #[error("item {item}: stage {stage} does not ask about it: {why}")]
    NotOpen {
        /// The item.
        item: String,
        /// The stage.
        stage: u32,
        /// Why not.
        why: String,
    },
    /// Stages are closed one after the other.
    #[error("it closes stage {found}, and the next one to close is {expected}")]
    Order {
        /// What it closes.
        found: u32,
        /// What is next.
        expected: u32,
    },
    /// A close that was counted elsewhere.
    #[error("it was counted at {0}, which is not a commit on the line of main")]
    Place(String),
    /// Less is looked at again than the mandate asks for.
    #[error("it looks at {found} % again, and the mandate asks for {least}")]
    SecondLook {
        /// How many percent it says.
        found: u32,
        /// How many the mandate asks for.
        least: u32,
    },
    /// The seeded items that are told are not those that were committed to.
    #[error("the seeded items {0}")]
    Seeds(&'static str),
    /// Silence would take away too much.
    #[error("silence would take access away from {found} items, and the definition allows {cap}")]
    SilenceCap {
        /// How many.
        found: u32,
        /// How many are allowed.
        cap: u32,
    },
    /// Somebody has answered meanwhile.
    #[error("item {item} is listed as silent, and {path} answers it")]
    Stale {
        /// The item.
        item: String,
        /// The answer.
        path: String,
    },
    /// A stage that the definition does not have.
    #[error("it belongs to stage {found}, and the campaign has {stages}")]
    Unknown {
        /// What it says.
        found: u32,
        /// How many there are.
        stages: u32,
    },
    /// A close that does not say what is so.
    #[error("{0}")]
    Wrong(String),
}

impl StageRejection {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AnswersTwice { .. } => "answers-twice",
            Self::Asked { .. } => "asked-mismatch",
            Self::Delegation { .. } => "delegation-unfit",
            Self::Foreign { .. } => "foreign-decision",
            Self::HandedOn { .. } => "handed-on",
            Self::Late { .. } => "late-decision",
            Self::NotOpen { .. } => "stage-not-open",
            Self::Order { .. } => "stage-out-of-order",
            Self::Place(_) => "stage-close-place",
            Self::SecondLook { .. } => "second-look-least",
            Self::Seeds(_) => "seeds-mismatch",
            Self::SilenceCap { .. } => "silence-cap",
            Self::Stale { .. } => "stage-close-stale",
            Self::Unknown { .. } => "unknown-stage",
            Self::Wrong(_) => "stage-close-wrong",
        }
    }

    /// Returns how bad it is. What is refused here takes the ground away under nothing else.
    pub const fn severity(&self) -> Severity {
        Severity::High
    }

    /// Returns what to do next.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::AnswersTwice { .. } => "each place is answered by another person; let somebody else answer for one",
            Self::Asked { .. } => "take the files that `tenure campaign open` wrote, all of them and as they are",
            Self::Delegation { .. } => {
                "name somebody else with an active key, and an end within the campaign; then `tenure sign FILE`"
            }
            Self::Foreign { .. } => {
                "let one of them decide, or delegate: delegations/<id>.toml signed by who was asked; or hand it on with `abstain` and `to`"
            }
            Self::HandedOn { .. } => "abstain without `to`; a fallback of the campaign decides it then",
            Self::Late { .. } => {
                "take the decision out of the file; what is still open goes to a fallback of the campaign, or to the next campaign"
            }
            Self::SecondLook { .. } => "open it again: `tenure campaign open` takes what the mandate asks for",
            Self::NotOpen { .. } => "wait until a campaign owner closes the stage before: `tenure campaign advance ID`",
            Self::Order { .. } | Self::Place(_) | Self::Seeds(_) | Self::Stale { .. } | Self::Wrong(_) => {
                "count again at the head of main: `tenure campaign advance ID` writes the file anew; then sign it"
            }
            Self::SilenceCap { .. } => {
                "get decisions, or open the campaign with a higher `silence_cap` in its definition"
            }
            Self::Unknown { .. } => "take the file that `tenure campaign open` wrote",
        }
    }

    /// Returns the item it is about, and the key that is wrong in it.
    pub fn item(&self) -> Option<(&str, &'static str, &'static str)> {
        match self {
            Self::AnswersTwice { item, .. }
            | Self::Foreign { item, .. }
            | Self::Late { item, .. }
            | Self::NotOpen { item, .. } => Some((item, "decision", "this decision")),
            Self::HandedOn { item, .. } => Some((item, "to", "this proposal")),
            _ => None,
        }
    }
}
