//! Files below `trust/`: the root of trust, the registry of principals and keys, and the mandate.

use super::{ExceptionTerms, NoResponseTerms, Rating, ReviewTerms};
use crate::model::{Digest, Finding, PrincipalId, RepoId, Severity, Tier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// `trust/root/N.toml`: the keys and thresholds of the trust roles. Version N+1 is signed by a threshold of N and of
/// N+1.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Always `tenure/root/v1`.
    pub schema: String,
    /// The version, counted from 1; equals the file's name.
    pub version: u32,
    /// The id of the repository.
    pub repo: RepoId,
    /// The name of the evidence log in its checkpoints (C2SP tlog-checkpoint origin).
    pub log_origin: String,
    /// The branch of the evidence log; it never changes. Default `evidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The digest of the previous version; `none` for version 1.
    pub prev: String,
    /// The roles.
    pub roles: Roles,
}

impl Root {
    /// Returns the name of the branch of the evidence log.
    pub fn evidence_branch(&self) -> &str {
        self.evidence.as_deref().unwrap_or("evidence")
    }
}

/// The roles that a root defines.
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
    /// The witnesses that cosign checkpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessRole>,
}

/// A role with a threshold of distinct keys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The number of distinct keys that must sign.
    pub threshold: u32,
    /// OpenSSH public key lines with the key's name as comment: `ssh-ed25519 AAAA… name`. The same name is used in
    /// `FILE.<name>.sig`.
    pub keys: Vec<String>,
}

/// The keys of the engine. A key never serves two purposes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineRole {
    /// OpenSSH public keys that sign evidence commits and `segments.sha256`.
    pub commit_keys: Vec<String>,
    /// C2SP verifier keys (`origin+id+base64`) that sign checkpoints.
    pub log_keys: Vec<String>,
    /// OpenSSH public keys of the job that reads targets back with a separate credential.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readback_keys: Vec<String>,
}

/// Witnesses of the log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessRole {
    /// The number of witnesses that must have cosigned.
    pub threshold: u32,
    /// C2SP verifier keys of the witnesses.
    pub keys: Vec<String>,
}

/// `trust/registry/N.toml`: people and machines, and their signing keys.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Always `tenure/registry/v1`.
    pub schema: String,
    /// The version, counted from 1; equals the file's name.
    pub version: u32,
    /// The id of the repository.
    pub repo: RepoId,
    /// The digest of the previous version; `none` for version 1.
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
    /// Immutable ids of the principal's own accounts, `<system>:<id>`; a principal cannot review these.
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
    /// The state of the key.
    pub state: KeyState,
    /// For a compromised key: the first evidence index from which its signatures are suspect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect_from_index: Option<u64>,
}

/// The state of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// The key may sign.
    Active,
    /// The key may no longer sign; its earlier signatures stay valid.
    Retired,
    /// The key may no longer sign, and its signatures from an index on are suspect.
    Revoked,
}

/// `trust/mandate/N.toml`: required signatures, and the limits of every plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// Always `tenure/mandate/v1`.
    pub schema: String,
    /// The version, counted from 1; equals the file's name.
    pub version: u32,
    /// The id of the repository.
    pub repo: RepoId,
    /// The digest of the previous version; `none` for version 1.
    pub prev: String,
    /// The connectors that may be used.
    pub connectors: Vec<String>,
    /// The digests of the releases of the engine that `governance.toml` may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engine_releases: Vec<Digest>,
    /// The registry group whose members may sign campaigns.
    pub campaign_owner_group: String,
    /// The registry group whose members may sign exceptions.
    pub exception_group: String,
    /// The registry group whose members sign the first version of a system, and later versions in place of an owner
    /// without an active key.
    pub system_group: String,
    /// The maximum number of governed files in one change; default [`DEFAULT_MAX_FILES_PER_CHANGE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_files_per_change: Option<u32>,
    /// The number of signatures that a review needs, by the highest tier among its decided items.
    pub thresholds: Thresholds,
    /// Limits on every plan.
    pub guardrails: Guardrails,
    /// Review requirements; default [`ReviewTerms::usual`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewTerms>,
    /// Requirements for exceptions on items without a response; default [`NoResponseTerms::usual`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_response: Option<NoResponseTerms>,
    /// Raised severities of findings: a code of `docs/codes.md`, and a severity that is higher than its usual one.
    #[serde(rename = "severity", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub severities: BTreeMap<String, Severity>,
    /// Requirements for exceptions by rating; default for a missing rating: [`ExceptionTerms::usual`].
    #[serde(rename = "exception", default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionTerms>,
}

impl Mandate {
    /// Raises the severities of findings whose codes it names. It never lowers one.
    pub fn raise(&self, findings: &mut [Finding]) {
        for finding in findings {
            let raised = self.severities.get(finding.code).copied().unwrap_or(finding.severity);
            finding.severity = finding.severity.min(raised);
        }
    }

    /// Returns the requirements for an exception of this rating.
    pub fn terms(&self, rating: Rating) -> ExceptionTerms {
        let own = self.exceptions.iter().find(|terms| terms.rating == rating);
        own.cloned().unwrap_or_else(|| ExceptionTerms::usual(rating, &self.exception_group))
    }

    /// Returns the maximum number of governed files in one change: at least the number needed to change the mandate.
    pub fn max_files_per_change(&self) -> u32 {
        self.max_files_per_change.unwrap_or(DEFAULT_MAX_FILES_PER_CHANGE).max(FEWEST_FILES)
    }

    /// Returns the review requirements.
    pub fn review_terms(&self) -> ReviewTerms {
        self.review.unwrap_or_else(ReviewTerms::usual)
    }
}

/// The default maximum number of governed files in one change. Opening a campaign over 100,000 items writes about 4,700
/// files for one stage.
pub const DEFAULT_MAX_FILES_PER_CHANGE: u32 = 10_000;
/// More than the number of files in a change of trust with all its signatures.
const FEWEST_FILES: u32 = 100;

/// The number of signatures by tier; the signers must be distinct principals.
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

impl Thresholds {
    /// Returns the number of signatures for a tier.
    pub fn at(&self, tier: Tier) -> usize {
        let count = match tier {
            Tier::T0 => self.t0,
            Tier::T1 => self.t1,
            Tier::T2 => self.t2,
            Tier::T3 => self.t3,
        };
        usize::try_from(count).unwrap_or(usize::MAX)
    }
}

/// Limits of every plan. All counts are of actions that remove access.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guardrails {
    /// The maximum number of removals in one run.
    pub max_removals_per_run: u32,
    /// The maximum number of removals on one system in one run.
    pub max_removals_per_system: u32,
    /// The maximum number of removals from principals of one owner in one run.
    pub max_removals_per_owner: u32,
    /// The maximum percentage of a system's grants removed in one run; checked when there are at least `percent_min_removals`
    /// removals.
    pub max_removal_percent: u32,
    /// The number of removals below which the percentage is not checked.
    pub percent_min_removals: u32,
    /// A plan is rejected if an inventory lost more than this percentage of its grants since the last run.
    pub max_inventory_shrink_percent: u32,
    /// Principals that no action may change, `<system>:<id>`: break-glass accounts and those of the engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
    /// Time windows without enforcement, `<from>/<until>` as two times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
}

impl Mandate {
    /// Returns the registry groups whose members may accept a risk.
    pub fn accepting(&self) -> BTreeSet<&str> {
        let terms = self.exceptions.iter().flat_map(|terms| &terms.approver_groups);
        let silence = self.no_response.iter().flat_map(|silence| &silence.approver_groups);
        [&self.exception_group].into_iter().chain(terms).chain(silence).map(String::as_str).collect()
    }

    /// Returns the requirements for exceptions on items without a response.
    pub fn no_response_terms(&self) -> NoResponseTerms {
        self.no_response.clone().unwrap_or(const { NoResponseTerms::usual() })
    }
}
