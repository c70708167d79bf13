//! The governed files from which the files of the Git host are generated.

use super::{CODEOWNERS, CodeownersInputs, ForgeError, WorkflowError, WorkflowInputs, code_owners, workflows};
use crate::{
    connector::registry::variables,
    diag::Diagnostic,
    format::{codec, ssh_keys::PublicKey},
    model::{
        Digest, Handle, PrincipalId, SystemId,
        file::{Governance, GovernedFile, Principals, Root, System},
    },
    store::{RepoPath, RepositorySnapshot},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// Source of governed files: a commit, the work tree, or files that are still to be written.
pub trait GovernedFiles {
    /// Returns the bytes of a file, or `None` if it does not exist.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ForgeError>;

    /// Returns the paths of the files directly in a folder, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<String>, ForgeError>;

    /// Returns the paths of the files in a folder and directly in its folders.
    ///
    /// # Errors
    /// When a folder cannot be read.
    fn list_all(&self, folder: &str) -> Result<Vec<String>, ForgeError> {
        self.list(folder)
    }
}

impl GovernedFiles for RepositorySnapshot<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        Ok(self.bytes(path, MAX_FILE)?)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ForgeError> {
        let listed = RepositorySnapshot::list(self, folder)?;
        let mut paths: Vec<_> = listed.files.into_iter().map(|file| file.path).collect();
        paths.sort();
        Ok(paths)
    }
}

impl GovernedFiles for &Path {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        match fs::read(self.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Diagnostic::error("file-unreadable", format!("the file cannot be read: {error}"))
                .in_file(path)
                .into()),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ForgeError> {
        let failed = |error: io::Error| {
            Diagnostic::error("file-unreadable", format!("the folder cannot be read: {error}")).in_file(folder)
        };
        let entries = match fs::read_dir(self.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error).into()),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            paths.extend(name.into_string().ok().map(|name| format!("{folder}/{name}")));
        }
        paths.sort();
        Ok(paths)
    }

    fn list_all(&self, folder: &str) -> Result<Vec<String>, ForgeError> {
        let mut paths = self.list(folder)?;
        let folders: Vec<String> = paths.extract_if(.., |path| self.join(path.as_str()).is_dir()).collect();
        for folder in folders {
            paths.extend(self.list(&folder)?);
        }
        Ok(paths)
    }
}

/// The content of the governed files that generated files depend on.
pub struct ForgeInputs {
    governance: Governance,
    root: Digest,
    founders: BTreeSet<PrincipalId>,
    handles: BTreeMap<PrincipalId, Handle>,
    systems: BTreeMap<SystemId, System>,
}

impl ForgeInputs {
    /// Reads the governed files.
    ///
    /// # Errors
    /// When a file is missing or invalid.
    pub fn read(files: &dyn GovernedFiles) -> Result<Self, ForgeError> {
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
            let file: Principals = codec::parse(&path, &bytes)?;
            for entry in file.principals {
                if let Some(handle) = entry.handle {
                    handles.entry(entry.id).or_insert(handle);
                }
            }
        }
        let mut systems = BTreeMap::new();
        let mut newest: BTreeMap<SystemId, u32> = BTreeMap::new();
        for path in files.list_all("systems")? {
            let RepoPath::System { system, version } = RepoPath::of(&path) else { continue };
            newest.entry(system).and_modify(|known| *known = version.max(*known)).or_insert(version);
        }
        for (id, version) in newest {
            let system: System = one(files, &format!("systems/{id}/{version}.toml"))?;
            if !system.is_retired() {
                systems.insert(id, system);
            }
        }
        Ok(Self { governance, root: Digest::of(first), founders, handles, systems })
    }

    /// Returns the path and the content of `.github/CODEOWNERS`.
    pub fn owners(&self) -> (String, String) {
        let routing = CodeownersInputs {
            founders: self.founders.clone(),
            everybody: &self.governance.code_owners,
            systems: &self.systems,
            handles: &self.handles,
        };
        (CODEOWNERS.to_owned(), code_owners(&routing))
    }

    /// Returns the workflow files with their paths.
    ///
    /// # Errors
    /// When governance.toml names no release of the engine, or a value cannot be written safely to a workflow.
    pub fn workflows(&self) -> Result<Vec<(String, String)>, ForgeError> {
        let engine = self.governance.engine.as_ref().ok_or_else(|| {
            let problem = Diagnostic::error("no-engine", "[engine] is missing: jobs have no release to install");
            problem.in_file("governance.toml").help(
                "add [engine] with version, url and digest of a release; `tenure schema governance` shows the format",
            )
        })?;
        let inputs = WorkflowInputs { root: self.root, engine, systems: &self.systems };
        workflows(inputs).map_err(|error| refused(&error).into())
    }
}

impl ForgeInputs {
    /// Returns the names of the secrets that the generated workflows pass to the systems.
    pub fn secrets(&self) -> Vec<String> {
        let both = [false, true].into_iter();
        both.flat_map(|readback| self.systems.values().flat_map(move |system| variables(system, readback))).collect()
    }
}

fn refused(error: &WorkflowError) -> Diagnostic {
    let help = match error {
        WorkflowError::Engine { .. } => "tenure schema governance",
        WorkflowError::TooMany(_) => "divide the systems between two governed repositories",
        WorkflowError::Variable { .. } => {
            "use capitals, digits and underscores, and no name that GitHub, git or the shell uses"
        }
    };
    Diagnostic::error("no-workflow", error.to_string()).help(help)
}

fn one<T: GovernedFile>(files: &dyn GovernedFiles, path: &str) -> Result<T, ForgeError> {
    let bytes = files.read(path)?.ok_or_else(|| missing(path))?;
    Ok(codec::parse(path, &bytes)?)
}

fn missing(path: &str) -> Diagnostic {
    Diagnostic::error("file-missing", format!("there is no {path} here"))
        .help("git pull; in a new repository, `tenure init` writes it")
}

fn version(path: &str) -> Option<u32> {
    path.rsplit('/').next()?.strip_suffix(".toml")?.parse().ok()
}

pub(super) const MAX_FILE: u64 = 16 << 20;
