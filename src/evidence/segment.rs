//! The chain through all segments: sequence numbers, digests of the line before, and the Merkle tree over every line.

use super::{DefectCode, EvidenceDefect, commit::AddedSegment, decode::DecodeCache, record_line};
use crate::{
    format::merkle::MerkleTree,
    model::{Digest, record::Record},
};
use std::io::BufRead as _;

/// How far the records have been read.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordChain {
    /// Over every line, whatever it holds.
    pub(super) tree: MerkleTree,
    /// The sequence number that comes next.
    pub(super) next: u64,
    /// The digest of the last line.
    last: Option<Digest>,
    memory: DecodeCache,
}

impl RecordChain {
    /// Returns the digest of the last line; zeros before the first.
    pub(super) fn last(&self) -> Digest {
        self.last.unwrap_or(Digest::ZERO)
    }

    /// Reads a segment to its end, whatever is wrong with its lines, and shows each record with its line's digest and number.
    pub(super) fn read(
        &mut self,
        segment: &AddedSegment,
        defects: &mut Vec<EvidenceDefect>,
        mut show: impl FnMut(&Record, Digest, u64, &mut Vec<EvidenceDefect>),
    ) {
        if segment.name.first() != self.next {
            let message =
                format!("its name says it begins with record {}, but {} comes next", segment.name.first(), self.next);
            defects.push(EvidenceDefect::new(DefectCode::SegmentName, &segment.path, message));
        }
        let whole = segment.bytes.strip_suffix(b"\n");
        if whole.is_none() {
            let message = "it is empty, or its last line does not end";
            defects.push(EvidenceDefect::new(DefectCode::SegmentForm, &segment.path, message));
        }
        // What is there is read all the same, so that other defects are found too.
        let lines = whole.unwrap_or(&segment.bytes);
        if !lines.is_empty() || whole.is_some() {
            self.lines(lines, segment, defects, &mut show);
        }
    }

    fn lines(
        &mut self,
        lines: &[u8],
        segment: &AddedSegment,
        defects: &mut Vec<EvidenceDefect>,
        show: &mut impl FnMut(&Record, Digest, u64, &mut Vec<EvidenceDefect>),
    ) {
        for (line, number) in split(lines).zip(1..) {
            let digest = Digest::of(line);
            self.tree.append(line);
            let before = self.last.replace(digest).unwrap_or(Digest::ZERO);
            let mut fault = |code, message: String| {
                defects.push(EvidenceDefect::new(code, format_args!("{}:{number}", segment.path), message));
            };
            match record_line::read(line, &mut self.memory) {
                Err((code, why)) => {
                    fault(code, why);
                    self.next += 1;
                }
                Ok(record) => {
                    if Digest::parse_hex(&record.prev) != Ok(before) {
                        let message = format!("`prev` is {}, but the line before has {}", record.prev, before.hex());
                        fault(DefectCode::ChainBroken, message);
                    }
                    if record.seq != self.next {
                        let code =
                            if record.seq > self.next { DefectCode::SequenceGap } else { DefectCode::SequenceTwin };
                        fault(code, format!("`seq` is {}, but {} comes next", record.seq, self.next));
                    }
                    if record.run != *segment.name.run() {
                        fault(DefectCode::RecordRun, format!("the record is of run {}", record.run));
                    }
                    // One defect, not one for each line after it.
                    self.next = record.seq.saturating_add(1);
                    show(&record, digest, number, defects);
                }
            }
        }
    }
}

/// Returns what stands between line ends; the standard library looks for a byte quickest in what it reads from.
fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut after = text;
        let length = after.skip_until(b'\n').unwrap_or(text.len());
        let line = text.get(..length)?;
        let whole = line.strip_suffix(b"\n");
        rest = whole.map(|_| after);
        Some(whole.unwrap_or(line))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_are_what_stands_between_line_ends() {
        for text in ["", "\n", "a", "a\n", "a\nb", "\n\na\n\n"] {
            let lines: Vec<_> = super::split(text.as_bytes()).collect();
            assert_eq!(lines, text.as_bytes().split(|byte| *byte == b'\n').collect::<Vec<_>>(), "{text:?}");
        }
    }
}
