//! `principals.toml`: people and non-human identities across systems.

use crate::model::{PrincipalId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// People and non-human identities, and the accounts that are theirs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Principals {
    /// Always `tenure/principals/v1`.
    pub schema: String,
    /// The principals, sorted by id.
    #[serde(rename = "principal", default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalEntry>,
}

/// One person or non-human identity.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrincipalEntry {
    /// The id used everywhere in the repository.
    pub id: PrincipalId,
    /// What kind of identity it is.
    pub kind: PrincipalKind,
    /// Whether it is still here.
    pub status: PrincipalStatus,
    /// The accounts that are it, `<system>:<immutable id>`, sorted.
    pub accounts: Vec<String>,
    /// The person who answers for a non-human identity; for a person, their manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PrincipalId>,
    /// Who stands in for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deputy: Option<PrincipalId>,
    /// The team it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The workload or integration a non-human identity serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// What it is for, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// When it ends: contract, project or employment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
}

/// What kind of identity a principal is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// An autonomous agent acting for a sponsor.
    Agent,
    /// Sealed emergency access.
    BreakGlass,
    /// This engine.
    Engine,
    /// A person.
    Person,
    /// A service, job or machine.
    Service,
    /// An account of a supplier.
    Vendor,
}

/// Whether a principal is still here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalStatus {
    /// Here.
    Active,
    /// Gone, or about to go.
    Left,
}
