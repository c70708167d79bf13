//! Uncommitted data of the work tree: systems, inventories, principals and rules.

use crate::{
    cli::{CliError, CommandContext},
    diag::{Diagnostic, Diagnostics},
    format::codec,
    git::Repository,
    inventory::{self, IdentityDirectory, LoadError, LoadedInventory, SodAnalysis, WorkTree, inventories},
    model::{
        Finding, SystemId,
        file::{Governance, GovernedFile, Principals, System},
    },
    policy::{PackSources, PolicyPack},
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The data of the work tree.
pub(super) struct WorkTreeData {
    /// The path of the work tree.
    pub(super) root: PathBuf,
    /// The systems.
    pub(super) systems: BTreeMap<SystemId, System>,
    /// The inventories of the systems.
    pub(super) inventories: BTreeMap<SystemId, LoadedInventory>,
    /// The principals' files, by path.
    pub(super) files: BTreeMap<String, Principals>,
    /// The directory of principals.
    pub(super) people: IdentityDirectory,
    /// The findings across the principals files.
    pub(super) findings: Vec<Finding>,
    /// The active profiles.
    pub(super) profiles: Vec<String>,
    /// The separation-of-duties violations.
    pub(super) separation: SodAnalysis,
}

impl WorkTreeData {
    /// Reads the work tree.
    ///
    /// # Errors
    /// When there is no work tree, or one of its files is invalid.
    pub(super) fn open(context: &CommandContext) -> Result<Self, CliError> {
        let repository = Repository::discover(&context.directory)?;
        let root = repository.work_tree().map(Path::to_path_buf).ok_or_else(|| {
            CliError::from(
                Diagnostic::error("no-work-tree", "this repository is bare: it has no files")
                    .help("clone it with git clone, without --bare"),
            )
        })?;
        let mut problems = Diagnostics::new();
        let systems = newest_systems(&root, &mut problems)?;
        let mut files = folder::<Principals>(&root, "principals", &mut problems)?;
        files.extend(one::<Principals>(&root, "principals.toml", &mut problems)?);
        let mut inventories_here = BTreeMap::new();
        for id in systems.keys() {
            match inventory::load(&WorkTree::new(&root), id) {
                Ok(loaded) => drop(inventories_here.insert(id.clone(), loaded)),
                Err(LoadError::Missing(_)) => {}
                Err(error) => problems.extend(error.diagnostics(id)),
            }
        }
        let governance = one::<Governance>(&root, "governance.toml", &mut problems)?;
        let profiles = governance.map(|(_, governance)| governance.profiles).unwrap_or_default();
        let mut sources = PackSources::default();
        for (path, bytes) in texts(&root, "policies")? {
            if let Err(found) = sources.add_file(&path, &bytes) {
                problems.extend(found);
            }
        }
        if problems.has_errors() {
            return Err(problems.into());
        }
        let pack = PolicyPack::compile(sources, &profiles)?;
        let (people, findings) = IdentityDirectory::new(files.iter().map(|(path, file)| (path.as_str(), file.clone())));
        let separation = SodAnalysis::judge(inventories(&inventories_here), &people, &pack.pairs());
        Ok(Self { root, systems, inventories: inventories_here, files, people, findings, profiles, separation })
    }

    /// Returns the inventories.
    pub(super) fn inventories(&self) -> Vec<&LoadedInventory> {
        self.inventories.values().collect()
    }
}

/// Returns the newest version of each system, signed or not.
fn newest_systems(root: &Path, problems: &mut Diagnostics) -> Result<BTreeMap<SystemId, System>, CliError> {
    let mut systems: BTreeMap<SystemId, System> = BTreeMap::new();
    let entries = match fs::read_dir(root.join("systems")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(systems),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let name = format!("systems/{}", entry.file_name().to_string_lossy());
        for system in folder::<System>(root, &name, problems)?.into_values() {
            let known = systems.get(&system.system).map_or(0, |known| known.version);
            if system.version > known {
                systems.insert(system.system.clone(), system);
            }
        }
    }
    Ok(systems)
}

fn folder<T: GovernedFile>(
    root: &Path,
    name: &str,
    problems: &mut Diagnostics,
) -> Result<BTreeMap<String, T>, CliError> {
    let mut files = BTreeMap::new();
    for (path, bytes) in texts(root, name)? {
        match codec::parse::<T>(&path, &bytes) {
            Ok(file) => drop(files.insert(path, file)),
            Err(found) => problems.extend(found),
        }
    }
    Ok(files)
}

fn one<T: GovernedFile>(root: &Path, path: &str, problems: &mut Diagnostics) -> Result<Option<(String, T)>, CliError> {
    let bytes = match fs::read(root.join(path)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match codec::parse::<T>(path, &bytes) {
        Ok(file) => Ok(Some((path.to_owned(), file))),
        Err(found) => {
            problems.extend(found);
            Ok(None)
        }
    }
}

/// Returns the TOML files of a folder, by path from the root; symbolic links are not followed.
fn texts(root: &Path, name: &str) -> Result<BTreeMap<String, Vec<u8>>, CliError> {
    let mut files = BTreeMap::new();
    let entries = match fs::read_dir(root.join(name)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && file.ends_with(".toml") {
            files.insert(format!("{name}/{file}"), fs::read(entry.path())?);
        }
    }
    Ok(files)
}
