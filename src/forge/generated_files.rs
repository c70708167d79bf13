//! Writes generated files to the work tree, or compares them with the files there.

use super::{CODEOWNERS, ForgeError, GovernedFiles, is_made};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    store::write_file,
};
use std::path::Path;

/// The treatment of generated files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WriteMode {
    /// Files that are missing or out of date are errors.
    Check,
    /// Only the states are returned.
    List,
    /// Files that are missing or out of date are written.
    Write,
}

/// The state of a generated file in the work tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileState {
    /// It was written by hand and is not overwritten.
    Kept,
    /// It does not exist.
    Missing,
    /// It differs from the generated content.
    OutOfDate,
    /// It has the generated content.
    Current,
    /// It was written now.
    Written,
}

impl FileState {
    /// Returns the state in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missing => "missing",
            Self::OutOfDate => "out of date",
            Self::Current => "up to date",
            Self::Written => "written",
        }
    }
}

/// A generated file and its state in the work tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComparedFile {
    /// The path.
    pub path: String,
    /// The state.
    pub state: FileState,
}

/// Writes or compares files, given as path and content, in the work tree at `root`. Returns their states and problems.
///
/// # Errors
/// When a file cannot be read or written.
pub fn compare_files(
    files: &[(String, String)],
    mode: WriteMode,
    root: &Path,
) -> Result<(Vec<ComparedFile>, Diagnostics), ForgeError> {
    let mut problems = Diagnostics::new();
    let mut states = Vec::new();
    for (path, text) in files {
        let there = GovernedFiles::read(&root, path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let state = match &there {
            Some(there) if there == text => FileState::Current,
            Some(there) if mode == WriteMode::Write && !is_replaceable(path, there) => {
                let problem =
                    Diagnostic::error("file-not-generated", "this file was not generated; it is not overwritten");
                problems.push(problem.in_file(path.as_str()).help(format!("git rm {path}, then write again")));
                FileState::Kept
            }
            _ if mode == WriteMode::Write => {
                write_file(root, path, text)?;
                FileState::Written
            }
            None => FileState::Missing,
            Some(_) => FileState::OutOfDate,
        };
        if mode == WriteMode::Check {
            match &there {
                None => {
                    let problem = Diagnostic::error("forge-file-missing", "the generated file does not exist");
                    problems.push(problem.in_file(path.as_str()).help(written_by(path)));
                }
                Some(there) if there != text => {
                    problems.push(out_of_date(Diagnostic::error, path, there, text));
                }
                Some(_) => {}
            }
        }
        states.push(ComparedFile { path: path.clone(), state });
    }
    Ok((states, problems))
}

/// Returns whether a file may be overwritten: workflows and CODEOWNERS are replaced only if they were generated.
fn is_replaceable(path: &str, there: &str) -> bool {
    is_made(there) || !path.ends_with(".yml") && path != CODEOWNERS || path.contains("/actions/")
}

/// Returns a problem at the first line of a file that differs from the generated content.
pub(super) fn out_of_date(
    problem: fn(&'static str, &'static str) -> Diagnostic,
    path: &str,
    there: &str,
    text: &str,
) -> Diagnostic {
    let line = there.lines().zip(text.lines()).take_while(|(one, other)| one == other).count() + 1;
    let source = SourceFile::new(path, there);
    let span = source.line(line);
    problem("forge-file-stale", "the file differs from the one generated from the governed files")
        .at(&source, span, "the first line that differs")
        .help(written_by(path))
}

/// Returns the command that writes a file.
fn written_by(path: &str) -> String {
    let command = if path == CODEOWNERS { "tenure forge codeowners --write" } else { "tenure forge workflows --write" };
    format!("{command}, and commit what it writes")
}
