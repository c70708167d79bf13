//! Verifies the cosignatures of witnesses: each must match a Merkle root of this log and a witness named in the root of
//! trust.

use super::{DefectCode, EngineKeyHistory, EvidenceDefect, layout::MAX_SMALL};
use crate::{
    format::{checkpoint::Checkpoint, note::SignedNote},
    git::{GitError, ObjectId, Repository},
    model::{Digest, Timestamp},
};
use std::collections::BTreeMap;

/// Checks every `anchors/<size>.cosig` in the tree of `head`, and returns the last time at which the required number of
/// witnesses had cosigned. If the root names no witnesses, no cosignature is read.
pub(super) fn check(
    repository: &Repository,
    head: ObjectId,
    keys: &EngineKeyHistory,
    origin: Option<&str>,
    roots: &BTreeMap<u64, Digest>,
    defects: &mut Vec<EvidenceDefect>,
) -> Result<Option<Timestamp>, GitError> {
    let (threshold, _) = keys.witnesses();
    let mut newest = None;
    if threshold == 0 {
        return Ok(newest);
    }
    for file in repository.list(head, "anchors")?.files {
        let Some(size) = file.path.strip_prefix("anchors/").and_then(|name| name.strip_suffix(".cosig")) else {
            continue;
        };
        let bytes = match repository.blob(file.id, MAX_SMALL) {
            Err(GitError::BlobTooLarge { .. }) => Vec::new(),
            read => read?,
        };
        match verify_cosignatures(&bytes, size.parse().ok(), keys, origin, roots) {
            Ok(seen) => newest = newest.max(Some(seen)),
            Err((code, message)) => defects.push(EvidenceDefect::new(code, &file.path, message)),
        }
    }
    Ok(newest)
}

/// Returns the time at which enough witnesses had cosigned.
fn verify_cosignatures(
    bytes: &[u8],
    size: Option<u64>,
    keys: &EngineKeyHistory,
    origin: Option<&str>,
    roots: &BTreeMap<u64, Digest>,
) -> Result<Timestamp, (DefectCode, String)> {
    let text = std::str::from_utf8(bytes).map_err(|error| (DefectCode::CosignatureMalformed, error.to_string()))?;
    let note = SignedNote::parse(text).map_err(|error| (DefectCode::CosignatureMalformed, error.to_string()))?;
    let seen = Checkpoint::parse(note.text()).map_err(|error| (DefectCode::CosignatureMalformed, error.to_string()))?;
    let mismatch = |message: String| Err((DefectCode::CosignatureMismatch, message));
    if Some(seen.origin.as_str()) != origin {
        return mismatch(format!("it is of the log `{}`", seen.origin));
    }
    if Some(seen.size) != size {
        return mismatch(format!("it is of {} records", seen.size));
    }
    if roots.get(&seen.size) != Some(&seen.root) {
        return mismatch(format!(
            "its witnesses cosigned the root {} over {} records, which this log never had",
            seen.root, seen.size
        ));
    }
    let (threshold, witnesses) = keys.witnesses();
    let mut signed = Vec::with_capacity(witnesses.len());
    for witness in witnesses {
        let cosigned = witness.verify(&note);
        signed.extend(cosigned.map_err(|error| (DefectCode::CosignatureSignature, error.to_string()))?);
    }
    // The time of the last required witness, with the most recent cosignatures first.
    signed.sort_unstable();
    let enough = signed.iter().rev().nth(threshold - 1).and_then(|seconds| i64::try_from(*seconds).ok());
    let refuse =
        || (DefectCode::CosignatureSignature, format!("{} of {threshold} witnesses have cosigned it", signed.len()));
    enough.map(Timestamp::from_unix).ok_or_else(refuse)
}
