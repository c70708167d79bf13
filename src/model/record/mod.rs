//! Evidence records: one closed schema for each kind, written as canonical JSON lines.
//!
//! Every record has `v`, `seq`, `prev`, `kind`, `run` and `t`, followed by the fields of its kind. A string has at most
//! 512 bytes and a line at most 16 KiB. Records never contain a body, a header, a query string or a secret.

mod kind;
mod merge_provenance;
mod payload;

pub use merge_provenance::{ForgeAccount, ForgeReport, MergeProvenance, PullRequest, ReviewApproval, ReviewState};
pub use payload::*;

use super::{RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// The maximum length of a line in bytes, without its line end.
pub const MAX_LINE: usize = 16 * 1024;
/// The maximum length of a string in a record, in bytes.
pub const MAX_STRING: usize = 512;

/// One record of the chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of the schema, 1.
    pub v: u32,
    /// The sequence number, from 0.
    pub seq: u64,
    /// The digest of the previous line, 64 hexadecimal digits; 64 zeros for the first record.
    pub prev: String,
    /// The run that wrote it.
    pub run: RunId,
    /// The time, by the engine's clock.
    pub t: Timestamp,
    /// The payload.
    #[serde(flatten)]
    pub entry: RecordPayload,
}

/// The prefix of the codes of `verify` findings on out-of-band changes, followed by: `listed` with the counts of a
/// compared system; `added`, `changed` or `removed` for a grant without a decision; `unknown` when the system could not
/// be listed.
pub const OUT_OF_BAND: &str = "out-of-band-";

/// The code of a finding of a verification: the target permits a request that no path known to the connector permits.
pub const MODEL_DISAGREES: &str = "model-disagrees";

/// The prefix of the codes of `verify` findings on separation of duties, followed by: `judged` with the counts; `held`
/// when a principal has both sides; `accepted` when a signed exception accepts that; `resolved` when no principal has
/// both sides any more.
pub const SOD_VIOLATION: &str = "sod-violation-";

/// Returns `text` truncated to the maximum length of a record's string, at a character boundary, without control
/// characters.
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
    fn record_round_trips() {
        let entry = RecordPayload::Finding(FindingRecorded { code: "c".into(), subject: "s".into(), text: "t".into() });
        let run = RunId::parse("01932b5e-7c00-7000-8000-000000000001").unwrap();
        let record = Record { v: 1, seq: 0, prev: Digest::ZERO.hex(), run, t: Timestamp::from_unix(0), entry };
        let line = jcs::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
        assert_eq!(record.entry.kind(), "finding");
        assert!(line.contains("\"kind\":\"finding\""), "{line}");
    }

    #[test]
    fn unknown_keys_are_rejected() {
        let line = r#"{"code":"c","kind":"finding","more":1,"prev":"0","run":"01932b5e-7c00-7000-8000-000000000001","seq":0,"subject":"s","t":"1970-01-01T00:00:00Z","text":"t","v":1}"#;
        assert!(serde_json::from_str::<Record>(line).is_err());
    }

    #[test]
    fn long_text_is_truncated_and_escaped() {
        let text = short(&format!("a\u{1b}[2J{}", "ä".repeat(600)));
        assert!(text.len() <= MAX_STRING && !text.contains('\u{1b}'));
    }
}
