//! Results, and the strategies that combine the results of several reviewers.

use super::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The class of a verdict, or of several verdicts combined.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Stance")]
#[serde(rename_all = "kebab-case")]
pub enum ReviewResult {
    /// The access stays: `certify`, `except`, `transfer`.
    Accept,
    /// There was no response. It is a separate class, never counted as another one.
    NoResponse,
    /// A reviewer answered without deciding: `abstain`, `investigate`.
    NotDecided,
    /// Part of the access stays, or it is renewed: `reduce`, `rotate`.
    Reduce,
    /// The access is removed: `disable`, `replace`, `revoke`.
    Revoke,
}

impl ReviewResult {
    /// All results in alphabetical order.
    pub const ALL: [Self; 5] = [Self::Accept, Self::NoResponse, Self::NotDecided, Self::Reduce, Self::Revoke];

    /// Returns the class of a verdict.
    pub const fn of(verdict: Option<Verdict>) -> Self {
        match verdict {
            None => Self::NoResponse,
            Some(Verdict::Abstain | Verdict::Investigate) => Self::NotDecided,
            Some(Verdict::Certify | Verdict::Except | Verdict::Transfer) => Self::Accept,
            Some(Verdict::Disable | Verdict::Replace | Verdict::Revoke) => Self::Revoke,
            Some(Verdict::Reduce | Verdict::Rotate) => Self::Reduce,
        }
    }

    /// Returns the verdicts of this class, from the strongest to the weakest. When several reviewers choose different
    /// verdicts of one class, the strongest one is used.
    pub const fn verdicts(self) -> &'static [Verdict] {
        match self {
            Self::Accept => &[Verdict::Except, Verdict::Transfer, Verdict::Certify],
            Self::NoResponse => &[],
            Self::NotDecided => &[Verdict::Investigate, Verdict::Abstain],
            Self::Reduce => &[Verdict::Reduce, Verdict::Rotate],
            Self::Revoke => &[Verdict::Revoke, Verdict::Replace, Verdict::Disable],
        }
    }

    /// Returns the spelling of the result.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::NoResponse => "no-response",
            Self::NotDecided => "not-decided",
            Self::Reduce => "reduce",
            Self::Revoke => "revoke",
        }
    }
}

impl fmt::Display for ReviewResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The method of combining the verdicts of several reviewers into the result of a stage, and the results of several
/// stages into that of an item.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The access stays when at least one reviewer accepts and no answer denies.
    AcceptedIfNotDenied,
    /// The access stays only when all assigned reviewers accept.
    AllMustAccept,
    /// The access stays when at least one reviewer accepts.
    OneAcceptAccepts,
    /// The access is removed when at least one reviewer denies; otherwise it stays when at least one accepts.
    OneDenyDenies,
}

impl Strategy {
    /// All strategies in alphabetical order.
    pub const ALL: [Self; 4] =
        [Self::AcceptedIfNotDenied, Self::AllMustAccept, Self::OneAcceptAccepts, Self::OneDenyDenies];

    /// Returns the spelling in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedIfNotDenied => "accepted-if-not-denied",
            Self::AllMustAccept => "all-must-accept",
            Self::OneAcceptAccepts => "one-accept-accepts",
            Self::OneDenyDenies => "one-deny-denies",
        }
    }

    /// Returns the results by precedence, the highest first.
    ///
    /// `accepted-if-not-denied` differs from the strategy of that name in other products, where abstention and no
    /// response count as acceptance. Here, an abstention keeps the item open, and no response has a lower precedence
    /// than acceptance.
    pub const fn order(self) -> [ReviewResult; 5] {
        use ReviewResult::{Accept, NoResponse, NotDecided, Reduce, Revoke};
        match self {
            Self::AcceptedIfNotDenied => [Revoke, Reduce, NotDecided, Accept, NoResponse],
            Self::AllMustAccept => [Revoke, Reduce, NotDecided, NoResponse, Accept],
            Self::OneAcceptAccepts => [Accept, Revoke, Reduce, NotDecided, NoResponse],
            Self::OneDenyDenies => [Revoke, Reduce, Accept, NotDecided, NoResponse],
        }
    }

    /// Returns the combined result: the one with the highest precedence; no response for an empty list.
    pub fn aggregate(self, results: impl IntoIterator<Item = ReviewResult> + Clone) -> ReviewResult {
        let present = |wanted: &ReviewResult| results.clone().into_iter().any(|result| result == *wanted);
        self.order().into_iter().find(present).unwrap_or(ReviewResult::NoResponse)
    }

    /// Returns the results after which no later stage is needed, by default.
    pub const fn stops_on(self) -> &'static [ReviewResult] {
        match self {
            Self::OneAcceptAccepts => &[ReviewResult::Accept],
            Self::AcceptedIfNotDenied | Self::AllMustAccept | Self::OneDenyDenies => {
                &[ReviewResult::Reduce, ReviewResult::Revoke]
            }
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
