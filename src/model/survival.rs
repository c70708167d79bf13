//! Access paths that remain after a change by the inventory, and their effect on the verdict.

use super::{Digest, GrantKey, ItemId, Overlap, RemainingPath, Tier};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An access path that gives a part of the lost access after a change, by the inventory.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivingPath {
    /// The path in words, with the part that it gives.
    pub text: String,
    /// Its effect on the verdict if the target shows it after the change.
    pub verdict: SurvivalKind,
    /// The listed grant that gives it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantKey>,
    /// The digest of that grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The item of the decision in force that keeps that grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<ItemId>,
}

impl SurvivingPath {
    /// Returns the path with its effect on the verdict. `lost` is the tier of the lost access, and `kept_by` the decision that keeps its grant.
    pub fn of(path: RemainingPath, lost: Tier, kept_by: Option<ItemId>) -> Self {
        Self {
            text: path.to_string(),
            verdict: survival(&path, lost, kept_by.is_some()),
            kept_by,
            digest: path.grant.as_ref().map(|(_, digest)| *digest),
            grant: path.grant.map(|(key, _)| key),
        }
    }
}

impl fmt::Display for SurvivingPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match (self.verdict, &self.kept_by, &self.grant) {
            (SurvivalKind::Kept, Some(item), _) => write!(f, "will be kept by the decision on {item}: {text}"),
            (SurvivalKind::Left, ..) => write!(f, "will be left, of a lower tier: {text}"),
            (SurvivalKind::Unknown, _, Some(grant)) => write!(f, "may survive, decide on {grant}: {text}"),
            (SurvivalKind::Unknown, ..) => write!(f, "may survive: {text}"),
            (_, _, Some(grant)) => write!(f, "will survive, decide on {grant}: {text}"),
            _ => write!(f, "will survive: {text}"),
        }
    }
}

/// The effect of a surviving path on the verdict.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalKind {
    /// A decision in force keeps the grant that gives it.
    Kept,
    /// It gives a part of a lower tier, by a listed grant; the change is confirmed and names it.
    Left,
    /// It gives all of the access, or a part of the same tier or a more critical one.
    StillPresent,
    /// Whether it gives a part of the access cannot be determined.
    Unknown,
}

/// Returns the effect of a path on the verdict if a read shows it after the change. `lost` is the tier of the lost access.
pub fn survival(remaining: &RemainingPath, lost: Tier, is_kept: bool) -> SurvivalKind {
    match &remaining.overlap {
        // A kept grant is kept by decision, even if its overlap is not known.
        _ if is_kept => SurvivalKind::Kept,
        Overlap::CannotTell(_) => SurvivalKind::Unknown,
        Overlap::Whole => SurvivalKind::StillPresent,
        Overlap::Part(_) if remaining.tier <= lost => SurvivalKind::StillPresent,
        Overlap::Part(_) if remaining.grant.is_some() => SurvivalKind::Left,
        Overlap::Part(_) => SurvivalKind::Unknown,
    }
}
