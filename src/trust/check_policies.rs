//! Checks the rules of a change: rules, cases, profiles and controls are one whole, so they are judged as one.

use crate::{
    diag::Diagnostics,
    format::codec,
    git::{GitError, Mode, ObjectId, Repository},
    model::file::Governance,
    policy::{Pack, Sources, lint},
    store::RepoPath,
};

/// Returns what is wrong with the rules at `head`, where a change touches anything that they hang on: their lint, cases
/// that do not come out, profiles that are on and not there. What is not in form is said elsewhere, and left out here.
pub(super) fn check_policies<'c>(
    repository: &Repository,
    head: ObjectId,
    mut changed: impl Iterator<Item = &'c str>,
) -> Result<Diagnostics, GitError> {
    if !changed.any(|path| matches!(RepoPath::of(path), RepoPath::Policy(_) | RepoPath::Governance)) {
        return Ok(Diagnostics::new());
    }
    let mut sources = Sources::default();
    for file in repository.list(head, "policies")?.files {
        if file.mode == Mode::Plain && matches!(RepoPath::of(&file.path), RepoPath::Policy(_)) {
            // A file that is not in form has been refused already.
            let _ = sources.take(&file.path, &repository.blob(file.id, MAX_POLICY)?);
        }
    }
    let on = match repository.file(head, "governance.toml")? {
        Some(file) => codec::parse::<Governance>("governance.toml", &repository.blob(file.id, MAX_POLICY)?).ok(),
        None => None,
    };
    let mut problems = lint(sources.clone());
    // What does not compile is in the lint, with its place.
    if let Ok(pack) = Pack::compile(sources, &[]) {
        if let Ok(tested) = pack.test() {
            problems.extend(tested.into_iter().filter_map(|tested| tested.problem));
        }
        if let Err(found) = pack.with_profiles(&on.map(|governance| governance.profiles).unwrap_or_default()) {
            problems.extend(found);
        }
    }
    Ok(problems)
}

/// Far more than a file of policies may have.
const MAX_POLICY: u64 = 4 * 1024 * 1024;
