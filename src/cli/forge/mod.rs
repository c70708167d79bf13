//! `tenure forge codeowners|open-pr|workflows`: files that GitHub reads, generated from the governed files.

mod codeowners;
mod open_pr;
pub(super) mod provenance;
mod workflows;

use super::{CliError, CommandContext, ExitStatus, OutputFormat, session};
use crate::{
    diag::{Diagnostic, Diagnostics, SourceFile},
    format::{codec, ssh_keys::PublicKey},
    git::{ObjectId, Repository},
    model::{
        Digest, Handle, PrincipalId, SystemId,
        file::{Governance, GovernedFile, Principals, Root, System},
    },
    report::{CodeownersInputs, WorkflowError, WorkflowInputs, code_owners, is_made, workflows as rendered},
    store::RepositorySnapshot,
};
use clap::Subcommand;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// Generate CODEOWNERS and GitHub workflows, and open pull requests
#[derive(Debug, clap::Args)]
pub(super) struct ForgeArgs {
    #[command(subcommand)]
    command: ForgeCommand,
}

#[derive(Debug, Subcommand)]
enum ForgeCommand {
    Codeowners(codeowners::ForgeCodeownersArgs),
    OpenPr(open_pr::ForgeOpenPrArgs),
    Workflows(workflows::ForgeWorkflowsArgs),
}

pub(super) fn run(args: &ForgeArgs, context: &mut CommandContext) -> Result<ExitStatus, CliError> {
    match &args.command {
        ForgeCommand::Codeowners(args) => codeowners::run(args, context),
        ForgeCommand::OpenPr(args) => open_pr::run(args, context),
        ForgeCommand::Workflows(args) => workflows::run(args, context),
    }
}

/// The governed files from which the files of the Git host are generated.
pub(super) struct ForgeInputs {
    governance: Governance,
    root: Digest,
    founders: BTreeSet<PrincipalId>,
    handles: BTreeMap<PrincipalId, Handle>,
    systems: BTreeMap<SystemId, System>,
}

/// Source of governed files: a commit or the work tree.
pub(super) trait GovernedFiles {
    /// Returns the bytes of a file, or `None` if it does not exist.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CliError>;
    /// Returns the paths of the files directly in a folder, sorted.
    fn list(&self, folder: &str) -> Result<Vec<String>, CliError>;
}

impl GovernedFiles for RepositorySnapshot<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CliError> {
        self.bytes(path, MAX_FILE).map_err(session::store)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, CliError> {
        let listed = RepositorySnapshot::list(self, folder).map_err(session::store)?;
        let mut paths: Vec<_> = listed.files.into_iter().map(|file| file.path).collect();
        paths.sort();
        Ok(paths)
    }
}

impl GovernedFiles for &Path {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CliError> {
        match fs::read(self.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Diagnostic::error("file-unreadable", format!("the file cannot be read: {error}"))
                .in_file(path)
                .into()),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, CliError> {
        let Ok(entries) = fs::read_dir(self.join(folder)) else { return Ok(Vec::new()) };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut paths: Vec<_> = names.map(|name| format!("{folder}/{name}")).collect();
        paths.sort();
        Ok(paths)
    }
}

impl ForgeInputs {
    /// Reads the governed files.
    ///
    /// # Errors
    /// When a file is missing or invalid.
    pub(super) fn read(files: &dyn GovernedFiles) -> Result<Self, CliError> {
        let governance: Governance = one(files, "governance.toml")?;
        let first = files.read("trust/root/1.toml")?.ok_or_else(|| missing("trust/root/1.toml"))?;
        let newest = files.list("trust/root")?.into_iter().filter_map(|path| version(&path)).max().unwrap_or(1);
        let root: Root = one(files, &format!("trust/root/{newest}.toml"))?;
        let names = root.roles.root.keys.iter().filter_map(|line| PublicKey::parse_line(line).ok());
        let founders = names.filter_map(|(_, name)| PrincipalId::parse(name).ok()).collect();
        let mut handles = BTreeMap::new();
        let people = files.list("principals")?.into_iter().filter(|path| path.ends_with(".toml"));
        for path in std::iter::once("principals.toml".to_owned()).chain(people) {
            let Some(bytes) = files.read(&path)? else { continue };
            let file: Principals = codec::parse(&path, &bytes).map_err(CliError::from)?;
            for entry in file.principals {
                if let Some(handle) = entry.handle {
                    handles.entry(entry.id).or_insert(handle);
                }
            }
        }
        let mut systems = BTreeMap::new();
        for path in files.list("systems")?.into_iter().filter(|path| path.ends_with(".toml")) {
            let system: System = one(files, &path)?;
            systems.insert(system.system.clone(), system);
        }
        Ok(Self { governance, root: Digest::of(first), founders, handles, systems })
    }

    /// Returns the path and the content of `.github/CODEOWNERS`.
    pub(super) fn owners(&self) -> (String, String) {
        let routing = CodeownersInputs {
            founders: self.founders.clone(),
            everybody: &self.governance.code_owners,
            systems: &self.systems,
            handles: &self.handles,
        };
        (OWNERS.to_owned(), code_owners(&routing))
    }

    /// Returns the workflow files with their paths.
    ///
    /// # Errors
    /// When governance.toml names no release of the engine, or a value cannot be written safely to a workflow.
    pub(super) fn workflows(&self) -> Result<Vec<(String, String)>, CliError> {
        let engine = self.governance.engine.as_ref().ok_or_else(|| {
            let problem = Diagnostic::error("no-engine", "[engine] is missing: jobs have no release to install");
            CliError::from(problem.in_file("governance.toml").help(
                "add [engine] with version, url and digest of a release; `tenure schema governance` shows the format",
            ))
        })?;
        rendered(WorkflowInputs { root: self.root, engine, systems: &self.systems }).map_err(|error| refused(&error))
    }
}

/// Returns warnings for the generated files at a commit that are out of date. Manually written files are ignored.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn stale_generated_files(
    repository: &Repository,
    base: Option<ObjectId>,
    head: ObjectId,
) -> Result<Diagnostics, CliError> {
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
    for path in snapshot.list(WORKFLOWS).map_err(session::store)?.files {
        let bytes = snapshot.blob(&path, MAX_FILE).map_err(session::store)?;
        jobs_there |= is_made(&String::from_utf8_lossy(&bytes));
    }
    if let Err(failure) = of_jobs
        && jobs_there
    {
        problems.extend(failure.problems);
    }
    for (path, text) in made {
        let Some(bytes) = GovernedFiles::read(&snapshot, &path)? else { continue };
        let there = String::from_utf8_lossy(&bytes);
        if there != text && (is_made(&there) || path.contains("/actions/")) {
            problems.push(out_of_date(&path, &there, &text).help(written_by(&path)));
        }
    }
    Ok(problems)
}

/// Returns whether a change touches generated files or their sources; other changes skip the comparison.
fn concerned(repository: &Repository, base: Option<ObjectId>, head: ObjectId) -> Result<bool, CliError> {
    let Some(base) = base else { return Ok(true) };
    let Some(fork) = repository.merge_base(base, head).map_err(session::git)? else { return Ok(false) };
    let changes = repository.changes(Some(fork), head).map_err(session::git)?;
    let made_from = [".github/", "governance.toml", "principals", "systems/", "trust/root/"];
    Ok(changes.files.iter().any(|change| made_from.iter().any(|start| change.path().starts_with(start))))
}

/// The mode for generated files.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct WriteMode {
    /// Write the files
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Only check whether the files are up to date
    #[arg(long)]
    check: bool,
}

/// Returns the work tree.
fn work_tree(repository: &Repository) -> Result<&Path, CliError> {
    repository.work_tree().ok_or_else(|| {
        let problem = Diagnostic::error("no-work-tree", "this repository is bare: it has no files to write to");
        problem.help("clone it with git clone, without --bare").into()
    })
}

/// Writes or compares files in the work tree.
fn make(
    files: &[(String, String)],
    making: WriteMode,
    context: &mut CommandContext,
    root: &Path,
) -> Result<ExitStatus, CliError> {
    let mut problems = Diagnostics::new();
    let mut states = Vec::new();
    for (path, text) in files {
        let there = GovernedFiles::read(&root, path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let is_ours = there.as_deref().is_none_or(|there| is_made(there) || !path.ends_with(".yml") && path != OWNERS);
        let is_ours = is_ours || path.contains("/actions/");
        let state = match &there {
            Some(there) if there == text => "up to date",
            Some(_) if making.write && !is_ours => {
                let problem =
                    Diagnostic::error("file-not-generated", "this file was not generated; it is not overwritten");
                problems.push(problem.in_file(path.as_str()).help(format!("git rm {path}, then write again")));
                "kept"
            }
            _ if making.write => {
                let target = root.join(path);
                if let Some(folder) = target.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(&target, text)?;
                "written"
            }
            None => "missing",
            Some(there) => {
                if making.check {
                    problems.push(out_of_date(path, there, text).help(written_by(path)));
                }
                "out of date"
            }
        };
        if making.check && there.is_none() {
            let problem = Diagnostic::error("forge-file-missing", "the generated file does not exist");
            problems.push(problem.in_file(path.as_str()).help(written_by(path)));
        }
        states.push((path.as_str(), state));
    }
    if making.check {
        problems = problems
            .into_iter()
            .map(|problem| Diagnostic { severity: crate::diag::DiagnosticSeverity::Error, ..problem })
            .collect();
    }
    if context.format == OutputFormat::Json {
        let states: BTreeMap<_, _> = states.into_iter().collect();
        context.json(&states)?;
    } else {
        context.problems(&problems)?;
        for (path, state) in states {
            writeln!(context.out, "{state:<12} {path}")?;
        }
    }
    Ok(if problems.has_errors() { ExitStatus::Findings } else { ExitStatus::Done })
}

/// Returns the command that writes a file.
fn written_by(path: &str) -> String {
    let command = if path == OWNERS { "tenure forge codeowners --write" } else { "tenure forge workflows --write" };
    format!("{command}, and commit what it writes")
}

fn out_of_date(path: &str, there: &str, text: &str) -> Diagnostic {
    let line = there.lines().zip(text.lines()).take_while(|(one, other)| one == other).count() + 1;
    let source = SourceFile::new(path, there);
    let span = source.line(line);
    Diagnostic::warning("forge-file-stale", "the file differs from the one generated from the governed files").at(
        &source,
        span,
        "the first line that differs",
    )
}

fn refused(error: &WorkflowError) -> CliError {
    let help = match error {
        WorkflowError::Engine { .. } => "tenure schema governance",
        WorkflowError::TooMany(_) => "divide the systems between two governed repositories",
        WorkflowError::Variable { .. } => {
            "use capitals, digits and underscores, and no name that GitHub, git or the shell uses"
        }
    };
    Diagnostic::error("no-workflow", error.to_string()).help(help).into()
}

fn one<T: GovernedFile>(files: &dyn GovernedFiles, path: &str) -> Result<T, CliError> {
    let bytes = files.read(path)?.ok_or_else(|| missing(path))?;
    codec::parse(path, &bytes).map_err(CliError::from)
}

fn missing(path: &str) -> CliError {
    Diagnostic::error("file-missing", format!("there is no {path} here"))
        .help("git pull; in a new repository, `tenure init` writes it")
        .into()
}

fn version(path: &str) -> Option<u32> {
    path.rsplit('/').next()?.strip_suffix(".toml")?.parse().ok()
}

const OWNERS: &str = ".github/CODEOWNERS";
const WORKFLOWS: &str = ".github/workflows";
const MAX_FILE: u64 = 16 << 20;
