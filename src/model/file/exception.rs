//! Exceptions and attestations: what is signed beside reviews.

use crate::model::{ActionId, Digest, ItemId, PrincipalId, RepoId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// How bad it is.
    pub rating: Rating,
    /// Who answers for it.
    pub owner: PrincipalId,
    /// Who accepts the risk; they sign.
    pub approver: PrincipalId,
    /// Why it is needed.
    pub reason: String,
    /// What limits the harm meanwhile.
    pub compensating: String,
    /// When it ends.
    pub until: Timestamp,
}

/// How bad what an exception accepts is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// At most 30 days.
    Critical,
    /// At most 90 days.
    High,
    /// At most 365 days.
    Low,
    /// At most 180 days.
    Medium,
}

/// `attestations/<action>.toml`: proof of a change made by hand; the executor and a second person sign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Always `tenure/attestation/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The action that was done; equals the file's name.
    pub action: ActionId,
    /// The digest of the plan that asked for it.
    pub plan: Digest,
    /// Who did it.
    pub executor: PrincipalId,
    /// Who looked at the target afterwards; not the executor.
    pub witness: PrincipalId,
    /// When it was done, as they say.
    pub done_at: Timestamp,
    /// What was done, in the target's words.
    pub statement: String,
    /// The digest of the proof (an export, a screenshot), kept elsewhere.
    pub proof: Digest,
}
