//! `trust/`: the root of trust, the registry of principals and keys, and the mandate.

use super::{NoResponseTerms, Rating, ReviewTerms};
use crate::model::{PrincipalId, RepoId, SystemId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `trust/root/N.toml`: keys and thresholds of the roles below it. N+1 is signed by a threshold of N and of N+1.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Always `tenure/root/v1`.
    pub schema: String,
    /// 1 for the first, then one more each time; equals the file's name.
    pub version: u32,
    /// The repository this trust is for.
    pub repo: RepoId,
    /// The name of the evidence log in its checkpoints (C2SP tlog-checkpoint origin).
    pub log_origin: String,
    /// `none` for version 1, else the digest of the version before.
    pub prev: String,
    /// Who may sign what.
    pub roles: Roles,
}

/// The roles a root gives.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Signs the next root.
    pub root: Role,
    /// Signs registries.
    pub registry: Role,
    /// Signs mandates.
    pub mandate: Role,
    /// The engine's own keys.
    pub engine: EngineRole,
    /// Those who countersign checkpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessRole>,
}

/// A role with a threshold of distinct keys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// How many distinct keys must sign.
    pub threshold: u32,
    /// OpenSSH public key lines with the key's name as comment: `ssh-ed25519 AAAA… name`. The name is that in
    /// `FILE.<name>.sig`.
    pub keys: Vec<String>,
}

/// The engine's keys: one key never serves two purposes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineRole {
    /// OpenSSH public keys that sign evidence commits and `segments.sha256`.
    pub commit_keys: Vec<String>,
    /// C2SP verifier keys (`origin+id+base64`) that sign checkpoints.
    pub log_keys: Vec<String>,
    /// OpenSSH public keys of the job that reads targets back with its own credential.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readback_keys: Vec<String>,
}

/// Witnesses of the log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessRole {
    /// How many of them must have countersigned.
    pub threshold: u32,
    /// C2SP verifier keys of the witnesses.
    pub keys: Vec<String>,
}

/// `trust/registry/N.toml`: who people and machines are, and which keys speak for them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Always `tenure/registry/v1`.
    pub schema: String,
    /// 1 for the first, then one more each time; equals the file's name.
    pub version: u32,
    /// The repository this trust is for.
    pub repo: RepoId,
    /// `none` for version 1, else the digest of the version before.
    pub prev: String,
    /// The principals, sorted by id.
    #[serde(rename = "principal", default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<RegistryPrincipal>,
}

/// A principal who may sign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryPrincipal {
    /// The id used everywhere in the repository.
    pub id: PrincipalId,
    /// Immutable ids of this principal's own accounts, `<system>:<id>`; nobody reviews these themselves.
    pub subjects: Vec<String>,
    /// The groups that mandates and campaigns refer to, such as `campaign-owner`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Keys, oldest first.
    #[serde(rename = "key", default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<RegistryKey>,
}

/// A key of a principal.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryKey {
    /// The OpenSSH public key, `ssh-ed25519 AAAA…`.
    pub ssh: String,
    /// What it is worth now.
    pub state: KeyState,
    /// For a compromised key: the first evidence index from which its signatures are suspect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect_from_index: Option<u64>,
}

/// What a key is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// May sign.
    Active,
    /// May not sign any more; what it signed stays valid.
    Retired,
    /// May not sign any more, and what it signed is suspect from an index on.
    Revoked,
}

/// `trust/mandate/N.toml`: what needs whom, and the limits a plan must clear.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// Always `tenure/mandate/v1`.
    pub schema: String,
    /// 1 for the first, then one more each time; equals the file's name.
    pub version: u32,
    /// The repository this trust is for.
    pub repo: RepoId,
    /// `none` for version 1, else the digest of the version before.
    pub prev: String,
    /// The connectors that may be used at all.
    pub connectors: Vec<String>,
    /// The registry group whose members may sign campaigns.
    pub campaign_group: String,
    /// The registry group whose members may sign exceptions.
    pub exception_group: String,
    /// The most governed files that one change may touch; [`FILES_PER_CHANGE`] where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_per_change: Option<u32>,
    /// Signatures a review needs, by the highest tier among its decided items.
    pub thresholds: Thresholds,
    /// Limits on every plan.
    pub guardrails: Guardrails,
    /// What decisions need, and what makes a review look like a rubber stamp; [`ReviewTerms::usual`] where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewTerms>,
    /// What an exception needs for access that nobody answered for; [`NoResponseTerms::usual`] where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<NoResponseTerms>,
    /// What exceptions need, by rating; a rating that is not here has the terms of [`ExceptionTerms::usual`].
    #[serde(rename = "exception", default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionTerms>,
}

/// What an exception of a rating needs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionTerms {
    /// The rating.
    pub rating: Rating,
    /// The longest it may last, in days.
    pub days: u32,
    /// How often it may be renewed.
    pub renewals: u32,
    /// At least every how many days its compensating control is proven; 0 asks for no proof.
    pub proof_days: u32,
    /// The registry groups of those who accept it: one signer for each entry, all of them different people.
    pub groups: Vec<String>,
}

impl ExceptionTerms {
    /// Returns the usual terms of a rating, all signed by members of `group`: 30, 90, 180 and 365 days; one renewal of what
    /// is critical, else two; proof weekly, monthly, quarterly, none; two people for what is critical.
    pub fn usual(rating: Rating, group: &str) -> Self {
        let (days, renewals, proof_days, people) = match rating {
            Rating::Critical => (30, 1, 7, 2),
            Rating::High => (90, 2, 31, 1),
            Rating::Low => (365, 2, 0, 1),
            Rating::Medium => (180, 2, 92, 1),
        };
        Self { rating, days, renewals, proof_days, groups: vec![group.to_owned(); people] }
    }
}

impl Mandate {
    /// Returns what an exception of this rating needs.
    pub fn terms(&self, rating: Rating) -> ExceptionTerms {
        let own = self.exceptions.iter().find(|terms| terms.rating == rating);
        own.cloned().unwrap_or_else(|| ExceptionTerms::usual(rating, &self.exception_group))
    }

    /// Returns the most governed files that one change may touch: never so few that no mandate could be changed.
    pub fn files_per_change(&self) -> u32 {
        self.files_per_change.unwrap_or(FILES_PER_CHANGE).max(FEWEST_FILES)
    }

    /// Returns what decisions need, and what makes a review look like a rubber stamp.
    pub fn review_terms(&self) -> ReviewTerms {
        self.review.unwrap_or_else(ReviewTerms::usual)
    }
}

/// The most governed files that one change may touch where the mandate says nothing: an opening over 100,000 items writes
/// about 4,700 for one stage.
pub const FILES_PER_CHANGE: u32 = 10_000;
/// As many as a change of trust with all its signatures has, and more.
const FEWEST_FILES: u32 = 100;

/// Signatures needed by tier: distinct principals.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// For tier T0.
    #[serde(rename = "T0")]
    pub t0: u32,
    /// For tier T1.
    #[serde(rename = "T1")]
    pub t1: u32,
    /// For tier T2.
    #[serde(rename = "T2")]
    pub t2: u32,
    /// For tier T3.
    #[serde(rename = "T3")]
    pub t3: u32,
}

/// Limits a plan must clear. Counts are of actions that take access away.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guardrails {
    /// The systems whose access may be changed at all; one that is missing here is newly managed and stops the plan.
    pub managed: Vec<SystemId>,
    /// The most removals in one run.
    pub removals_per_run: u32,
    /// The most removals on one system in one run.
    pub removals_per_system: u32,
    /// The most removals from the principals of one owner in one run.
    pub removals_per_owner: u32,
    /// The most removals on one system, in percent of its live grants; counted once more than `percent_from` are hit.
    pub percent_per_system: u32,
    /// Below this many removals the percentage is not looked at.
    pub percent_from: u32,
    /// An inventory that lost more than this percentage of its grants since the last run stops the plan.
    pub inventory_shrink_percent: u32,
    /// Principals no action may touch, `<system>:<id>`: break-glass accounts and the engine's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
    /// Windows in which nothing is enforced, `<from>/<until>` as two times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
}
