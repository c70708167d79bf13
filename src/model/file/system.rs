//! `systems/<system>/N.toml`: a version of a system, its connector settings, and its owner.

use crate::model::{PrincipalId, RepoId, SystemId, Tier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of a system that holds access. The file contains no secrets, only names of environment variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Always `tenure/system/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The id; equals the folder's name.
    pub system: SystemId,
    /// The version, counted from 1; equals the file's name.
    pub version: u32,
    /// The digest of the previous version, or `none` for version 1.
    pub prev: String,
    /// Whether the system is out of use. No further campaign reviews it, and no version follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<bool>,
    /// The name of the connector.
    pub connector: String,
    /// The person responsible for the system, who reviews items without an owner.
    pub owner: PrincipalId,
    /// The deputy of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deputy: Option<PrincipalId>,
    /// The lowest tier of all access on the system.
    pub tier: Tier,
    /// The environment: `prod`, `test` and such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The identity of the target, as `tenure collect` reports it. Another machine, cluster or account at the same
    /// address is refused. Without this key, the identity in the last inventory counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The way of making changes.
    pub remediation: Remediation,
    /// The settings of the connector; the keys depend on the connector.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub settings: toml::Table,
    /// The destination of new secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sink: Option<SinkSettings>,
}

impl System {
    /// Returns the path of the file.
    pub fn path(&self) -> String {
        format!("systems/{}/{}.toml", self.system, self.version)
    }

    /// Returns whether the system is out of use.
    pub fn is_retired(&self) -> bool {
        self.retired == Some(true)
    }
}

/// The way of making changes on a system.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Remediation {
    /// The engine makes changes.
    Automatic,
    /// A person makes changes and attests them.
    Manual,
    /// No changes are made: differences are reported as findings.
    ReportOnly,
}

/// The destination of new secrets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkSettings {
    /// The kind of destination. `age`: a file encrypted to recipients.
    pub kind: String,
    /// The recipients, `age1…` or `ssh-ed25519 …`.
    pub recipients: Vec<String>,
    /// The directory of the files, relative to the root of the repository.
    pub directory: String,
}
