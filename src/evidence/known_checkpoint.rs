//! Compares the log with a checkpoint that was kept elsewhere, to detect a rolled-back log.

use super::{DefectCode, EvidenceDefect, Ledger};
use crate::format::{checkpoint::Checkpoint, note::SignedNote};

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
        let size = self.size();
        if kept.size > size {
            let message = format!("it covers {} records, but the log has {size}", kept.size);
            return refuse(DefectCode::BranchBehind, message);
        }
        if self.root_at(kept.size) != Some(kept.root) {
            let message = format!("it has the root {} over {} records, which this log never had", kept.root, kept.size);
            return refuse(DefectCode::BranchRewritten, message);
        }
        Ok(())
    }
}
