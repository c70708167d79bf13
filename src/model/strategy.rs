//! Stances, and the strategies by which those of several people become one.

use super::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a verdict, or several, say about an access: the classes that strategies weigh.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stance {
    /// It stays: `certify`, `except`, `transfer`.
    Accept,
    /// Nobody said anything. Its own outcome, and never one of the others.
    NoResponse,
    /// Somebody answered without deciding: `abstain`, `investigate`.
    NotDecided,
    /// Less of it stays, or it is renewed: `reduce`, `rotate`.
    Reduce,
    /// It goes: `disable`, `replace`, `revoke`.
    Revoke,
}

impl Stance {
    /// All stances in alphabetical order.
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

    /// Returns the verdicts of this class, from the one that asks most to the one that asks least. Where several people take
    /// the same stance with different verdicts, the first of these that somebody gave is what is done.
    pub const fn verdicts(self) -> &'static [Verdict] {
        match self {
            Self::Accept => &[Verdict::Except, Verdict::Transfer, Verdict::Certify],
            Self::NoResponse => &[],
            Self::NotDecided => &[Verdict::Investigate, Verdict::Abstain],
            Self::Reduce => &[Verdict::Reduce, Verdict::Rotate],
            Self::Revoke => &[Verdict::Revoke, Verdict::Replace, Verdict::Disable],
        }
    }

    /// Returns the stance as it is written.
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

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the verdicts of several reviewers become the stance of a stage, and those of several stages that on an item.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// It stays when somebody accepts and everybody who answers does.
    AcceptedIfNotDenied,
    /// It stays only when everybody asked accepts.
    AllMustAccept,
    /// It stays when anybody accepts.
    OneAcceptAccepts,
    /// It goes when anybody takes it away, else it stays when anybody accepts.
    OneDenyDenies,
}

impl Strategy {
    /// All strategies in alphabetical order.
    pub const ALL: [Self; 4] =
        [Self::AcceptedIfNotDenied, Self::AllMustAccept, Self::OneAcceptAccepts, Self::OneDenyDenies];

    /// Returns the strategy as files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedIfNotDenied => "accepted-if-not-denied",
            Self::AllMustAccept => "all-must-accept",
            Self::OneAcceptAccepts => "one-accept-accepts",
            Self::OneDenyDenies => "one-deny-denies",
        }
    }

    /// Returns the stances from the one that wins over all others to the one that loses to all.
    ///
    /// `accepted-if-not-denied` differs from what other systems call so: there, no decision and no response count as
    /// acceptance. Silence is never consent here; an abstention holds the item open, and no response loses to an accept.
    pub const fn order(self) -> [Stance; 5] {
        use Stance::{Accept, NoResponse, NotDecided, Reduce, Revoke};
        match self {
            Self::AcceptedIfNotDenied => [Revoke, Reduce, NotDecided, Accept, NoResponse],
            Self::AllMustAccept => [Revoke, Reduce, NotDecided, NoResponse, Accept],
            Self::OneAcceptAccepts => [Accept, Revoke, Reduce, NotDecided, NoResponse],
            Self::OneDenyDenies => [Revoke, Reduce, Accept, NotDecided, NoResponse],
        }
    }

    /// Returns what the stances amount to: the one present that stands first in the order; no response where there is none.
    pub fn weigh(self, stances: impl IntoIterator<Item = Stance> + Clone) -> Stance {
        let present = |wanted: &Stance| stances.clone().into_iter().any(|stance| stance == *wanted);
        self.order().into_iter().find(present).unwrap_or(Stance::NoResponse)
    }

    /// Returns the stances after which no later stage is asked, where a stage does not say.
    pub const fn stops_on(self) -> &'static [Stance] {
        match self {
            Self::OneAcceptAccepts => &[Stance::Accept],
            Self::AcceptedIfNotDenied | Self::AllMustAccept | Self::OneDenyDenies => &[Stance::Reduce, Stance::Revoke],
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
