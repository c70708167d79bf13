//! The states of an item, from undecided to confirmed.

use serde::Serialize;
use std::fmt;

/// The state of an item.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// The change was applied, but not confirmed at the required verification level.
    Applied,
    /// A read at the required verification level confirmed the change.
    Confirmed,
    /// A change is decided, and its enforcement has not started.
    Decided,
    /// The grant differed from the reviewed one; no change was made.
    Drifted,
    /// A signed exception keeps the access.
    Excepted,
    /// The target refused the change.
    Failed,
    /// The change was started; its outcome is not known yet.
    Intended,
    /// The access is kept by decision.
    Kept,
    /// The grant is removed, and another grant, which a decision keeps, gives the same access.
    KeptElsewhere,
    /// The access is removed, but sessions or tokens remain.
    Lingering,
    /// A person must make the change.
    Manual,
    /// The access belongs to the only person who could review it: not reviewed, no second person.
    NotReviewed,
    /// The access is still there.
    StillPresent,
    /// There is no final decision.
    Undecided,
    /// The target could not be read.
    Unknown,
}

impl ItemState {
    /// Returns the serialized name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Confirmed => "confirmed",
            Self::Decided => "decided",
            Self::Drifted => "drifted",
            Self::Excepted => "excepted",
            Self::Failed => "failed",
            Self::Intended => "intended",
            Self::Kept => "kept",
            Self::KeptElsewhere => "kept-elsewhere",
            Self::Lingering => "lingering",
            Self::Manual => "manual",
            Self::NotReviewed => "not-reviewed",
            Self::StillPresent => "still-present",
            Self::Undecided => "undecided",
            Self::Unknown => "unknown",
        }
    }

    /// Returns a phrase that completes "the item …".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Applied => "was applied but is not confirmed",
            Self::Confirmed => "is confirmed",
            Self::Decided => "is decided but not enforced",
            Self::Drifted => "changed since its review",
            Self::Excepted => "is excepted",
            Self::Failed => "was refused by the target",
            Self::Intended => "was started but has no outcome",
            Self::Kept => "is kept by decision",
            Self::KeptElsewhere => "is removed, but another kept grant gives the access",
            Self::Lingering => "lingers",
            Self::Manual => "needs a manual change",
            Self::NotReviewed => "is not reviewed",
            Self::StillPresent => "is still present",
            Self::Undecided => "is undecided",
            Self::Unknown => "could not be read",
        }
    }

    /// Returns whether the state is final.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Confirmed | Self::Excepted | Self::Kept | Self::KeptElsewhere | Self::NotReviewed)
    }
}

impl fmt::Display for ItemState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
