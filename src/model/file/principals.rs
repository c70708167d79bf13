//! `principals.toml`: people and non-human identities across systems.

use crate::model::{Handle, PrincipalId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// People and non-human identities, and their accounts.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Principals {
    /// Always `tenure/principals/v1`.
    pub schema: String,
    /// The principals, sorted by id.
    #[serde(rename = "principal", default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalRecord>,
}

/// One person or non-human identity.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrincipalRecord {
    /// The id used everywhere in the repository.
    pub id: PrincipalId,
    /// The kind of identity.
    pub kind: PrincipalKind,
    /// The handle on the Git host, used only for routing. The account there is `github:<number>` among the accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
    /// Whether the principal is active.
    pub status: PrincipalStatus,
    /// The accounts of the principal, `<system>:<immutable id>`, sorted.
    pub accounts: Vec<String>,
    /// The person responsible for a non-human identity; for a person, their manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PrincipalId>,
    /// The deputy of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deputy: Option<PrincipalId>,
    /// The team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The workload or integration of a non-human identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// The purpose, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The end date of the contract, project or employment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    /// The environment: `prod`, `test` and such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The role or job of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The time of the last change of role, team or owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_changed_on: Option<Timestamp>,
    /// The supplier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The internal person responsible for a supplier, an external or an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sponsor: Option<PrincipalId>,
    /// Further attributes, by the names that rules use; see `tenure policy attributes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeValue>,
}

impl PrincipalRecord {
    /// Returns an active principal without accounts or other data.
    pub fn new(id: PrincipalId, kind: PrincipalKind) -> Self {
        Self {
            id,
            kind,
            handle: None,
            status: PrincipalStatus::Active,
            accounts: Vec::new(),
            owner: None,
            deputy: None,
            team: None,
            workload: None,
            purpose: None,
            end_date: None,
            environment: None,
            role: None,
            role_changed_on: None,
            vendor: None,
            sponsor: None,
            attributes: BTreeMap::new(),
        }
    }
}

/// The value of one attribute.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// A Boolean.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
}

/// The kind of a principal.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// An autonomous agent acting for a sponsor.
    Agent,
    /// Sealed emergency access.
    BreakGlass,
    /// The Tenure engine.
    Engine,
    /// A person.
    Person,
    /// A service, job or machine.
    Service,
    /// An account of a supplier.
    Vendor,
}

/// Whether a principal is active.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalStatus {
    /// Active.
    Active,
    /// Departed, or about to depart.
    Left,
}
