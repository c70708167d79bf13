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
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The id; equals the file's name.
    pub id: PrincipalId,
    /// The item it lets stand.
    pub item: ItemId,
    /// The digest of the grant it lets stand; another grant needs another exception.
    pub grant: Digest,
    /// The holder's immutable id, `<system>:<id>`; nobody approves an exception for themselves.
    pub subject: String,
    /// The rule whose violation it accepts; absent where a reviewer keeps what no rule speaks against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The tier at which the grant is reviewed meanwhile, where that is what is accepted: less than what it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowers: Option<Tier>,
    /// How bad it is.
    pub rating: Rating,
    /// Who answers for it.
    pub owner: PrincipalId,
    /// Who accepts the risk; they sign, and are not its owner.
    pub approver: PrincipalId,
    /// Who else accepts it, where the rating asks for more than one; they sign too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<PrincipalId>,
    /// Why it is needed.
    pub reason: String,
    /// What limits the harm meanwhile.
    pub compensating: String,
    /// At least every how many days that is proven; the rating's own interval where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_days: Option<u32>,
    /// When what it accepts was first found. A renewal keeps it: time that was bought is not time that is forgotten.
    pub since: Timestamp,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// The exception that it takes on from: `<file>@<digest of the file>`. A second one for the same access and rule names
    /// the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
}

/// How bad what an exception accepts is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// Access that can take over the system, the organisation or its regulated data.
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

/// The rule that a tier lowered by hand is an exception from: a tier is computed, and never a label.
pub const LOWERED_TIER: &str = "EXC-01";
