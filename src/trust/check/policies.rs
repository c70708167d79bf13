//! Checks the policy pack of a change as a whole: rules, cases, profiles and controls.

use crate::{
    diag::Diagnostics,
    format::codec,
    git::{FileMode, GitError, ObjectId, Repository},
    model::file::Governance,
    policy::{PackSources, PolicyPack, lint},
    store::RepoPath,
};

/// Returns the problems of the policies at `head`, if a change touches them or the active profiles: lints, failed
/// cases, and active profiles that do not exist. Malformed files are reported elsewhere and skipped here.
pub(in crate::trust) fn check_policies<'c>(
    repository: &Repository,
    head: ObjectId,
    mut changed: impl Iterator<Item = &'c str>,
) -> Result<Diagnostics, GitError> {
    if !changed.any(|path| matches!(RepoPath::of(path), RepoPath::Policy(_) | RepoPath::Governance)) {
        return Ok(Diagnostics::new());
    }
    let mut sources = PackSources::default();
    for file in repository.list(head, "policies")?.files {
        if file.mode == FileMode::Plain && matches!(RepoPath::of(&file.path), RepoPath::Policy(_)) {
            // Malformed files were already rejected.
            let _ = sources.add_file(&file.path, &repository.blob(file.id, MAX_POLICY)?);
        }
    }
    let on = match repository.file(head, "governance.toml")? {
        Some(file) => codec::parse::<Governance>("governance.toml", &repository.blob(file.id, MAX_POLICY)?).ok(),
        None => None,
    };
    let mut problems = lint(sources.clone());
    // Compile errors are part of the lints, with their spans.
    if let Ok(pack) = PolicyPack::compile(sources, &[]) {
        if let Ok(tested) = pack.test() {
            problems.extend(tested.into_iter().filter_map(|tested| tested.problem));
        }
        if let Err(found) = pack.with_profiles(&on.map(|governance| governance.profiles).unwrap_or_default()) {
            problems.extend(found);
        }
    }
    Ok(problems)
}

/// Well above the size limit of policy files.
const MAX_POLICY: u64 = 4 * 1024 * 1024;
