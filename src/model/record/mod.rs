//! Records of evidence: one closed schema for each kind, written as canonical JSON lines.
//!
//! Every record has `v`, `seq`, `prev`, `kind`, `run` and `t`, and then what its kind says. Strings hold at most 512
//! bytes, a line at most 16 KiB, and never a body, a header, a query string or a secret.

mod merge_provenance;
mod payload;

pub use merge_provenance::{ForgeAccount, ForgeReport, MergeProvenance, PullRequest, ReviewApproval, ReviewState};
pub use payload::{
    AnchorRecorded, AttemptRecorded, AttestationRecorded, CampaignClose, DecisionAccepted, DecisionRejected,
    ExceptionRecorded, FindingRecorded, IntentRecorded, KeyRotate, LogGenesis, OutcomeKind, OutcomeRecorded,
    RecoveryRecorded, ReminderSent, RunEnd, RunStart, VerificationKind, VerificationRecorded,
};

use super::{ActionId, RunId, Timestamp};
use serde::{Deserialize, Serialize};

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
    pub entry: RecordPayload,
}

/// What is recorded, by kind.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum RecordPayload {
    /// An anchor was added: a cosignature or a timestamp token.
    #[serde(rename = "anchor")]
    Anchor(AnchorRecorded),
    /// A try at an action, when there is more than one.
    #[serde(rename = "attempt")]
    Attempt(AttemptRecorded),
    /// A change made by hand was attested.
    #[serde(rename = "attestation")]
    Attestation(AttestationRecorded),
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
    Exception(ExceptionRecorded),
    /// A finding of the engine itself.
    #[serde(rename = "finding")]
    Finding(FindingRecorded),
    /// The permission to do one action, recorded before anything is done.
    #[serde(rename = "intent")]
    Intent(IntentRecorded),
    /// The engine's keys changed.
    #[serde(rename = "key.rotate")]
    KeyRotate(KeyRotate),
    /// The first record.
    #[serde(rename = "log.genesis")]
    LogGenesis(LogGenesis),
    /// What the forge told of the merge that brought decisions.
    #[serde(rename = "merge")]
    Merge(MergeProvenance),
    /// People were told what a campaign waits for.
    #[serde(rename = "notice")]
    Notice(ReminderSent),
    /// What happened.
    #[serde(rename = "outcome")]
    Outcome(OutcomeRecorded),
    /// A dangling intent of an earlier run was looked into, by reading the target.
    #[serde(rename = "recover")]
    Recover(RecoveryRecorded),
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

impl RecordPayload {
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
            Self::Merge(_) => "merge",
            Self::Notice(_) => "notice",
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

/// What the code of a finding of `verify` begins with: then `listed` with the counts of a system that was compared,
/// `added`, `changed` or `removed` for a grant nobody decided on, `unknown` where the system could not be listed.
pub const OUT_OF_BAND: &str = "out-of-band-";

/// What the code of a finding of `verify` about a toxic pair begins with: then `judged` with the counts, `held` where
/// somebody has both sides, `accepted` where a signed exception accepts that, `resolved` where nobody has them any more.
pub const TOXIC_PAIR: &str = "toxic-pair-";

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
    use crate::model::{Digest, jcs};

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let entry = RecordPayload::Finding(FindingRecorded { code: "c".into(), subject: "s".into(), text: "t".into() });
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
