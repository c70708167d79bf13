//! Paths of the files on the evidence branch.

use crate::model::{Digest, RunId, Timestamp};
use std::fmt;

/// The signed note over the root of all records.
pub const CHECKPOINT: &str = "checkpoint";
/// The digests of all segments, in the format of `sha256sum`.
pub const SEGMENTS: &str = "segments.sha256";
/// The signature of [`SEGMENTS`].
pub const SEGMENTS_SIGNATURE: &str = "segments.sha256.sig";
/// The ref of a clone that stores the last commit seen on the remote's branch.
pub const REMEMBERED: &str = "refs/tenure/evidence";
/// The maximum size of a segment in bytes.
pub const MAX_SEGMENT: u64 = 64 << 20;
/// The maximum size of a blob in bytes.
pub const MAX_BLOB: u64 = 16 << 20;
/// The maximum size of a signature, a checkpoint or an anchor in bytes.
pub const MAX_SMALL: u64 = 64 << 10;

/// The meaning of a path on the branch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EvidencePath {
    /// A cosignature or a timestamp.
    Anchor,
    /// A blob with this digest.
    Blob(Digest),
    /// The checkpoint, the list of segments or its signature: replaced with each commit.
    Head,
    /// A segment.
    Segment(SegmentName),
}

impl EvidencePath {
    /// Returns the meaning of `path`; `None` for an unexpected path.
    pub fn of(path: &str) -> Option<Self> {
        match path.split_once('/') {
            None => [CHECKPOINT, SEGMENTS, SEGMENTS_SIGNATURE].contains(&path).then_some(Self::Head),
            Some(("anchors", name)) => is_anchor(name).then_some(Self::Anchor),
            Some(("blobs", _)) => blob_digest(path).map(Self::Blob),
            Some(("log", _)) => SegmentName::parse(path).map(Self::Segment),
            Some(_) => None,
        }
    }
}

/// Returns the path of the blob with this digest.
pub fn blob_path(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("blobs/sha256/{}/{}", &hex[..2], &hex[2..])
}

fn blob_digest(path: &str) -> Option<Digest> {
    let hex: String = path.strip_prefix("blobs/sha256/")?.split('/').collect();
    Digest::parse_hex(&hex).ok().filter(|digest| blob_path(digest) == path)
}

fn is_anchor(name: &str) -> bool {
    name.split_once('.').is_some_and(|(size, kind)| {
        size.len() == 12
            && size.bytes().all(|byte| byte.is_ascii_digit())
            && ["cosig", "sigstore.json", "tsr"].contains(&kind)
    })
}

/// The name of a segment: the time and run of its writing, and the sequence number of its first record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SegmentName {
    year: String,
    month: String,
    first: u64,
    run: RunId,
    phase: String,
}

impl SegmentName {
    /// Returns the name of the segment that `run` writes at this time as its `nth` (from 0), starting with record
    /// `first`.
    pub fn new(time: Timestamp, first: u64, run: &RunId, nth: u32) -> Self {
        let time = time.to_string();
        let (year, month) = (time[..4].to_owned(), time[5..7].to_owned());
        Self { year, month, first, run: run.clone(), phase: letters(nth) }
    }

    /// Parses a path; `None` when it is not in canonical form.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("log/")?.strip_suffix(".jsonl")?.splitn(3, '/');
        let (year, month, name) = (parts.next()?, parts.next()?, parts.next()?);
        let (first, rest) = name.split_once('-')?;
        let (run, phase) = rest.rsplit_once('-')?;
        let number = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        let phased = (1..=6).contains(&phase.len()) && phase.bytes().all(|byte| byte.is_ascii_lowercase());
        if !number(year, 4) || !number(month, 2) || !number(first, 12) || !phased {
            return None;
        }
        Some(Self {
            year: year.to_owned(),
            month: month.to_owned(),
            first: first.parse().ok()?,
            run: RunId::parse(run).ok()?,
            phase: phase.to_owned(),
        })
    }

    /// Returns the sequence number of its first record.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Returns the run that wrote it.
    pub const fn run(&self) -> &RunId {
        &self.run
    }

    /// Returns its phase: `a` for the first segment of its run.
    pub fn phase(&self) -> &str {
        &self.phase
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, first, run, phase } = self;
        write!(f, "log/{year}/{month}/{first:012}-{run}-{phase}.jsonl")
    }
}

/// Counts like the columns of a spreadsheet: a … z, aa, ab …
fn letters(nth: u32) -> String {
    let mut number = nth;
    let mut text = Vec::new();
    loop {
        text.push(char::from(b"abcdefghijklmnopqrstuvwxyz"[(number % 26) as usize]));
        if number < 26 {
            return text.iter().rev().collect();
        }
        number = number / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_has_one_name() {
        let run = RunId::parse("01932b5e-7c00-7000-8000-000000000001").unwrap();
        let name = SegmentName::new(Timestamp::parse("2026-11-23").unwrap(), 4, &run, 1);
        let path = "log/2026/11/000000000004-01932b5e-7c00-7000-8000-000000000001-b.jsonl";
        assert_eq!(name.to_string(), path);
        assert_eq!(EvidencePath::of(path), Some(EvidencePath::Segment(name)));
        for other in [
            "log/2026/11/4-01932b5e-7c00-7000-8000-000000000001-b.jsonl",
            "log/2026/1/000000000004-01932b5e-7c00-7000-8000-000000000001-b.jsonl",
            "log/2026/11/000000000004-01932b5e-7c00-7000-8000-000000000001-B.jsonl",
            "log/2026/11/000000000004-01932b5e-7c00-7000-8000-000000000001-b.jsonl/x",
            "log/2026/11/x/000000000004-01932b5e-7c00-7000-8000-000000000001-b.jsonl",
            "log/2026/11/+00000000004-01932b5e-7c00-7000-8000-000000000001-b.jsonl",
        ] {
            assert_eq!(EvidencePath::of(other), None, "{other}");
        }
    }

    #[test]
    fn phases_continue_after_z() {
        let named: Vec<_> = [0, 25, 26, 51, 52, 701, 702].map(letters).into();
        assert_eq!(named, ["a", "z", "aa", "az", "ba", "zz", "aaa"]);
    }

    #[test]
    fn unexpected_paths_are_rejected() {
        let digest = Digest::of(b"x");
        assert_eq!(EvidencePath::of(&blob_path(&digest)), Some(EvidencePath::Blob(digest)));
        assert_eq!(EvidencePath::of("anchors/000000000007.cosig"), Some(EvidencePath::Anchor));
        for stray in
            ["README", "blobs/x", "anchors/7.cosig", "anchors/000000000007.exe", "checkpoint/x", "other/checkpoint"]
        {
            assert_eq!(EvidencePath::of(stray), None, "{stray}");
        }
    }
}
