//! `inventory/<system>/observation.toml`: when, how and by whom an inventory was collected.

use crate::model::{Digest, GrantKind, SystemId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When, how and by whom an inventory was collected: the only file that changes each time. A collection that is not
/// whole is not written, so there is no field to say so.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Always `tenure/observation/v1`.
    pub schema: String,
    /// The system; equals the folder's name.
    pub system: SystemId,
    /// The connector that read it.
    pub connector: String,
    /// The engine that read it.
    pub engine: String,
    /// The target and its version, as it said.
    pub target: String,
    /// The identity it was read with, as the target said.
    pub identity: String,
    /// When the read began, as the collector's clock claims.
    pub started_at: Timestamp,
    /// When the read ended.
    pub observed_at: Timestamp,
    /// How many calls it took.
    pub calls: u64,
    /// The digest of `usage.jsonl`.
    pub usage: Digest,
    /// What could not be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blind_spots: Vec<String>,
    /// Each kind of grant that was listed, sorted.
    #[serde(rename = "kind", default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindCount>,
}

/// One kind of grant in an inventory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindCount {
    /// The kind; its file is `grants/<kind>.jsonl`.
    pub kind: GrantKind,
    /// How many lines that file has.
    pub count: u64,
    /// How many pages the listing took.
    pub pages: u64,
    /// The digest of that file.
    pub digest: Digest,
    /// How many there are by an independent query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_total: Option<u64>,
    /// That query, in the target's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_source: Option<String>,
}
