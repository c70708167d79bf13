//! Compares the generated files at a commit with the governed files there, and finds workflows beside them that use the
//! engine's environments or secrets.

use super::{CODEOWNERS, ForgeError, ForgeInputs, GovernedFiles, generated_files::out_of_date, is_made};
use crate::{
    diag::{Diagnostic, Diagnostics},
    git::{FileChange, ObjectId, Repository},
    store::RepositorySnapshot,
};
use std::collections::BTreeSet;

/// Returns the problems of generated files at a commit, and of workflows that use what belongs to the engine. What a
/// change itself brings is an error; a file that only became out of date is a warning.
///
/// # Errors
/// When a file cannot be read.
pub fn stale_generated_files(
    repository: &Repository,
    base: Option<ObjectId>,
    head: ObjectId,
) -> Result<Diagnostics, ForgeError> {
    let mut problems = Diagnostics::new();
    let change = Change::of(repository, base, head)?;
    if !change.concerns_generated_files() {
        return Ok(problems);
    }
    let snapshot = RepositorySnapshot::at(repository, head);
    // Invalid governed files are reported by `tenure check` itself.
    let Ok(forge) = ForgeInputs::read(&snapshot) else { return Ok(problems) };
    let mut generated = vec![forge.owners()];
    match forge.workflows() {
        Ok(files) => generated.extend(files),
        Err(ForgeError::Problems(found)) if has_generated_workflow(snapshot)? => problems.extend(found),
        Err(_) => {}
    }
    for (path, text) in &generated {
        problems.extend(compared(snapshot, &change, path, text)?);
    }
    let names: BTreeSet<&str> = generated.iter().map(|(path, _)| path.as_str()).collect();
    let secrets: Vec<String> = forge.secrets().into_iter().chain(ENGINE_SECRETS.map(str::to_owned)).collect();
    for path in snapshot.list(WORKFLOWS)?.files.into_iter().filter(|file| !names.contains(file.path.as_str())) {
        if change.brings(&path.path) {
            let text = String::from_utf8_lossy(&snapshot.blob(&path, MAX_WORKFLOW)?).into_owned();
            problems.extend(foreign(&path.path, &text, &secrets));
        }
    }
    Ok(problems)
}

/// The files that a change touches; all files without a base.
struct Change<'r> {
    before: Option<RepositorySnapshot<'r>>,
    touched: Option<BTreeSet<String>>,
}

impl<'r> Change<'r> {
    fn of(repository: &'r Repository, base: Option<ObjectId>, head: ObjectId) -> Result<Self, ForgeError> {
        let fork = match base {
            Some(base) => repository.merge_base(base, head)?,
            None => return Ok(Self { before: None, touched: None }),
        };
        let changes = repository.changes(fork, head)?;
        let touched = changes.files.iter().map(FileChange::path).map(str::to_owned).collect();
        Ok(Self { before: fork.map(|fork| RepositorySnapshot::at(repository, fork)), touched: Some(touched) })
    }

    /// Returns whether generated files or their sources may have changed.
    fn concerns_generated_files(&self) -> bool {
        let sources = [".github/", "governance.toml", "principals", "systems/", "trust/root/"];
        let is_source = |path: &String| sources.iter().any(|start| path.starts_with(start));
        self.touched.as_ref().is_none_or(|touched| touched.iter().any(is_source))
    }

    fn brings(&self, path: &str) -> bool {
        self.touched.as_ref().is_none_or(|touched| touched.contains(path))
    }

    /// Returns a file before the change.
    fn before(&self, path: &str) -> Result<Option<String>, ForgeError> {
        let Some(before) = &self.before else { return Ok(None) };
        Ok(GovernedFiles::read(before, path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Compares one file with its generated text. A file that was never generated is left to its authors.
fn compared(
    snapshot: RepositorySnapshot<'_>,
    change: &Change<'_>,
    path: &str,
    text: &str,
) -> Result<Option<Diagnostic>, ForgeError> {
    let there = GovernedFiles::read(&snapshot, path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let before = change.before(path)?;
    let was_generated = |text: &str| is_made(text) || path.contains("/actions/") || path.contains("/workflows/tenure-");
    let had = before.as_deref().is_some_and(was_generated);
    Ok(match there {
        Some(there) if there == text => None,
        Some(there) if had && change.brings(path) => Some(out_of_date(Diagnostic::error, path, &there, text)),
        Some(there) if was_generated(&there) => {
            // Without a base, an edited workflow looks like one that is out of date: both run with secrets.
            let is_workflow = path != CODEOWNERS && change.touched.is_none();
            let severity = if is_workflow { Diagnostic::error } else { Diagnostic::warning };
            Some(out_of_date(severity, path, &there, text))
        }
        Some(there) if had => Some(out_of_date(Diagnostic::error, path, &there, text)),
        Some(_) => None,
        None if had => {
            let problem = Diagnostic::error("forge-file-removed", "a generated file was removed");
            Some(problem.in_file(path).help("restore it: git checkout origin/main -- the file"))
        }
        None => None,
    })
}

fn has_generated_workflow(snapshot: RepositorySnapshot<'_>) -> Result<bool, ForgeError> {
    for file in snapshot.list(WORKFLOWS)?.files {
        if is_made(&String::from_utf8_lossy(&snapshot.blob(&file, MAX_WORKFLOW)?)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the problem of a workflow that uses an environment or a secret of the engine.
fn foreign(path: &str, text: &str, secrets: &[String]) -> Option<Diagnostic> {
    let names_secret = |line: &str| secrets.iter().find(|name| has_word(line, name)).cloned();
    let environment = |line: &str| {
        let value = line.trim_start().trim_start_matches("- ").trim_start_matches("name:").trim();
        let value = value.strip_prefix("environment:").map_or(value, str::trim).trim_matches(['"', '\'']);
        let is_engines = value == "housekeeping" || value.starts_with("enforce-") || value.starts_with("verify-");
        (is_engines && (line.contains("environment") || line.contains("name:"))).then(|| value.to_owned())
    };
    let all_secrets = |line: &str| {
        let spread = line.contains("toJSON(secrets)") || line.contains("toJson(secrets)");
        (spread || line.trim() == "secrets: inherit").then(|| "all secrets".to_owned())
    };
    let found = text.lines().zip(1..).find_map(|(line, number)| {
        let code = line.split(" #").next().unwrap_or_default();
        Some((number, names_secret(code).or_else(|| environment(code)).or_else(|| all_secrets(code))?))
    });
    let (line, what) = found?;
    let message = format!("line {line} uses `{what}`, which belongs to the workflows of Tenure");
    let problem = Diagnostic::error("workflow-uses-engine", message).in_file(path);
    Some(problem.help("remove it: only the generated workflows may use the environments and secrets of the engine"))
}

/// Returns whether a line contains a name that is not a part of a longer one.
fn has_word(line: &str, name: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    line.match_indices(name).any(|(at, _)| {
        let bytes = line.as_bytes();
        !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + name.len()))
    })
}

const WORKFLOWS: &str = ".github/workflows";
const MAX_WORKFLOW: u64 = 16 << 20;
/// The secrets of the engine itself.
const ENGINE_SECRETS: [&str; 4] = ["TENURE_COMMIT_KEY", "TENURE_LOG_KEY", "TENURE_PUSH_TOKEN", "TENURE_READBACK_KEY"];

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Option<String> {
        let secrets: Vec<String> =
            ENGINE_SECRETS.map(str::to_owned).into_iter().chain(["PG_PASSWORD".into()]).collect();
        foreign(".github/workflows/own.yml", text, &secrets).map(|problem| problem.message)
    }

    #[test]
    fn row_50_workflow_that_uses_what_belongs_to_the_engine_is_found() {
        for text in [
            "env:\n  KEY: ${{ secrets.TENURE_COMMIT_KEY }}\n",
            "env:\n  KEY: ${{ secrets['TENURE_LOG_KEY'] }}\n",
            "env:\n  P: ${{ secrets.PG_PASSWORD }}\n",
            "jobs:\n  a:\n    environment: enforce-web-1\n",
            "jobs:\n  a:\n    environment: \"verify-web-1\"\n",
            "jobs:\n  a:\n    environment:\n      name: housekeeping\n",
            "jobs:\n  a:\n    uses: other/x@1\n    secrets: inherit\n",
            "env:\n  ALL: ${{ toJSON(secrets) }}\n",
        ] {
            assert!(judged(text).is_some(), "{text}");
        }
    }

    #[test]
    fn ordinary_workflow_is_accepted() {
        for text in [
            "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    environment: staging\n    steps:\n      - run: make\n",
            "env:\n  TOKEN: ${{ secrets.DEPLOY_TOKEN }}\n  X: ${{ secrets.MY_PG_PASSWORD_2 }}\n",
        ] {
            assert_eq!(judged(text), None, "{text}");
        }
    }
}
