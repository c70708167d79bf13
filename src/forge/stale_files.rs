//! Compares the generated files at a commit with the governed files there.

use super::{ForgeError, ForgeInputs, GovernedFiles, generated_files::out_of_date, governed_files::MAX_FILE, is_made};
use crate::{
    diag::{Diagnostic, Diagnostics},
    git::{ObjectId, Repository},
    store::RepositorySnapshot,
};

/// Returns warnings for the generated files at a commit that are out of date. Manually written files are ignored.
///
/// # Errors
/// When a file cannot be read.
pub fn stale_generated_files(
    repository: &Repository,
    base: Option<ObjectId>,
    head: ObjectId,
) -> Result<Diagnostics, ForgeError> {
    let mut problems = Diagnostics::new();
    if !concerned(repository, base, head)? {
        return Ok(problems);
    }
    let snapshot = RepositorySnapshot::at(repository, head);
    // Invalid governed files are reported by `tenure check` itself.
    let Ok(forge) = ForgeInputs::read(&snapshot) else { return Ok(problems) };
    let mut made = vec![forge.owners()];
    let of_jobs = forge.workflows();
    if let Ok(files) = &of_jobs {
        made.extend(files.iter().cloned());
    }
    let mut jobs_there = false;
    for path in snapshot.list(WORKFLOWS)?.files {
        let bytes = snapshot.blob(&path, MAX_FILE)?;
        jobs_there |= is_made(&String::from_utf8_lossy(&bytes));
    }
    if let Err(ForgeError::Problems(found)) = of_jobs
        && jobs_there
    {
        problems.extend(found);
    }
    for (path, text) in made {
        let Some(bytes) = GovernedFiles::read(&snapshot, &path)? else { continue };
        let there = String::from_utf8_lossy(&bytes);
        if there != text && (is_made(&there) || path.contains("/actions/")) {
            problems.push(out_of_date(Diagnostic::warning, &path, &there, &text));
        }
    }
    Ok(problems)
}

/// Returns whether a change touches generated files or their sources; other changes skip the comparison.
fn concerned(repository: &Repository, base: Option<ObjectId>, head: ObjectId) -> Result<bool, ForgeError> {
    let Some(base) = base else { return Ok(true) };
    let Some(fork) = repository.merge_base(base, head)? else { return Ok(false) };
    let changes = repository.changes(Some(fork), head)?;
    let made_from = [".github/", "governance.toml", "principals", "systems/", "trust/root/"];
    Ok(changes.files.iter().any(|change| made_from.iter().any(|start| change.path().starts_with(start))))
}

const WORKFLOWS: &str = ".github/workflows";
