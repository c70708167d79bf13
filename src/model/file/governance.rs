//! `governance.toml`: what makes a repository a governed one.

use crate::model::RepoId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What makes a repository a governed one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Always `tenure/governance/v1`.
    pub schema: String,
    /// The repository's own id, whatever its URL is today.
    pub repo: RepoId,
    /// The branch of reviewed decisions, usually `main`.
    pub branch: String,
    /// The branch of evidence, usually `evidence`.
    pub evidence: String,
    /// The profiles that are on, sorted: they make the rules of `policies/` stricter, and nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}
