//! Records of evidence: one closed schema for each kind, written as canonical JSON lines.
//!
//! Every record has `v`, `seq`, `prev`, `kind`, `run` and `t`, and then what its kind says. Strings hold at most 512
//! bytes, a line at most 16 KiB, and never a body, a header, a query string or a secret.

use super::{ActionId, CampaignId, Digest, GrantKey, ItemId, Level, RunId, SystemId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The longest line, in bytes, without its line end.
pub const MAX_LINE: usize = 16 * 1024;
/// The longest string in a record, in bytes.
pub const MAX_STRING: usize = 512;

/// One record at its place in the chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of the schema, 1.
    pub v: u32,
    /// The place in the log, from 0.
    pub seq: u64,
    /// The digest of the line before, 64 hexadecimal digits; 64 zeros for the first.
    pub prev: String,
    /// The run that wrote it.
    pub run: RunId,
    /// When, as the engine's clock claims.
    pub t: Timestamp,
    /// What is recorded.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What is recorded, by kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Entry {
    /// An anchor was added: a cosignature or a timestamp token.
    #[serde(rename = "anchor")]
    Anchor(Anchor),
    /// A try at an action, when there is more than one.
    #[serde(rename = "attempt")]
    Attempt(Attempt),
    /// A change made by hand was attested.
    #[serde(rename = "attestation")]
    Attestation(AttestationSeen),
    /// A campaign was closed.
    #[serde(rename = "campaign.close")]
    CampaignClose(CampaignClose),
    /// A decision was found valid and taken up.
    #[serde(rename = "decision.accepted")]
    DecisionAccepted(DecisionAccepted),
    /// A decision was refused, for a reason with a stable code.
    #[serde(rename = "decision.rejected")]
    DecisionRejected(DecisionRejected),
    /// An exception was found valid and taken up.
    #[serde(rename = "exception")]
    Exception(ExceptionSeen),
    /// A finding of the engine itself.
    #[serde(rename = "finding")]
    Finding(FindingSeen),
    /// The permission to do one action, recorded before anything is done.
    #[serde(rename = "intent")]
    Intent(IntentRecorded),
    /// The engine's keys changed.
    #[serde(rename = "key.rotate")]
    KeyRotate(KeyRotate),
    /// The first record.
    #[serde(rename = "log.genesis")]
    LogGenesis(LogGenesis),
    /// What happened.
    #[serde(rename = "outcome")]
    Outcome(OutcomeRecorded),
    /// A dangling intent of an earlier run was looked into, by reading the target.
    #[serde(rename = "recover")]
    Recover(Recovered),
    /// The end of a run.
    #[serde(rename = "run.end")]
    RunEnd(RunEnd),
    /// The beginning of a run.
    #[serde(rename = "run.start")]
    RunStart(RunStart),
    /// What a later read says.
    #[serde(rename = "verification")]
    Verification(VerificationRecorded),
}

/// See [`Entry::Anchor`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The size of the log it covers.
    pub size: u64,
    /// The path of the anchor on the evidence branch.
    pub path: String,
    /// The digest of that file.
    pub digest: Digest,
}

/// See [`Entry::Attempt`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The action.
    pub action: ActionId,
    /// The class of the error that ended the try.
    pub class: String,
    /// What the target said, short.
    pub text: String,
}

/// See [`Entry::Attestation`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationSeen {
    /// The action attested.
    pub action: ActionId,
    /// The attestation's path on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Who signed, sorted.
    pub signers: Vec<String>,
}

/// See [`Entry::CampaignClose`].
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
    /// How many changes were confirmed.
    pub confirmed: u64,
    /// How many stand by exception.
    pub excepted: u64,
}

/// See [`Entry::DecisionAccepted`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionAccepted {
    /// The review file on the main branch.
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

/// See [`Entry::DecisionRejected`].
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

/// See [`Entry::Exception`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionSeen {
    /// The exception's path on the main branch.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The item it lets stand.
    pub item: ItemId,
    /// Until when.
    pub until: Timestamp,
}

/// See [`Entry::Finding`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingSeen {
    /// The finding's stable code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub text: String,
}

/// See [`Entry::Intent`].
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

/// See [`Entry::KeyRotate`].
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

/// See [`Entry::LogGenesis`].
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

/// See [`Entry::Outcome`].
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

/// See [`Entry::Recover`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovered {
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

/// See [`Entry::RunEnd`].
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

/// See [`Entry::RunStart`].
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

/// See [`Entry::Verification`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRecorded {
    /// The action.
    pub action: ActionId,
    /// What the read says.
    pub result: VerificationKind,
    /// How much the read is worth.
    pub level: Level,
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

impl Entry {
    /// Returns the kind as it is written.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Anchor(_) => "anchor",
            Self::Attempt(_) => "attempt",
            Self::Attestation(_) => "attestation",
            Self::CampaignClose(_) => "campaign.close",
            Self::DecisionAccepted(_) => "decision.accepted",
            Self::DecisionRejected(_) => "decision.rejected",
            Self::Exception(_) => "exception",
            Self::Finding(_) => "finding",
            Self::Intent(_) => "intent",
            Self::KeyRotate(_) => "key.rotate",
            Self::LogGenesis(_) => "log.genesis",
            Self::Outcome(_) => "outcome",
            Self::Recover(_) => "recover",
            Self::RunEnd(_) => "run.end",
            Self::RunStart(_) => "run.start",
            Self::Verification(_) => "verification",
        }
    }

    /// Returns the action it is about, if it is about one.
    pub const fn action(&self) -> Option<&ActionId> {
        match self {
            Self::Attempt(Attempt { action, .. })
            | Self::Attestation(AttestationSeen { action, .. })
            | Self::Intent(IntentRecorded { action, .. })
            | Self::Outcome(OutcomeRecorded { action, .. })
            | Self::Recover(Recovered { action, .. })
            | Self::Verification(VerificationRecorded { action, .. }) => Some(action),
            _ => None,
        }
    }
}

/// What the code of a finding of `verify` begins with: then `listed` with the counts of a system that was compared,
/// `added`, `changed` or `removed` for a grant nobody decided on, `unknown` where the system could not be listed.
pub const OUT_OF_BAND: &str = "out-of-band-";

/// Returns `text` cut to what a record's string may hold, at a character's border, without control characters.
pub fn short(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(MAX_STRING));
    for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if kept.len() + character.len_utf8() > MAX_STRING {
            break;
        }
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::jcs;

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let entry = Entry::Finding(FindingSeen { code: "c".into(), subject: "s".into(), text: "t".into() });
        let run = RunId::parse("01932b5e-7c00-7000-8000-000000000001").unwrap();
        let record = Record { v: 1, seq: 0, prev: Digest::ZERO.hex(), run, t: Timestamp::from_unix(0), entry };
        let line = jcs::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
        assert_eq!(record.entry.kind(), "finding");
        assert!(line.contains("\"kind\":\"finding\""), "{line}");
    }

    #[test]
    fn unknown_keys_are_refused() {
        let line = r#"{"code":"c","kind":"finding","more":1,"prev":"0","run":"01932b5e-7c00-7000-8000-000000000001","seq":0,"subject":"s","t":"1970-01-01T00:00:00Z","text":"t","v":1}"#;
        assert!(serde_json::from_str::<Record>(line).is_err());
    }

    #[test]
    fn long_and_hostile_texts_are_cut() {
        let text = short(&format!("a\u{1b}[2J{}", "ä".repeat(600)));
        assert!(text.len() <= MAX_STRING && !text.contains('\u{1b}'));
    }
}
