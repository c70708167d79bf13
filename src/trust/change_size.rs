//! How much one change may bring: what is too large is refused by counting, before any of it is read.

use super::{check::CheckReport, repository_state::RepositoryState};
use crate::{
    diag::{Diagnostic, counted},
    git::{Change, Changes},
    model::file::FILES_PER_CHANGE,
    store::RepoPath,
};

impl RepositoryState {
    /// Returns the refusal of a change that touches more governed files than the mandate in force lets one change touch;
    /// signatures and what is deleted count too.
    pub(super) fn check_change_size(&self, changes: &Changes) -> Option<CheckReport> {
        let mandate = self.trust().map(|trust| trust.mandate().file());
        let most = mandate.map_or(FILES_PER_CHANGE, |mandate| mandate.files_per_change());
        let files = changes.files.iter().map(Change::path).filter(|path| RepoPath::of(path).is_governed()).count();
        if u32::try_from(files).is_ok_and(|files| files <= most) {
            return None;
        }
        let files = counted(files, "governed file");
        let message = format!("it touches {files}, and one change touches at most {most}; none of them was read");
        let problem = Diagnostic::error("change-too-large", message);
        let help = "divide it, a campaign by its systems; or set `files_per_change` in the next mandate: `tenure schema mandate`";
        Some(CheckReport::blocked(problem.help(help).into()))
    }
}
