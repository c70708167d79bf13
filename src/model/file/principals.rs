//! `principals.toml`: people and non-human identities across systems.

use crate::model::{Handle, PrincipalId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// People and non-human identities, and the accounts that are theirs.
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
    /// What kind of identity it is.
    pub kind: PrincipalKind,
    /// What the forge calls it, for routing alone; its account there is `github:<number>` among the accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<Handle>,
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
    /// Where it belongs: `prod`, `test` and such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The role or job of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// When the role, team or owner last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// The supplier it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The person inside who stands up for a supplier, an external or an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sponsor: Option<PrincipalId>,
    /// What else is known, by the names of the attributes that rules know: see `tenure policy attributes`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, AttributeValue>,
}

impl PrincipalRecord {
    /// Returns a principal who is here and has nothing.
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
            ends: None,
            environment: None,
            role: None,
            changed: None,
            vendor: None,
            sponsor: None,
            facts: BTreeMap::new(),
        }
    }
}

/// The value of one attribute.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no.
    Flag(bool),
    /// A number: of days, of things.
    Number(i64),
    /// A word.
    Text(String),
    /// Words.
    Texts(Vec<String>),
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
