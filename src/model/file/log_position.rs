//! A position in the evidence log that a file on main carries, so that an older log is recognised.

use crate::model::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The size and the root of the evidence log when a file was written. A log that does not contain this position was rolled
/// back or replaced, and every command refuses it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogPosition {
    /// The number of records.
    pub size: u64,
    /// The Merkle root over them (RFC 6962), as in the checkpoint of that size.
    pub root: Digest,
}
