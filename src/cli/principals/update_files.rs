//! Merges imported rows into the principals files. Each principal has one entry in one file.

use super::work_tree::WorkTreeData;
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::{Diagnostic, Diagnostics},
    format::{codec, limits::MAX_FILE},
    inventory::import::{FileSet, ImportRow, MergedPrincipals, manager_cycles, merge},
    model::{
        PrincipalId,
        file::{PrincipalKind, PrincipalRecord, PrincipalStatus, Principals},
    },
    store::write_files,
};
use serde_json::json;
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};

/// The pending update of the principals files.
pub(super) struct FileUpdate {
    /// The file for new principals.
    into: String,
    /// The merged files, by path.
    files: BTreeMap<String, MergedPrincipals>,
}

impl FileUpdate {
    /// Merges each row into the file that contains its principal, and new principals into `into` and its continuations.
    /// With an `authoritative` import, principals of these files that it does not list have left.
    ///
    /// # Errors
    /// When `into` is not the path of a principals file, or the managers of the rows form a cycle with those of other
    /// principals.
    pub(super) fn plan_updates(
        work_tree: &WorkTreeData,
        into: &str,
        rows: &[ImportRow],
        authoritative: bool,
        context: &CommandContext,
    ) -> Result<Self, CliError> {
        let set = FileSet::new(into).ok_or_else(|| {
            Diagnostic::error("file-misplaced", format!("`{into}` is not a principals file"))
                .help("use principals.toml or principals/NAME.toml")
        })?;
        if let Some(first) = set.continued(work_tree.files.keys()) {
            let problem = Diagnostic::error("file-misplaced", format!("`{into}` is a continuation of `{first}`"));
            return Err(problem.help(format!("use --into {first}, or another name")).into());
        }
        let files = merge(&work_tree.files, &set, rows, authoritative, context.clock.now());
        let entries = files.values().flat_map(|merged| &merged.file.principals);
        let given: BTreeSet<_> =
            rows.iter().filter(|row| row.given.contains("owner")).map(|row| &row.entry.id).collect();
        let mut problems = Diagnostics::new();
        for cycle in manager_cycles(&managers(entries)) {
            if cycle.members().iter().any(|id| given.contains(id)) {
                let problem = Diagnostic::error("manager-cycle", cycle.to_string());
                problems.push(problem.help("correct the managers in the source file; no file was written"));
            }
        }
        if problems.has_errors() {
            return Err(problems.into());
        }
        Ok(Self { into: into.to_owned(), files })
    }

    /// Writes the changed files unless `dry_run` is set, and prints the changes.
    ///
    /// # Errors
    /// When a file cannot be written, or a merged file is invalid; in that case no file is written.
    pub(super) fn write(
        &self,
        work_tree: &WorkTreeData,
        dry_run: bool,
        context: &mut CommandContext,
    ) -> Result<ExitStatus, CliError> {
        let mut texts = BTreeMap::new();
        for (path, merged) in &self.files {
            let before = work_tree.files.get(path).map(codec::render).unwrap_or_default();
            let after = codec::render(&merged.file);
            // A missing file is not created without principals.
            if before != after && !(before.is_empty() && merged.file.principals.is_empty()) {
                check(path, &after)?;
                texts.insert(path.as_str(), (before, after));
            }
        }
        if !dry_run {
            write_files(&work_tree.root, texts.iter().map(|(path, (_, after))| (*path, after.as_bytes())))?;
        }
        let diff = |path: &str, (before, after): &(String, String)| {
            TextDiff::from_lines(before, after).unified_diff().header(path, path).to_string()
        };
        if context.format == OutputFormat::Json {
            let all = |part: fn(&MergedPrincipals) -> &Vec<String>| {
                let mut all: Vec<_> = self.files.values().flat_map(part).collect();
                all.sort();
                all
            };
            let diff: String = texts.iter().map(|(path, texts)| diff(path, texts)).collect();
            context.json(&json!({
                "added": all(|merged| &merged.added), "changed": all(|merged| &merged.changed), "diff": diff,
                "left": all(|merged| &merged.left), "paths": texts.keys().collect::<Vec<_>>(),
                "returned": all(|merged| &merged.returned), "written": !texts.is_empty() && !dry_run,
            }))?;
            return Ok(ExitStatus::Done);
        }
        let few = texts.iter().filter(|_| texts.len() <= MAX_DIFF_FILES);
        let changes: String = few.map(|(path, texts)| diff(path, texts)).collect();
        match texts.len() <= MAX_DIFF_FILES && changes.lines().count() <= MAX_DIFF_LINES {
            true => write!(context.out, "{changes}")?,
            false if dry_run => writeln!(context.out, "the changes are long; --format json contains them")?,
            false => writeln!(context.out, "the changes are long; git diff shows them")?,
        }
        for path in texts.keys() {
            let Some(MergedPrincipals { added, changed, left, returned, .. }) = self.files.get(*path) else { continue };
            let end = if dry_run { "; no file was written" } else { "" };
            let back = if returned.is_empty() { String::new() } else { format!(", {} returned", returned.len()) };
            writeln!(
                context.out,
                "{path}: {} added, {} changed, {} left{back}{end}",
                added.len(),
                changed.len(),
                left.len()
            )?;
        }
        match (texts.is_empty(), dry_run) {
            (true, _) => writeln!(context.out, "{}: nothing changed", self.into)?,
            (false, true) => {}
            (false, false) => writeln!(context.out, "next: tenure principals check")?,
        }
        Ok(ExitStatus::Done)
    }
}

/// Returns the managers of active people.
pub(super) fn managers<'e>(
    entries: impl Iterator<Item = &'e PrincipalRecord>,
) -> BTreeMap<&'e PrincipalId, &'e PrincipalId> {
    let active =
        |entry: &&PrincipalRecord| entry.kind == PrincipalKind::Person && entry.status == PrincipalStatus::Active;
    entries.filter(active).filter_map(|entry| Some((&entry.id, entry.owner.as_ref()?))).collect()
}

/// Checks the content of a file before it is written.
fn check(path: &str, text: &str) -> Result<(), CliError> {
    if text.len() > MAX_FILE {
        let message = format!("{path} would have {} bytes, and a governed file has at most {MAX_FILE}", text.len());
        let problem = Diagnostic::error("file-too-large", message);
        return Err(problem.help("move some of its principals to another file, such as principals/NAME.toml").into());
    }
    codec::parse::<Principals>(path, text.as_bytes())?;
    Ok(())
}

/// The number of changed files up to which the changes are printed.
const MAX_DIFF_FILES: usize = 20;

/// The number of lines up to which the changes are printed.
const MAX_DIFF_LINES: usize = 2_000;
