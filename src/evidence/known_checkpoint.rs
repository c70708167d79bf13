//! What is known of the log from elsewhere: a checkpoint that was seen before, or in another clone, has to be in it.

use super::{DefectCode, EvidenceDefect, Ledger};
use crate::format::{checkpoint::Checkpoint, note::SignedNote};

impl Ledger {
    /// Checks that the log holds what a checkpoint says, which somebody has kept: the text of a signed note. Whoever shows an
    /// old state of the log shows nothing that is wrong in itself.
    ///
    /// # Errors
    /// When it is no checkpoint of this log, or the log is behind it, or another one at that size. `place` is what it is
    /// called there.
    pub fn holds(&self, text: &str, place: &str) -> Result<(), EvidenceDefect> {
        let refuse = |code, message: String| Err(EvidenceDefect::new(code, place, message));
        let note = match SignedNote::parse(text) {
            Ok(note) => note,
            Err(error) => return refuse(DefectCode::CheckpointForm, error.to_string()),
        };
        let (keys, _) = self.keys();
        let kept = match Checkpoint::open(&note, &keys.log()) {
            Ok(kept) => kept,
            Err(error) => {
                let message = format!("no log key that is known here has signed it: {error}");
                return refuse(DefectCode::CheckpointSignature, message);
            }
        };
        let size = self.size();
        if kept.size > size {
            let message = format!("it is over {} records, and the log that is shown here has {size}", kept.size);
            return refuse(DefectCode::BranchBehind, message);
        }
        if self.root_at(kept.size) != Some(kept.root) {
            let message =
                format!("it has the root {} over {} records, and this log never had it", kept.root, kept.size);
            return refuse(DefectCode::BranchRewritten, message);
        }
        Ok(())
    }
}
