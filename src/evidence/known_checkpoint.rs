//! Compares the log with a checkpoint that was kept elsewhere, to detect a rolled-back log.

use super::{DefectCode, EvidenceDefect, Ledger};
use crate::{
    format::{checkpoint::Checkpoint, note::SignedNote},
    model::file::LogPosition,
};

impl Ledger {
    /// Checks that the log contains a checkpoint that was kept elsewhere, given as the text of a signed note. A
    /// rolled-back log is valid in itself, so it is detected only by comparison.
    ///
    /// # Errors
    /// When the text is not a checkpoint of this log, or the log is shorter, or has another root at that size. `place`
    /// is the name of the checkpoint's source.
    pub fn verify_contains(&self, text: &str, place: &str) -> Result<(), EvidenceDefect> {
        let refuse = |code, message: String| Err(EvidenceDefect::new(code, place, message));
        let note = match SignedNote::parse(text) {
            Ok(note) => note,
            Err(error) => return refuse(DefectCode::CheckpointMalformed, error.to_string()),
        };
        let (keys, _) = self.keys();
        let kept = match Checkpoint::open(&note, &keys.log()) {
            Ok(kept) => kept,
            Err(error) => {
                let message = format!("it is not signed by a known log key: {error}");
                return refuse(DefectCode::CheckpointSignature, message);
            }
        };
        self.verify_contains_position(&LogPosition { size: kept.size, root: kept.root }, place)
    }

    /// Checks that the log contains a position that a file carries; `place` is the path of the file.
    ///
    /// # Errors
    /// When the log is shorter, or has another root at that size.
    pub fn verify_contains_position(&self, position: &LogPosition, place: &str) -> Result<(), EvidenceDefect> {
        let refuse = |code, message: String| Err(EvidenceDefect::new(code, place, message));
        let (LogPosition { size, root }, own) = (position, self.size());
        if *size > own {
            return refuse(DefectCode::BranchBehind, format!("it covers {size} records, but the log has {own}"));
        }
        if self.root_at(*size) != Some(*root) {
            let message = format!("it has the root {root} over {size} records, which this log never had");
            return refuse(DefectCode::BranchRewritten, message);
        }
        Ok(())
    }

    /// Returns the present position; `None` while the log is empty.
    pub fn position(&self) -> Option<LogPosition> {
        (self.size() > 0).then(|| LogPosition { size: self.size(), root: self.root() })
    }
}
