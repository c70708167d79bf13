//! Limits on the size of a change: a change that is too large is rejected by counting, before its files are read.

use crate::trust::check::CheckReport;
use crate::trust::state::RepositoryState;
use crate::{
    diag::{Diagnostic, counted},
    git::{FileChange, TreeDiff},
    model::file::DEFAULT_MAX_FILES_PER_CHANGE,
    store::RepoPath,
};

/// Returns the rejection of a change that touches more governed files than the mandate in force allows. Signatures
/// and deleted files count.
pub(super) fn check_change_size(state: &RepositoryState, changes: &TreeDiff) -> Option<CheckReport> {
    let mandate = state.trust().map(|trust| trust.mandate().file());
    let most = mandate.map_or(DEFAULT_MAX_FILES_PER_CHANGE, |mandate| mandate.max_files_per_change());
    let files = changes.files.iter().map(FileChange::path).filter(|path| RepoPath::of(path).is_governed()).count();
    if u32::try_from(files).is_ok_and(|files| files <= most) {
        return None;
    }
    let files = counted(files, "governed file");
    let message = format!("the change touches {files}, but at most {most} are allowed; none of them was read");
    let problem = Diagnostic::error("change-too-large", message);
    let help = "split it, a campaign by systems; or raise `max_files_per_change` in the next mandate: \
                `tenure schema mandate`";
    Some(CheckReport::blocked(problem.help(help).into()))
}
