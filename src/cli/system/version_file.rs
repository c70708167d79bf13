//! Writes the next version of a system to the work tree, and names the people who must sign it.

use crate::{
    app::{TrustHints, joined},
    cli::{CliError, CommandContext, OutputFormat, assignment::invalid},
    connector::registry,
    diag::Diagnostic,
    format::codec,
    git::Repository,
    model::{
        Digest, SystemId,
        file::{FileKind, Governance, System},
    },
    store::write_new_file,
};
use serde_json::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use toml::Table;

/// The versions of a system in the work tree.
pub(super) struct SystemFolder {
    root: PathBuf,
    id: SystemId,
    /// The newest version, with the digest of its file.
    pub(super) newest: Option<(System, Digest)>,
}

impl SystemFolder {
    /// Reads the versions of a system.
    ///
    /// # Errors
    /// When there is no work tree, a version is invalid, or a path is a symbolic link.
    pub(super) fn open(id: &SystemId, context: &CommandContext) -> Result<Self, CliError> {
        let repository = Repository::discover(&context.directory)?;
        let Some(root) = repository.work_tree().map(Path::to_path_buf) else {
            let problem = Diagnostic::error("no-work-tree", "this repository is bare: it has no files to write to");
            return Err(problem.help("clone it with git clone, without --bare").into());
        };
        let mut newest = None;
        for version in 1_u32.. {
            let path = format!("systems/{id}/{version}.toml");
            let Some(bytes) = read_file(&root, &path)? else { break };
            newest = Some((codec::parse::<System>(&path, &bytes)?, Digest::of(&bytes)));
        }
        Ok(Self { root, id: id.clone(), newest })
    }

    /// Returns the newest version as a table.
    ///
    /// # Errors
    /// When there is none, or it is retired or unsigned.
    pub(super) fn signed(&self) -> Result<Table, CliError> {
        let Some((system, _)) = &self.newest else {
            let problem = Diagnostic::error("unknown-system", format!("there is no systems/{}/1.toml here", self.id));
            return Err(problem.help(format!("tenure system add {}", self.id)).into());
        };
        if system.is_retired() {
            let problem = Diagnostic::error("system-retired", format!("`{}` is retired: no version follows", self.id));
            return Err(problem
                .in_file(system.path())
                .help("describe the target under a new id: `tenure system add ID`")
                .into());
        }
        let prefix = format!("{}.toml.", system.version);
        let folder = fs::read_dir(self.root.join("systems").join(self.id.as_str()))?;
        let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        if !names.into_iter().any(|name| name.starts_with(&prefix) && name.ends_with(".sig")) {
            let problem = Diagnostic::error("not-signed", "the version before is not signed");
            let help = format!("tenure sign {0}; or remove it and write it again: rm {0}", system.path());
            return Err(problem.in_file(system.path()).help(help).into());
        }
        Table::try_from(system).map_err(|error| invalid("version", "system", &error))
    }

    /// Writes the next version with the content of `table`, and prints the permitted signers.
    ///
    /// # Errors
    /// When the content is invalid, or the file cannot be written.
    pub(super) fn write(&self, mut table: Table, context: &mut CommandContext) -> Result<(), CliError> {
        let governance = read_file(&self.root, "governance.toml")?.ok_or_else(|| {
            Diagnostic::error("file-missing", "there is no governance.toml here").help("`tenure init` creates one")
        })?;
        let governance: Governance = codec::parse("governance.toml", &governance)?;
        let (version, prev) = match &self.newest {
            Some((system, digest)) => (i64::from(system.version) + 1, digest.to_string()),
            None => (1, "none".to_owned()),
        };
        table.insert("schema".to_owned(), FileKind::System.schema().into());
        table.insert("repo".to_owned(), governance.repo.to_string().into());
        table.insert("system".to_owned(), self.id.to_string().into());
        table.insert("version".to_owned(), version.into());
        table.insert("prev".to_owned(), prev.into());
        let system: System = table.try_into().map_err(|error| invalid("version", "system", &error))?;
        let (path, text) = (system.path(), codec::render(&system));
        codec::parse::<System>(&path, text.as_bytes())?;
        let problems = registry::check(&path, &system, &text);
        if problems.has_errors() {
            return Err(problems.into());
        }
        write_new_file(&self.root, &path, &text)?;
        let read = |path: &str| read_file(&self.root, path).ok().flatten();
        let hints = TrustHints::read(&read);
        let signers = hints.system_signers(&system, |signers| {
            let required = signers.owners.into_iter().cloned().collect::<Vec<_>>();
            (signers.needed, required, signers.permitted.into_iter().cloned().collect::<Vec<_>>())
        });
        let (needed, required, permitted) = signers.unwrap_or_default();
        if context.format == OutputFormat::Json {
            let answer = json!({"file": path, "needed": needed, "required": required, "permitted": permitted});
            return context.json(&answer);
        }
        writeln!(context.out, "wrote {path}")?;
        let must = if required.is_empty() { String::new() } else { format!(", among them {}", joined(&required)) };
        writeln!(context.out, "signatures needed: {needed}{must}; may sign: {}", joined(&permitted))?;
        writeln!(context.out, "next: tenure sign {path}, then merge the file with its signatures")?;
        Ok(())
    }
}

/// Returns the bytes of a file of the work tree; `None` if there is none.
fn read_file(root: &Path, path: &str) -> Result<Option<Vec<u8>>, CliError> {
    refuse_links(root, path)?;
    match fs::read(root.join(path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unwritable(path, &error).into()),
    }
}

/// Fails if a part of the path is a symbolic link.
fn refuse_links(root: &Path, path: &str) -> Result<(), CliError> {
    let mut place = root.to_path_buf();
    for part in path.split('/') {
        place.push(part);
        if place.is_symlink() {
            let problem = Diagnostic::error("file-unwritable", "a part of the path is a symbolic link");
            return Err(problem.in_file(path).help(format!("remove the link: rm {}", place.display())).into());
        }
    }
    Ok(())
}

fn unwritable(path: &str, error: &io::Error) -> Diagnostic {
    let problem = Diagnostic::error("file-unwritable", format!("the file cannot be accessed: {error}"));
    problem.in_file(path).help("check the folder systems/ in the work tree")
}
