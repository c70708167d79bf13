//! Merges imported rows into the principals files. Each principal has one entry in one file.

use super::work_tree::WorkTreeData;
use crate::{
    cli::{CliError, CommandContext, ExitStatus, OutputFormat},
    diag::Diagnostic,
    format::{codec, limits::MAX_FILE},
    inventory::import::{ImportRow, MergedPrincipals, merge},
    model::file::{FileKind, Principals},
    store::write_file,
};
use serde_json::json;
use similar::TextDiff;
use std::collections::BTreeMap;

/// The pending update of the principals files.
pub(super) struct FileUpdate {
    /// The file for new principals.
    into: String,
    /// The merged files, by path.
    files: BTreeMap<String, MergedPrincipals>,
}

impl FileUpdate {
    /// Merges each row into the file that contains its principal, and new principals into `into`. With an
    /// `authoritative` table, principals of `into` that the table does not list have left. Other files are unaffected.
    ///
    /// # Errors
    /// When `into` is not the path of a principals file.
    pub(super) fn plan_updates(
        work_tree: &WorkTreeData,
        into: &str,
        rows: &[ImportRow],
        authoritative: bool,
        context: &CommandContext,
    ) -> Result<Self, CliError> {
        let place = into.strip_prefix("principals/").filter(|name| name.ends_with(".toml") && !name.contains('/'));
        if place.is_none() && into != "principals.toml" {
            let problem = Diagnostic::error("file-misplaced", format!("`{into}` is not a principals file"));
            return Err(problem.help("use principals.toml or principals/NAME.toml").into());
        }
        let mut homes: BTreeMap<_, &str> = BTreeMap::new();
        // `tenure principals check` reports principals in several files; here `into` takes precedence.
        for (path, file) in
            work_tree.files.iter().filter(|(path, _)| *path != into).chain(work_tree.files.get_key_value(into))
        {
            homes.extend(file.principals.iter().map(|entry| (&entry.id, path.as_str())));
        }
        let mut spread: BTreeMap<&str, Vec<ImportRow>> = BTreeMap::from([(into, Vec::new())]);
        for row in rows {
            let home = homes.get(&row.entry.id).copied().unwrap_or(into);
            spread.entry(home).or_default().push(row.clone());
        }
        let none = Principals { schema: FileKind::Principals.schema().to_owned(), principals: Vec::new() };
        let files = spread.into_iter().map(|(path, rows)| {
            let before = work_tree.files.get(path).unwrap_or(&none);
            (path.to_owned(), merge(before, &rows, authoritative && path == into, context.clock.now()))
        });
        Ok(Self { into: into.to_owned(), files: files.collect() })
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
            let after = rendered(path, &merged.file)?;
            // A missing file is not created without principals.
            if before != after && !(before.is_empty() && merged.file.principals.is_empty()) {
                texts.insert(path.as_str(), (before, after));
            }
        }
        for (path, (_, after)) in texts.iter().filter(|_| !dry_run) {
            write_file(&work_tree.root, path, after)?;
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
                "written": !texts.is_empty() && !dry_run,
            }))?;
            return Ok(ExitStatus::Done);
        }
        for (path, texts) in &texts {
            write!(context.out, "{}", diff(path, texts))?;
        }
        for path in texts.keys() {
            let Some(MergedPrincipals { added, changed, left, .. }) = self.files.get(*path) else { continue };
            let end = if dry_run { "; no file was written" } else { "" };
            writeln!(
                context.out,
                "{path}: {} added, {} changed, {} left{end}",
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

/// Returns the content of a file after validation.
fn rendered(path: &str, file: &Principals) -> Result<String, CliError> {
    let text = codec::render(file);
    if text.len() > MAX_FILE {
        let message = format!("{path} would have {} bytes, and a governed file has at most {MAX_FILE}", text.len());
        let problem = Diagnostic::error("file-too-large", message);
        return Err(problem.help("import in parts, each into a separate file: --into principals/NAME.toml").into());
    }
    codec::parse::<Principals>(path, text.as_bytes())?;
    Ok(text)
}
