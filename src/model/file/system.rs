//! `systems/<system>.toml`: a system, how it is reached, and who answers for it.

use crate::model::{PrincipalId, SystemId, Tier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A system that holds access. No secrets: only names of environment variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Always `tenure/system/v1`.
    pub schema: String,
    /// The id; equals the file's name.
    pub system: SystemId,
    /// The connector that speaks to it: `hosts`, `postgres`, `aws-iam`.
    pub connector: String,
    /// Who answers for it, and reviews what has no owner.
    pub owner: PrincipalId,
    /// Who stands in for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deputy: Option<PrincipalId>,
    /// The least tier of everything on it.
    pub tier: Tier,
    /// The environment it is in: `prod`, `test` and such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Who makes changes.
    pub remediation: Remediation,
    /// What the connector needs to know; its keys are the connector's own.
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub settings: toml::Table,
    /// Where new secrets go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sink: Option<SinkSettings>,
}

/// Who makes changes on a system.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Remediation {
    /// The engine.
    Automatic,
    /// A person, who then attests.
    Manual,
    /// Nobody: differences are findings.
    ReportOnly,
}

/// Where new secrets go.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkSettings {
    /// `age`: a file encrypted to recipients.
    pub kind: String,
    /// The recipients, `age1…` or `ssh-ed25519 …`.
    pub recipients: Vec<String>,
    /// The directory the files go to; relative to the repository's root.
    pub directory: String,
}
