//! The inputs of commands at one commit: systems, inventories, principals and rules.

use super::{
    AppError,
    known_inputs::{KnownInputs, compile_pack},
};
use crate::{
    diag::{Diagnostic, Diagnostics},
    git::{ObjectId, Repository},
    inventory::{self, IdentityDirectory, LoadError, LoadedInventory},
    model::{
        Digest, Finding, SystemId,
        file::{Governance, Principals, System, files_digest},
    },
    policy::PolicyPack,
    store::{RepositorySnapshot, StoreError, Unverified, check_system_name},
};
use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
};

/// The principals of a commit.
pub struct Identities {
    /// The directory of principals.
    pub people: IdentityDirectory,
    /// The findings across the principals files.
    pub findings: Vec<Finding>,
    /// The digest of the principals files.
    pub digest: Digest,
}

/// The system files of a commit.
#[derive(Default)]
pub struct SystemFiles {
    /// The systems with a valid file, by id.
    pub systems: BTreeMap<SystemId, System>,
    /// The problems of the other files, by path.
    pub refused: BTreeMap<String, Diagnostics>,
}

/// A governed repository at one commit. Each part is loaded when it is first requested, and once.
///
/// An input that cannot be read is an error that names the file and what depends on it. Nothing is skipped: an
/// inventory is absent only if the commit has none.
pub struct RepositoryView<'r> {
    snapshot: RepositorySnapshot<'r>,
    dependent: String,
    known: Option<&'r KnownInputs>,
    systems: OnceCell<SystemFiles>,
    inventories: RefCell<BTreeMap<SystemId, Option<LoadedInventory>>>,
    identities: OnceCell<Identities>,
    pack: OnceCell<PolicyPack>,
}

impl<'r> RepositoryView<'r> {
    /// Returns the repository at `commit`. `dependent` names what the inputs are for, such as "the plan", in errors.
    pub fn at(repository: &'r Repository, commit: ObjectId, dependent: impl Into<String>) -> Self {
        Self {
            snapshot: RepositorySnapshot::at(repository, commit),
            dependent: dependent.into(),
            known: None,
            systems: OnceCell::new(),
            inventories: RefCell::default(),
            identities: OnceCell::new(),
            pack: OnceCell::new(),
        }
    }

    /// Shares inputs with other views of the same history.
    pub const fn with_known(mut self, known: &'r KnownInputs) -> Self {
        self.known = Some(known);
        self
    }

    /// Returns the inputs shared with other views, if there are any.
    pub(super) const fn known(&self) -> Option<&'r KnownInputs> {
        self.known
    }

    /// Returns the digest over all governed files.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn manifest(&self) -> Result<Digest, AppError> {
        Ok(match self.known {
            Some(known) => self.snapshot.manifest_with(&mut known.digests.borrow_mut())?,
            None => self.snapshot.manifest()?,
        })
    }

    /// Returns the files of the commit.
    pub const fn snapshot(&self) -> RepositorySnapshot<'r> {
        self.snapshot
    }

    /// Returns the systems by id.
    ///
    /// # Errors
    /// When a file is invalid, or its name differs from the name of its system. All problems are returned.
    pub fn systems(&self) -> Result<&BTreeMap<SystemId, System>, AppError> {
        let files = self.system_files()?;
        let problems: Diagnostics = files.refused.values().flat_map(Diagnostics::clone).collect();
        if problems.is_empty() { Ok(&files.systems) } else { Err(self.failure(problems.into())) }
    }

    /// As [`Self::systems`], with the problems of invalid files beside the valid ones, for work on one system that does
    /// not depend on the others.
    ///
    /// # Errors
    /// When the files cannot be listed.
    pub fn system_files(&self) -> Result<&SystemFiles, AppError> {
        self.once(&self.systems, || system_files(self.snapshot))
    }

    /// Returns the inventory of a system; `None` if the commit has none.
    ///
    /// # Errors
    /// When it cannot be read, or its files contradict each other.
    pub fn inventory(&self, system: &SystemId) -> Result<Option<LoadedInventory>, AppError> {
        if let Some(known) = self.inventories.borrow().get(system) {
            return Ok(known.clone());
        }
        let loaded = match self.load_inventory(system) {
            Ok(loaded) => Some(loaded),
            Err(LoadError::Missing(_)) => None,
            Err(error) => return Err(self.failure(AppError::inventory(system, &error))),
        };
        self.inventories.borrow_mut().insert(system.clone(), loaded.clone());
        Ok(loaded)
    }

    /// Loads an inventory, or returns that of an earlier view if its tree is the same.
    fn load_inventory(&self, system: &SystemId) -> Result<LoadedInventory, LoadError> {
        let snapshot = self.snapshot;
        let tree = self.known.and_then(|known| {
            let tree = snapshot.repository().file(snapshot.commit(), &inventory::folder(system)).ok()??;
            Some((known, tree.id))
        });
        let Some((known, tree)) = tree else { return inventory::load(&snapshot, system) };
        if let Some((of, loaded)) = known.inventories.borrow().get(system)
            && *of == tree
        {
            return Ok(loaded.clone());
        }
        let loaded = inventory::load(&snapshot, system)?;
        known.inventories.borrow_mut().insert(system.clone(), (tree, loaded.clone()));
        Ok(loaded)
    }

    /// As [`Self::inventory`], for an inventory that must exist.
    ///
    /// # Errors
    /// When it does not exist, or cannot be read.
    pub fn required_inventory(&self, system: &SystemId) -> Result<LoadedInventory, AppError> {
        let missing = || self.failure(AppError::inventory(system, &LoadError::Missing(system.clone())));
        self.inventory(system)?.ok_or_else(missing)
    }

    /// Returns the inventories of those of the systems that have one.
    ///
    /// # Errors
    /// When an inventory cannot be read. All problems are returned.
    pub fn inventories<'a>(
        &self,
        systems: impl IntoIterator<Item = &'a SystemId>,
    ) -> Result<BTreeMap<SystemId, LoadedInventory>, AppError> {
        let (mut inventories, mut problems) = (BTreeMap::new(), Diagnostics::new());
        for system in systems {
            match self.inventory(system) {
                Ok(loaded) => inventories.extend(loaded.map(|loaded| (system.clone(), loaded))),
                Err(error) => problems.extend(error.problems),
            }
        }
        if problems.has_errors() { Err(problems.into()) } else { Ok(inventories) }
    }

    /// Returns the principals.
    ///
    /// # Errors
    /// When a principals file is invalid.
    pub fn identities(&self) -> Result<&Identities, AppError> {
        self.once(&self.identities, || identities(self.snapshot))
    }

    /// Returns the compiled rules with the active profiles; an empty pack if there are no rules.
    ///
    /// # Errors
    /// When a file or an expression is invalid.
    pub fn pack(&self) -> Result<&PolicyPack, AppError> {
        self.once(&self.pack, || pack(self.snapshot, self.known))
    }

    /// Returns the value of a cell, and loads it on first use.
    fn once<'c, T>(
        &self,
        cell: &'c OnceCell<T>,
        load: impl FnOnce() -> Result<T, AppError>,
    ) -> Result<&'c T, AppError> {
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let value = load().map_err(|error| self.failure(error))?;
        Ok(cell.get_or_init(|| value))
    }

    fn failure(&self, error: AppError) -> AppError {
        error.required_by(&self.dependent)
    }
}

fn system_files(snapshot: RepositorySnapshot<'_>) -> Result<SystemFiles, AppError> {
    let (accepted, refused) = snapshot.read_each::<System>("systems")?;
    let mut files = SystemFiles::default();
    for (path, error) in refused {
        let problems: Diagnostics = match error {
            StoreError::Mode { .. } | StoreError::Place(_) => {
                let problem = Diagnostic::error("store-unreadable", error.to_string()).in_file(path.as_str());
                problem.help("git rm it, or rename it to systems/ID.toml, with the id of the system").into()
            }
            error => AppError::from(error).problems,
        };
        files.refused.entry(path).or_default().extend(problems);
    }
    for file in accepted {
        match check_system_name(file.path(), file.value()) {
            Some(problem) => files.refused.entry(file.path().to_owned()).or_default().push(problem),
            None => {
                let system = file.into_value();
                files.systems.insert(system.system.clone(), system);
            }
        }
    }
    Ok(files)
}

fn identities(snapshot: RepositorySnapshot<'_>) -> Result<Identities, AppError> {
    let mut files: Vec<Unverified<Principals>> = match snapshot.read("principals.toml") {
        Ok(file) => vec![file],
        Err(StoreError::Missing(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    files.extend(snapshot.read_all::<Principals>("principals")?);
    let digest = files_digest(files.iter().map(|file| (file.path(), file.digest())));
    let (people, findings) = IdentityDirectory::new(files.iter().map(|file| (file.path(), file.value().clone())));
    Ok(Identities { people, findings, digest })
}

fn pack(snapshot: RepositorySnapshot<'_>, known: Option<&KnownInputs>) -> Result<PolicyPack, AppError> {
    let files = snapshot.list("policies")?.files;
    let governance: Option<Governance> = snapshot.read_if_there("governance.toml")?;
    let profiles = governance.map(|governance| governance.profiles).unwrap_or_default();
    match known {
        Some(known) => known.pack(snapshot, files, profiles),
        None => compile_pack(snapshot, &files, &profiles),
    }
}
