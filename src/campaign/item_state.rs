//! How far an item is, in one word.

use serde::Serialize;
use std::fmt;

/// How far an item is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// The target took the change; no read of the level needed has confirmed it.
    Applied,
    /// A read of the level needed shows what was decided.
    Confirmed,
    /// A change was decided, and nothing has begun.
    Decided,
    /// The grant was not as reviewed; nothing was done.
    Drifted,
    /// A signed exception lets it stand.
    Excepted,
    /// The target refused.
    Failed,
    /// The change is permitted; what became of it is not known yet.
    Intended,
    /// It stays as it is, by decision.
    Kept,
    /// The right is gone; something opened under it lives on.
    Lingering,
    /// A person has to make the change.
    Manual,
    /// The access is still there.
    StillPresent,
    /// Nobody has decided, or not for good.
    Undecided,
    /// The target could not be read.
    Unknown,
}

impl ItemState {
    /// Returns the state as it is written.
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
            Self::Lingering => "lingering",
            Self::Manual => "manual",
            Self::StillPresent => "still-present",
            Self::Undecided => "undecided",
            Self::Unknown => "unknown",
        }
    }

    /// Returns what people say of such an item: it …
    pub const fn words(self) -> &'static str {
        match self {
            Self::Applied => "was applied and is not confirmed",
            Self::Confirmed => "is confirmed",
            Self::Decided => "is decided and not enforced",
            Self::Drifted => "had changed since its review",
            Self::Excepted => "stands by exception",
            Self::Failed => "was refused by the target",
            Self::Intended => "was begun and not finished",
            Self::Kept => "stays, by decision",
            Self::Lingering => "lingers",
            Self::Manual => "waits for a person to change it",
            Self::StillPresent => "is still present",
            Self::Undecided => "is undecided",
            Self::Unknown => "could not be read",
        }
    }

    /// Returns whether nothing more is to be done.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Confirmed | Self::Excepted | Self::Kept)
    }
}

impl fmt::Display for ItemState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
