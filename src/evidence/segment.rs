//! Verifies the chain through all segments: sequence numbers, digests of previous lines, and the Merkle tree over all
//! lines.

use super::{DefectCode, EvidenceDefect, commit::AddedSegment, decode::DecodeCache, record_line};
use crate::{
    format::merkle::MerkleTree,
    model::{Digest, record::Record},
};
use std::io::BufRead as _;

/// The state of the chain.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordChain {
    /// The tree over every line, valid or not.
    pub(super) tree: MerkleTree,
    /// The next sequence number.
    pub(super) next: u64,
    /// The digest of the last line.
    last: Option<Digest>,
    memory: DecodeCache,
}

impl RecordChain {
    /// Returns the state of a chain that was read before; `last` is zeros before the first line.
    pub(super) fn resume(tree: MerkleTree, next: u64, last: Digest) -> Self {
        Self { tree, next, last: Some(last).filter(|last| *last != Digest::ZERO), memory: DecodeCache::default() }
    }

    /// Returns the digest of the last line; zeros before the first.
    pub(super) fn last(&self) -> Digest {
        self.last.unwrap_or(Digest::ZERO)
    }

    /// Reads a segment to its end, and passes each record with the digest and number of its line to `show`. Continues
    /// after defects.
    pub(super) fn read(
        &mut self,
        segment: &AddedSegment,
        defects: &mut Vec<EvidenceDefect>,
        mut show: impl FnMut(&Record, Digest, u64, &mut Vec<EvidenceDefect>),
    ) {
        if segment.name.first() != self.next {
            let message =
                format!("its name gives {} as its first record, but {} is expected", segment.name.first(), self.next);
            defects.push(EvidenceDefect::new(DefectCode::SegmentName, &segment.path, message));
        }
        let whole = segment.bytes.strip_suffix(b"\n");
        if whole.is_none() {
            let message = "it is empty, or has no final line end";
            defects.push(EvidenceDefect::new(DefectCode::SegmentMalformed, &segment.path, message));
        }
        // The lines are read in any case, so that other defects are found as well.
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
                        let message = format!(
                            "`prev` is {}, but the digest of the previous line is {}",
                            record.prev,
                            before.hex()
                        );
                        fault(DefectCode::ChainBroken, message);
                    }
                    if record.seq != self.next {
                        let code = if record.seq > self.next {
                            DefectCode::SequenceGap
                        } else {
                            DefectCode::SequenceDuplicate
                        };
                        fault(code, format!("`seq` is {}, but {} is expected", record.seq, self.next));
                    }
                    if record.run != *segment.name.run() {
                        fault(DefectCode::RecordRun, format!("the record is of run {}", record.run));
                    }
                    // Reports one defect, not one for each following line.
                    self.next = record.seq.saturating_add(1);
                    show(&record, digest, number, defects);
                }
            }
        }
    }
}

/// Splits into lines. The standard library finds a byte fastest in its own reader.
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
    fn bytes_are_split_at_line_ends() {
        for text in ["", "\n", "a", "a\n", "a\nb", "\n\na\n\n"] {
            let lines: Vec<_> = super::split(text.as_bytes()).collect();
            assert_eq!(lines, text.as_bytes().split(|byte| *byte == b'\n').collect::<Vec<_>>(), "{text:?}");
        }
    }
}
