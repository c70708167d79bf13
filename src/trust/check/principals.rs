//! Checks the principals files together: ids that occur twice, and owners that do not exist.

use super::MAX_LINES;
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::codec::{self, PathSegment},
    git::{FileChange, FileMode, GitError, ObjectId, Repository, TreeDiff},
    model::{PrincipalId, file::Principals},
    store::RepoPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the problems across all principals files at `head`, if a change touches one of them: those that `base` does
/// not have. Malformed files are reported elsewhere and skipped here.
pub(super) fn check_principals(
    repository: &Repository,
    base: Option<ObjectId>,
    head: ObjectId,
    changes: &TreeDiff,
) -> Result<Diagnostics, GitError> {
    if !changes.files.iter().map(FileChange::path).any(is_principals) {
        return Ok(Diagnostics::new());
    }
    let known: BTreeSet<String> = match base {
        Some(base) => problems(repository, base)?.into_iter().map(|problem| problem.message).collect(),
        None => BTreeSet::new(),
    };
    let found = problems(repository, head)?.into_iter();
    Ok(found.filter(|problem| !known.contains(&problem.message)).collect())
}

fn problems(repository: &Repository, commit: ObjectId) -> Result<Vec<Diagnostic>, GitError> {
    let files = files(repository, commit)?;
    let ids: BTreeSet<&PrincipalId> =
        files.iter().flat_map(|(_, file)| &file.principals).map(|entry| &entry.id).collect();
    let mut first: BTreeMap<&PrincipalId, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (source, file) in &files {
        let at = |problem: Diagnostic, index: usize, key: &'static str, label: &'static str| {
            let steps: [PathSegment<'_>; 3] = ["principal".into(), index.into(), key.into()];
            problem.at(source, codec::place(source.text(), &steps), label)
        };
        for (index, entry) in file.principals.iter().enumerate() {
            match first.get(&entry.id) {
                Some(other) => {
                    let message = format!("`{}` is defined twice", entry.id);
                    let problem = at(Diagnostic::error("duplicate-principal", message), index, "id", "defined again");
                    let problem = problem.with_note(format!("first defined in {other}"));
                    found.push(problem.help("keep one entry and merge the accounts"));
                }
                None => drop(first.insert(&entry.id, source.name())),
            }
            if let Some(owner) = entry.owner.as_ref().filter(|owner| !ids.contains(owner)) {
                let message = format!("the owner `{owner}` of `{}` is not in any principals file", entry.id);
                let problem = at(Diagnostic::error("unknown-owner", message), index, "owner", "no such principal");
                found.push(problem.help(format!("add `{owner}`, or name another owner")));
            }
        }
    }
    Ok(found)
}

/// Returns the principals files of valid form, sorted by path.
fn files(repository: &Repository, commit: ObjectId) -> Result<Vec<(SourceFile, Principals)>, GitError> {
    let mut listed = repository.list(commit, "principals")?.files;
    listed.splice(0..0, repository.file(commit, "principals.toml")?);
    let mut files = Vec::new();
    for file in listed.iter().filter(|file| file.mode == FileMode::Plain && is_principals(&file.path)) {
        let bytes = repository.blob(file.id, MAX_LINES)?;
        if let Ok(principals) = codec::parse::<Principals>(&file.path, &bytes) {
            files.push((SourceFile::of_bytes(&file.path, &bytes), principals));
        }
    }
    Ok(files)
}

fn is_principals(path: &str) -> bool {
    matches!(RepoPath::of(path), RepoPath::Principals)
}
