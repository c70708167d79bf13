//! The kinds of records, and the payload of each. The schemas are closed: unknown fields are rejected.

use super::MergeProvenance;
use crate::model::{
    ActionId, CampaignId, Digest, GrantKey, ItemId, RunId, SystemId, Timestamp, VerificationLevel, Witness,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

super::kind::kinds! {
    /// An anchor was added: a cosignature or a timestamp token.
    Anchor(AnchorRecorded) = "anchor",
    /// An attempt at an action, when there is more than one.
    Attempt(AttemptRecorded) = "attempt",
    /// A manual change was attested.
    Attestation(AttestationRecorded) = "attestation",
    /// A campaign was closed.
    CampaignClose(CampaignClose) = "campaign.close",
    /// The job that read a system recorded its inventory.
    Collected(InventoryCollected) = "collected",
    /// A decision was verified and recorded.
    DecisionAccepted(DecisionAccepted) = "decision.accepted",
    /// A decision was rejected, for a reason with a stable code.
    DecisionRejected(DecisionRejected) = "decision.rejected",
    /// An exception was verified and recorded.
    Exception(ExceptionRecorded) = "exception",
    /// A finding of the engine.
    Finding(FindingRecorded) = "finding",
    /// The permission to execute one action, recorded before execution.
    Intent(IntentRecorded) = "intent",
    /// The engine's keys changed.
    KeyRotate(KeyRotate) = "key.rotate",
    /// The first record.
    LogGenesis(LogGenesis) = "log.genesis",
    /// The provenance of a merge that introduced decisions.
    Merge(MergeProvenance) = "merge",
    /// A reminder was sent.
    Notice(ReminderSent) = "notice",
    /// The result of an action.
    Outcome(OutcomeRecorded) = "outcome",
    /// A dangling intent of an earlier run was resolved by reading the target.
    Recover(RecoveryRecorded) = "recover",
    /// The end of a run.
    RunEnd(RunEnd) = "run.end",
    /// The beginning of a run.
    RunStart(RunStart) = "run.start",
    /// The result of a later read.
    Verification(VerificationRecorded) = "verification",
}

/// An operation on records of any kind, generic over the type of the payload.
pub trait RecordVisitor {
    /// The result of the operation.
    type Output;

    /// Runs the operation for this type; `payload` wraps a value of it.
    fn run<T: serde::de::DeserializeOwned>(self, payload: fn(T) -> RecordPayload) -> Self::Output;
}

impl RecordPayload {
    /// Returns the action that the record is about, if any.
    pub const fn action(&self) -> Option<&ActionId> {
        match self {
            Self::Attempt(AttemptRecorded { action, .. })
            | Self::Attestation(AttestationRecorded { action, .. })
            | Self::Intent(IntentRecorded { action, .. })
            | Self::Outcome(OutcomeRecorded { action, .. })
            | Self::Recover(RecoveryRecorded { action, .. })
            | Self::Verification(VerificationRecorded { action, .. }) => Some(action),
            _ => None,
        }
    }
}

/// See [`RecordPayload::Anchor`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorRecorded {
    /// The size of the log it covers.
    pub size: u64,
    /// The path of the anchor on the evidence branch.
    pub path: String,
    /// The digest of that file.
    pub digest: Digest,
}

/// See [`RecordPayload::Attempt`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptRecorded {
    /// The action.
    pub action: ActionId,
    /// The error class of the failed attempt.
    pub class: String,
    /// The message of the target, short.
    pub text: String,
}

/// See [`RecordPayload::Attestation`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationRecorded {
    /// The attested action.
    pub action: ActionId,
    /// The attestation's path on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The signers, sorted.
    pub signers: Vec<String>,
}

/// See [`RecordPayload::CampaignClose`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignClose {
    /// The campaign.
    pub campaign: CampaignId,
    /// The digest of its file.
    pub digest: Digest,
    /// The number of its items.
    pub items: u64,
    /// The number of items by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// The number of items that reviewers decided; items without a response are not included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_people: Option<u64>,
    /// The number of confirmed changes.
    pub confirmed: u64,
    /// The number of items kept by an exception.
    pub excepted: u64,
    /// The follow-up campaigns on changes since the opening, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed_by: Vec<CampaignId>,
}

/// See [`RecordPayload::Collected`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InventoryCollected {
    /// The system.
    pub system: SystemId,
    /// The end of the collection.
    pub observed_at: Timestamp,
    /// The number of grants.
    pub grants: u64,
    /// The digest of the grant files: lines of `<sha256>  grants/<kind>.jsonl`, sorted.
    pub grants_digest: Digest,
    /// The digest of `usage.jsonl`.
    pub usage: Digest,
    /// The immutable identity of the target, if it reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_identity: Option<String>,
}

/// See [`RecordPayload::DecisionAccepted`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionAccepted {
    /// The review file on the main branch, or the close of a stage for items without a response.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The digests of its signature files by path.
    pub signatures: BTreeMap<String, Digest>,
    /// The signers, sorted.
    pub signers: Vec<String>,
    /// The commit on the main branch that added it.
    pub commit: String,
    /// The version of the registry used for verification.
    pub registry: u32,
    /// The number of items that it decides.
    pub items: u64,
}

/// See [`RecordPayload::DecisionRejected`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRejected {
    /// The review file on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The reason, as a stable code.
    pub code: String,
}

/// See [`RecordPayload::Exception`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionRecorded {
    /// The exception's path on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The item whose access it keeps.
    pub item: ItemId,
    /// The end of validity.
    pub until: Timestamp,
}

/// See [`RecordPayload::Finding`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecorded {
    /// The finding's stable code.
    pub code: String,
    /// The subject.
    pub subject: String,
    /// The problem.
    pub text: String,
}

/// See [`RecordPayload::Intent`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentRecorded {
    /// The permitted action.
    pub action: ActionId,
    /// The digest of the plan with the action.
    pub plan: Digest,
    /// The system it changes.
    pub system: SystemId,
    /// The item.
    pub item: ItemId,
    /// The grant.
    pub grant: GrantKey,
    /// The digest the grant must still have.
    pub precondition: Digest,
    /// The verb of the change.
    pub verb: String,
    /// The requests that the target permitted before the change, to be asked again after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
}

/// See [`RecordPayload::KeyRotate`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRotate {
    /// The version of the root that names the new keys.
    pub root: u32,
    /// The new verifier key of the log.
    pub log_key: String,
    /// The new key of commits.
    pub commit_key: String,
}

/// See [`RecordPayload::LogGenesis`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGenesis {
    /// The repository whose evidence this is.
    pub repo: String,
    /// The log's origin, as in its checkpoints.
    pub origin: String,
    /// The digest of `trust/root/1.toml`.
    pub root: Digest,
}

/// See [`RecordPayload::Notice`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReminderSent {
    /// The id of the event. Each event is recorded once.
    pub id: String,
    /// The campaign.
    pub campaign: CampaignId,
    /// The stage, from 1.
    pub stage: u32,
    /// The event, as a stable word.
    pub event: String,
    /// The recipients, sorted.
    pub to: Vec<String>,
    /// The number of items.
    pub items: u64,
}

/// See [`RecordPayload::Outcome`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRecorded {
    /// The action.
    pub action: ActionId,
    /// The sequence number of its intent.
    pub intent: u64,
    /// The result.
    pub result: OutcomeKind,
    /// The error class, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The receipt or the reason, short.
    pub text: String,
    /// The credential that replaces the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<GrantKey>,
    /// The location of its secret, as named by the sink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposited: Option<String>,
}

/// The result of an action.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// The target was already in the wanted state.
    Already,
    /// The target accepted the calls.
    Applied,
    /// The grant differs from the reviewed one; no change was made.
    Drifted,
    /// The target refused, or the call failed; the run makes no further attempt.
    Failed,
    /// A person must make the change.
    Manual,
    /// The result is unknown; the next run reads the target first.
    Unknown,
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Already => "already",
            Self::Applied => "applied",
            Self::Drifted => "drifted",
            Self::Failed => "failed",
            Self::Manual => "manual",
            Self::Unknown => "unknown",
        })
    }
}

/// See [`RecordPayload::Recover`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRecorded {
    /// The action whose intent was dangling.
    pub action: ActionId,
    /// The sequence number of that intent.
    pub intent: u64,
    /// The run that left it.
    pub of: RunId,
    /// The result of reading the target.
    pub seen: VerificationKind,
    /// The details of the read, short.
    pub text: String,
}

/// See [`RecordPayload::RunEnd`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEnd {
    /// The number of actions by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// The number of actions by verification.
    pub verifications: BTreeMap<String, u64>,
    /// The exit code.
    pub exit: u8,
}

/// See [`RecordPayload::RunStart`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// `enforce` or `verify`.
    pub command: String,
    /// The enforced commit of the main branch.
    pub main: String,
    /// The digest of the plan; absent for a run that only reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// The digest over all governed files: lines of `<sha256>  <mode>  <path>`, sorted.
    pub manifest: Digest,
    /// The systems that the run holds. No other run may hold them at the same time.
    pub systems: Vec<SystemId>,
    /// The digest of the root in force.
    pub root: Digest,
    /// The digest of the mandate in force.
    pub mandate: Digest,
    /// The engine's version.
    pub engine: String,
    /// The maximum time for which the run holds its systems, in seconds.
    pub lease: u64,
    /// The number of records on which the plan is based.
    pub evidence: u64,
    /// Claims of the run's identity, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
}

/// See [`RecordPayload::Verification`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRecorded {
    /// The action.
    pub action: ActionId,
    /// The result of the read.
    pub result: VerificationKind,
    /// The strength of the verification.
    pub level: VerificationLevel,
    /// The remaining access paths, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The remaining paths that give less, of a lower tier, by grants that the inventory lists. They do not prevent a
    /// confirmation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// The answers of the target itself to the requests of the intent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerRecorded>,
    /// The known object that the same read found, or the reason when the read failed.
    pub probe: String,
}

/// The answer of the target to one request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRecorded {
    /// The request.
    pub request: String,
    /// The answer.
    pub answer: AnswerKind,
    /// The query to the target, or the reason why it could not be asked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// The kind of an answer of the target.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// It permits the request.
    Allowed,
    /// It could not be asked.
    CannotAsk,
    /// It denies the request.
    Denied,
}

/// The result of reading the target after an action.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerificationKind {
    /// The target is in the expected state.
    Confirmed,
    /// The principal still has the access, by a grant that a decision in force keeps.
    Kept,
    /// The right is removed, but an object opened under it remains.
    Lingering,
    /// The change is not made yet, such as an open work order.
    Pending,
    /// The access still exists, along the listed paths.
    StillPresent,
    /// The read was refused, truncated or inconsistent.
    Unknown,
}

impl VerificationKind {
    /// Returns whether nothing is left to do.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Confirmed | Self::Kept)
    }
}

impl fmt::Display for VerificationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirmed => "confirmed",
            Self::Kept => "kept",
            Self::Lingering => "lingering",
            Self::Pending => "pending",
            Self::StillPresent => "still present",
            Self::Unknown => "unknown",
        })
    }
}
