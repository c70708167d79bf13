//! What each kind of record holds: a closed schema, so that nothing can be slipped in.

use crate::model::{ActionId, CampaignId, Digest, GrantKey, ItemId, RunId, SystemId, Timestamp, VerificationLevel};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// See [`super::RecordPayload::Anchor`].
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

/// See [`super::RecordPayload::Attempt`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptRecorded {
    /// The action.
    pub action: ActionId,
    /// The class of the error that ended the try.
    pub class: String,
    /// What the target said, short.
    pub text: String,
}

/// See [`super::RecordPayload::Attestation`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationRecorded {
    /// The action attested.
    pub action: ActionId,
    /// The attestation's path on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Who signed, sorted.
    pub signers: Vec<String>,
}

/// See [`super::RecordPayload::CampaignClose`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignClose {
    /// The campaign.
    pub campaign: CampaignId,
    /// The digest of its file.
    pub digest: Digest,
    /// How many items it had.
    pub items: u64,
    /// How many by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// How many items people decided; what silence came to is never among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_people: Option<u64>,
    /// How many changes were confirmed.
    pub confirmed: u64,
    /// How many stand by exception.
    pub excepted: u64,
    /// The campaigns that put to review what changed meanwhile, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed_by: Vec<CampaignId>,
}

/// See [`super::RecordPayload::DecisionAccepted`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionAccepted {
    /// The review file on the main branch, or the close of a stage, which decides by silence.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The digests of its signature files by path.
    pub signatures: BTreeMap<String, Digest>,
    /// Who signed, sorted.
    pub signers: Vec<String>,
    /// The commit on the main branch that brought it.
    pub commit: String,
    /// The version of the registry that judged it.
    pub registry: u32,
    /// How many items it decides.
    pub items: u64,
}

/// See [`super::RecordPayload::DecisionRejected`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRejected {
    /// The review file on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Why, as a stable code.
    pub code: String,
}

/// See [`super::RecordPayload::Exception`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionRecorded {
    /// The exception's path on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The item it lets stand.
    pub item: ItemId,
    /// Until when.
    pub until: Timestamp,
}

/// See [`super::RecordPayload::Finding`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRecorded {
    /// The finding's stable code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub text: String,
}

/// See [`super::RecordPayload::Intent`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntentRecorded {
    /// The action permitted.
    pub action: ActionId,
    /// The digest of the plan that has it.
    pub plan: Digest,
    /// The system it changes.
    pub system: SystemId,
    /// The item decided.
    pub item: ItemId,
    /// The grant.
    pub grant: GrantKey,
    /// The digest the grant must still have.
    pub precondition: Digest,
    /// The verb of the change.
    pub verb: String,
}

/// See [`super::RecordPayload::KeyRotate`].
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

/// See [`super::RecordPayload::LogGenesis`].
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

/// See [`super::RecordPayload::Notice`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReminderSent {
    /// What is told apart from all other notices: the same event is told once.
    pub id: String,
    /// The campaign.
    pub campaign: CampaignId,
    /// The stage, from 1.
    pub stage: u32,
    /// What happened, as a stable word.
    pub event: String,
    /// Who was told, sorted.
    pub to: Vec<String>,
    /// How many items it is about.
    pub items: u64,
}

/// See [`super::RecordPayload::Outcome`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeRecorded {
    /// The action.
    pub action: ActionId,
    /// The sequence number of its intent.
    pub intent: u64,
    /// What happened.
    pub result: OutcomeKind,
    /// The class of the error, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The receipt or the reason, short.
    pub text: String,
    /// The credential that took the old one's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<GrantKey>,
    /// Where its secret was kept, as the sink names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposited: Option<String>,
}

/// What happened to an action.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeKind {
    /// The target was in the wanted state before.
    Already,
    /// The target took the calls.
    Applied,
    /// The grant is not as reviewed; nothing was done.
    Drifted,
    /// The target refused, or the call failed; nothing more is tried in this run.
    Failed,
    /// A person has to do it.
    Manual,
    /// Nobody knows; the next run looks first.
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

/// See [`super::RecordPayload::Recover`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryRecorded {
    /// The action whose intent was dangling.
    pub action: ActionId,
    /// The sequence number of that intent.
    pub intent: u64,
    /// The run that left it.
    pub of: RunId,
    /// What the target says now.
    pub seen: VerificationKind,
    /// What the read showed, short.
    pub text: String,
}

/// See [`super::RecordPayload::RunEnd`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEnd {
    /// How many actions by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// How many by verification.
    pub verifications: BTreeMap<String, u64>,
    /// The exit code.
    pub exit: u8,
}

/// See [`super::RecordPayload::RunStart`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// `enforce` or `verify`.
    pub command: String,
    /// The commit of the main branch that is enforced.
    pub main: String,
    /// The digest of the plan; absent for a run that only reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Digest>,
    /// The digest over all governed files: lines of `<sha256>  <mode>  <path>`, sorted.
    pub manifest: Digest,
    /// The systems this run holds; no other run may hold them at the same time.
    pub systems: Vec<SystemId>,
    /// The digest of the root in force.
    pub root: Digest,
    /// The digest of the mandate in force.
    pub mandate: Digest,
    /// The engine's version.
    pub engine: String,
    /// How long the run holds its systems at most, in seconds.
    pub lease: u64,
    /// The number of records before this run that the plan was computed from.
    pub evidence: u64,
    /// Claims of the identity the run had where it ran, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
}

/// See [`super::RecordPayload::Verification`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRecorded {
    /// The action.
    pub action: ActionId,
    /// What the read says.
    pub result: VerificationKind,
    /// How much the read is worth.
    pub level: VerificationLevel,
    /// The paths by which the access survives, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// What known thing the same read found; the reason where nothing could be read.
    pub probe: String,
}

/// What a read says of an action.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerificationKind {
    /// The target shows what was expected.
    Confirmed,
    /// The right is gone, something opened under it lives on.
    Lingering,
    /// The access is still there, along the paths named.
    StillPresent,
    /// The read was refused, cut short or inconsistent.
    Unknown,
}

impl fmt::Display for VerificationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirmed => "confirmed",
            Self::Lingering => "lingering",
            Self::StillPresent => "still present",
            Self::Unknown => "unknown",
        })
    }
}
