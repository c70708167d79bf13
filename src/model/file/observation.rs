//! `inventory/<system>/observation.toml`: the time, method and identity of an inventory collection.

use super::{LogPosition, files_digest};
use crate::model::{Digest, GrantKind, SystemId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The metadata of an inventory collection: the only inventory file that changes with every collection. An incomplete
/// collection is never written, so there is no field for it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Always `tenure/observation/v1`.
    pub schema: String,
    /// The system; equals the folder's name.
    pub system: SystemId,
    /// The connector.
    pub connector: String,
    /// The engine version.
    pub engine: String,
    /// The target and its version, as it reported them.
    pub target: String,
    /// The identity used for reading, as the target reported it.
    pub identity: String,
    /// The immutable identity of the target, if it reports one: that of the machine, cluster or account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_identity: Option<String>,
    /// The start of the collection, by the collector's clock.
    pub started_at: Timestamp,
    /// The end of the collection.
    pub observed_at: Timestamp,
    /// The number of calls.
    pub calls: u64,
    /// The digest of `usage.jsonl`.
    pub usage: Digest,
    /// Parts of the system that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blind_spots: Vec<String>,
    /// The position of the evidence log when the collection was written; absent while the log is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<LogPosition>,
    /// The listed kinds of grants, sorted.
    #[serde(rename = "kind", default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindCount>,
}

/// One kind of grant in an inventory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindCount {
    /// The kind; its file is `grants/<kind>.jsonl`.
    pub kind: GrantKind,
    /// The number of lines in that file.
    pub count: u64,
    /// The number of pages in the listing.
    pub pages: u64,
    /// The digest of that file.
    pub digest: Digest,
    /// The number of grants by an independent query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_total: Option<u64>,
    /// That query, in the target's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_source: Option<String>,
}

impl Observation {
    /// Returns the number of grants.
    pub fn grants(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// Returns the digest of the grant files: lines of `<sha256>  grants/<kind>.jsonl`, sorted by path.
    pub fn grants_digest(&self) -> Digest {
        let files: Vec<_> =
            self.kinds.iter().map(|kind| (format!("grants/{}.jsonl", kind.kind), kind.digest)).collect();
        files_digest(files.iter().map(|(path, digest)| (path.as_str(), *digest)))
    }
}
