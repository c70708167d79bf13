//! Sources of policy rules: files of the work tree, of a commit, or of the binary.

use crate::{
    cli::{CliError, CommandContext, ExitStatus},
    diag::{Diagnostic, Diagnostics},
    git::Repository,
    model::file::Governance,
    policy::{PackSources, PolicyPack, SHIPPED},
    store::RepositorySnapshot,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files of a rule pack, with their origin.
pub(super) struct PolicyFiles {
    /// The files.
    pub(super) sources: PackSources,
    /// The active profiles at the origin of the files.
    pub(super) profiles: Vec<String>,
    /// A description of the origin.
    pub(super) from: String,
    /// The requested files; empty if all files are requested.
    pub(super) only: Vec<String>,
}

impl PolicyFiles {
    /// Opens the requested files with all other files of their folder; otherwise those of `policies/` at a revision or
    /// in the work tree; otherwise those of the binary.
    ///
    /// # Errors
    /// When a file cannot be read, or is malformed.
    pub(super) fn open(
        files: &[PathBuf],
        at: Option<&str>,
        context: &CommandContext,
    ) -> Result<Self, PolicyFilesError> {
        if let Some(revision) = at {
            return Self::committed(revision, context);
        }
        if let Some(first) = files.first() {
            let folder = first.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            return Self::folder(folder, files, Vec::new(), context);
        }
        let root = Repository::discover(&context.directory)
            .ok()
            .and_then(|repository| repository.work_tree().map(Path::to_path_buf));
        if let Some(root) = root.filter(|root| has_rules(&root.join("policies"))) {
            let governance = fs::read_to_string(root.join("governance.toml")).unwrap_or_default();
            let governance = crate::format::codec::parse::<Governance>("governance.toml", governance.as_bytes());
            let profiles = governance.map(|governance| governance.profiles).unwrap_or_default();
            return Self::folder(&root.join("policies"), &[], profiles, context);
        }
        let sources = PackSources::read(SHIPPED.iter().map(|(path, text)| (*path, text.as_bytes())))
            .map_err(PolicyFilesError::Form)?;
        Ok(Self { sources, profiles: Vec::new(), from: "the built-in rules".to_owned(), only: Vec::new() })
    }

    fn committed(revision: &str, context: &CommandContext) -> Result<Self, PolicyFilesError> {
        let repository = Repository::discover(&context.directory).map_err(CliError::from)?;
        let commit = repository.resolve(revision).map_err(CliError::from)?;
        let snapshot = RepositorySnapshot::at(&repository, commit);
        let mut sources = PackSources::default();
        let mut problems = Diagnostics::new();
        for file in snapshot.list("policies").map_err(CliError::from)?.files {
            let bytes = snapshot.blob(&file, MAX_FILE).map_err(CliError::from)?;
            if let Err(found) = sources.add_file(&file.path, &bytes) {
                problems.extend(found);
            }
        }
        if problems.has_errors() {
            return Err(PolicyFilesError::Form(problems));
        }
        let governance: Option<Governance> = snapshot.read_if_there("governance.toml").map_err(CliError::from)?;
        let profiles = governance.map(|governance| governance.profiles).unwrap_or_default();
        Ok(Self { sources, profiles, from: format!("policies/ at {revision}"), only: Vec::new() })
    }

    fn folder(
        folder: &Path,
        files: &[PathBuf],
        profiles: Vec<String>,
        context: &CommandContext,
    ) -> Result<Self, PolicyFilesError> {
        let shown = |path: &Path| match folder.file_name() {
            Some(name) if files.is_empty() => format!("{}/{}", name.display(), name_of(path)),
            _ => folder.join(name_of(path)).display().to_string(),
        };
        let place = context.directory.join(folder);
        let entries = fs::read_dir(&place).map_err(|error| unreadable(folder, &error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        paths.sort();
        if let Some(missing) = files.iter().find(|file| !context.directory.join(file).is_file()) {
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(unreadable(missing, &error).into());
        }
        let mut sources = PackSources::default();
        let mut problems = Diagnostics::new();
        for path in &paths {
            let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
            if let Err(found) = sources.add_file(&shown(path), &bytes) {
                problems.extend(found);
            }
        }
        if problems.has_errors() {
            return Err(PolicyFilesError::Form(problems));
        }
        let only = files.iter().map(|file| shown(file)).collect();
        Ok(Self { sources, profiles, from: folder.display().to_string(), only })
    }

    /// Returns the pack with the given profiles, or with those of its repository.
    ///
    /// # Errors
    /// As [`PolicyPack::compile`].
    pub(super) fn pack(self, profiles: &[String]) -> Result<PolicyPack, CliError> {
        let on = if profiles.is_empty() { &self.profiles } else { profiles };
        Ok(PolicyPack::compile(self.sources, on)?)
    }

    /// Returns whether a problem concerns the requested files.
    pub(super) fn is_asked(only: &[String], problem: &Diagnostic) -> bool {
        only.is_empty() || problem.file().is_none_or(|file| only.iter().any(|asked| asked == file))
    }
}

/// An error while opening the files of a pack.
pub(super) enum PolicyFilesError {
    /// A file cannot be read.
    Failed(CliError),
    /// A file is malformed.
    Form(Diagnostics),
}

impl PolicyFilesError {
    /// Returns the failure of a command that validates the files: malformed files are findings.
    pub(super) fn policy_failure(self) -> CliError {
        match self {
            Self::Failed(failure) => failure,
            Self::Form(problems) => CliError { problems, exit: ExitStatus::Findings },
        }
    }
}

impl From<PolicyFilesError> for CliError {
    fn from(unopened: PolicyFilesError) -> Self {
        match unopened {
            PolicyFilesError::Failed(failure) => failure,
            PolicyFilesError::Form(problems) => problems.into(),
        }
    }
}

impl From<CliError> for PolicyFilesError {
    fn from(failure: CliError) -> Self {
        Self::Failed(failure)
    }
}

impl From<Diagnostic> for PolicyFilesError {
    fn from(problem: Diagnostic) -> Self {
        Self::Failed(problem.into())
    }
}

fn has_rules(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(".rules.toml"))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let problem = Diagnostic::error("file-unreadable", format!("cannot read `{}`: {error}", path.display()));
    problem.help("name files of one folder, such as `policies/life.rules.toml`, or no file to read all of policies/")
}

/// The maximum size of a governed file.
const MAX_FILE: u64 = crate::format::limits::MAX_FILE as u64;
