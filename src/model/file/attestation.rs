//! Attestations of manual changes, and proofs that the control of an exception was tested.

use crate::model::{ActionId, Digest, PrincipalId, RepoId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `attestations/<action>.toml`: proof of a manual change, signed by the executor and a second person.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Always `tenure/attestation/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The completed action; equals the file's name.
    pub action: ActionId,
    /// The digest of the plan with the action.
    pub plan: Digest,
    /// The person who made the change.
    pub executor: PrincipalId,
    /// The person who checked the target afterwards; not the executor.
    pub witness: PrincipalId,
    /// The time of the change, as stated by the signers.
    pub done_at: Timestamp,
    /// The change, in the target's own terms.
    pub statement: String,
    /// The digest of supporting material (an export, a screenshot) that is kept elsewhere.
    pub proof: Digest,
}

/// `proofs/<exception>/<n>.toml`: proof that the compensating control of an exception was tested, signed by the tester.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Always `tenure/proof/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The exception; equals the folder's name.
    pub exception: PrincipalId,
    /// The digest of the exception's file.
    pub digest: Digest,
    /// The number of the proof, counted from 1; equals the file's name.
    pub number: u32,
    /// The person who tested the control and signs the file.
    pub by: PrincipalId,
    /// The time of the test, as stated by the signer.
    pub done_at: Timestamp,
    /// The result of the test.
    pub result: ProofResult,
    /// A description of the test and its observations, in a sentence.
    pub statement: String,
    /// The digest of supporting material (a log, an export) that is kept elsewhere.
    pub artifact: Digest,
}

/// The result of testing a compensating control.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProofResult {
    /// The control does not limit the harm: the exception is not valid.
    Failed,
    /// The control limits the harm as intended.
    Held,
}
