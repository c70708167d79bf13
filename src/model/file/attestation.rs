//! Attestations and proofs: what people sign about what they did.

use crate::model::{ActionId, Digest, PrincipalId, RepoId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `attestations/<action>.toml`: proof of a change made by hand; the executor and a second person sign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Always `tenure/attestation/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The action that was done; equals the file's name.
    pub action: ActionId,
    /// The digest of the plan that asked for it.
    pub plan: Digest,
    /// Who did it.
    pub executor: PrincipalId,
    /// Who looked at the target afterwards; not the executor.
    pub witness: PrincipalId,
    /// When it was done, as they say.
    pub done_at: Timestamp,
    /// What was done, in the target's words.
    pub statement: String,
    /// The digest of the proof (an export, a screenshot), kept elsewhere.
    pub proof: Digest,
}

/// `proofs/<exception>/<n>.toml`: that the control which makes up for an exception ran, signed by who ran it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Always `tenure/proof/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The exception; equals the folder's name.
    pub exception: PrincipalId,
    /// The digest of that exception's file.
    pub digest: Digest,
    /// 1 for the first, then one more each time; equals the file's name.
    pub number: u32,
    /// Who ran the control; they sign.
    pub by: PrincipalId,
    /// When, as they say.
    pub done_at: Timestamp,
    /// What came of it.
    pub result: ProofResult,
    /// What was done and seen, in a sentence.
    pub statement: String,
    /// The digest of what shows it (a log, an export), kept elsewhere.
    pub artefact: Digest,
}

/// What a run of a compensating control came to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProofResult {
    /// It does not limit the harm: the exception does not stand.
    Failed,
    /// It limits the harm as it should.
    Held,
}
