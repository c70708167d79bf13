//! `governance.toml`: the settings of a governed repository.

use crate::model::{Digest, Handle, RepoId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of a governed repository. This file makes a repository a governed one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// Always `tenure/governance/v1`.
    pub schema: String,
    /// The repository's own id, independent of its URL.
    pub repo: RepoId,
    /// The branch of reviewed decisions, usually `main`.
    pub branch: String,
    /// The active profiles, sorted. Profiles only tighten the rules of `policies/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Additional code owners of files that concern the whole repository, sorted: `@organization/team`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_owners: Vec<Handle>,
    /// The release of the engine that the workflows install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
}

/// A release of the engine and the runners of its jobs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Its version, such as `1.2.0`.
    pub version: String,
    /// The https URL of the program for Linux on x86-64.
    pub url: String,
    /// The digest of that program. No other program is started.
    pub digest: Digest,
    /// The label of the runners that reach the systems; default: the runners of GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The same release for runners with 64-bit ARM processors. Without it, such runners start no program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm64: Option<Build>,
}

impl Engine {
    /// Returns the digests of its programs.
    pub fn digests(&self) -> Vec<Digest> {
        std::iter::once(self.digest).chain(self.arm64.as_ref().map(|build| build.digest)).collect()
    }
}

/// A release of the engine for one processor architecture.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The https URL of the program.
    pub url: String,
    /// The digest of the program.
    pub digest: Digest,
}
