//! Exceptions: signed, expiring acceptances of risk.

use crate::model::{Digest, ItemId, PrincipalId, RepoId, Tier, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `exceptions/<id>.toml`: a signed, expiring acceptance of risk.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Always `tenure/exception/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The id; equals the file's name.
    pub id: PrincipalId,
    /// The item whose access it keeps.
    pub item: ItemId,
    /// The digest of the grant that it keeps; another grant needs another exception.
    pub grant_digest: Digest,
    /// The holder's immutable id, `<system>:<id>`; holders cannot approve an exception for themselves.
    pub subject: String,
    /// The rule whose violation it accepts; absent when a reviewer keeps access that violates no rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The lower tier at which the grant is reviewed, when the exception accepts that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_tier_to: Option<Tier>,
    /// The severity of the accepted risk.
    pub rating: Rating,
    /// The owner of the risk.
    pub owner: PrincipalId,
    /// The person who accepts the risk and signs; not its owner.
    pub approver: PrincipalId,
    /// Additional approvers, when the rating requires more than one; they sign as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<PrincipalId>,
    /// The reason.
    pub reason: String,
    /// The control that limits the harm.
    pub compensating: String,
    /// The maximum number of days between two proofs of the control; default: the interval of the rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_days: Option<u32>,
    /// The time at which the accepted violation was first found. A renewal keeps this time.
    pub first_found: Timestamp,
    /// The start of validity.
    pub valid_from: Timestamp,
    /// The end of validity.
    pub until: Timestamp,
    /// The exception that this one renews: `<file>@<digest of the file>`. Required when there is an earlier one for the
    /// same access and rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
}

/// The severity of the risk that an exception accepts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// Access that can take over the system, the organization or its regulated data.
    Critical,
    /// Privileged or regulated access.
    High,
    /// Little harm.
    Low,
    /// Production access.
    Medium,
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Low => "low",
            Self::Medium => "medium",
        })
    }
}

/// The rule that is violated by reviewing a grant at a lower tier than the computed one.
pub const LOWERED_TIER: &str = "EXC-01";
