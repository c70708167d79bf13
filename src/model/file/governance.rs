//! `governance.toml`: what makes a repository a governed one.

use crate::model::{Digest, Handle, RepoId};
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
    /// Whom the forge asks for a review of what concerns everybody, beside the founders, sorted: `@organization/team`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_owners: Vec<Handle>,
    /// The release of the engine that the workflows install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A release of the engine, and where jobs run it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Its version, such as `1.2.0`.
    pub version: String,
    /// Where the program for Linux on x86-64 is downloaded from, over https.
    pub url: String,
    /// The digest of that program; nothing else is ever started.
    pub digest: Digest,
    /// The label of the runners that reach the systems; GitHub's own when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The same release for runners with 64-bit ARM processors; where there is none, they start nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm64: Option<Build>,
}

/// A release of the engine for one kind of processor.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Where the program is downloaded from, over https.
    pub url: String,
    /// The digest of the program.
    pub digest: Digest,
}
