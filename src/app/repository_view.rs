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
    store::{RepoPath, RepositorySnapshot, StoreError, Unverified},
    trust::RepositoryState,
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

/// The systems of a commit: of each, the signed version in force.
#[derive(Clone, Default)]
pub struct SystemFiles {
    /// The systems, by id.
    pub systems: BTreeMap<SystemId, System>,
    /// The digests of their versions, by id.
    pub digests: BTreeMap<SystemId, Digest>,
    /// The systems of which a signed file was changed or removed: no action is taken on them until it is restored.
    pub changed: BTreeMap<SystemId, System>,
    /// The problems of changed files and of files without a version in force, by path.
    pub refused: BTreeMap<String, Diagnostics>,
}

impl SystemFiles {
    /// Returns the systems at the commit `at`, which is the head of `governed` or a commit of main before it.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn of(repository: &Repository, governed: &RepositoryState, at: ObjectId) -> Result<Self, AppError> {
        let mut files = Self::default();
        let is_head = governed.head() == Some(at);
        for (id, versions) in governed.systems() {
            for version in versions.iter().rev() {
                let commit = version.commit();
                if is_head || governed.head() != Some(commit) && repository.merge_base(commit, at)? == Some(commit) {
                    files.systems.insert(id.clone(), version.value().clone());
                    files.digests.insert(id.clone(), version.digest());
                    break;
                }
            }
        }
        for found in governed.rejected_systems().filter(|_| is_head) {
            let file = match RepoPath::of(&found.path) {
                RepoPath::Signature { of, .. } => of,
                _ => found.path.clone(),
            };
            let RepoPath::System { system, .. } = RepoPath::of(&file) else {
                files.refused.entry(file).or_default().extend(found.diagnostics());
                continue;
            };
            if found.is_changed_file()
                && let Some(changed) = files.systems.remove(&system)
            {
                files.changed.insert(system.clone(), changed);
            }
            // A version that is not in force yet changes nothing.
            if !files.systems.contains_key(&system) {
                files.refused.entry(file).or_default().extend(found.diagnostics());
            }
        }
        Ok(files)
    }

    /// Returns the problems of a system.
    pub fn problems(&self, system: &SystemId) -> Option<Diagnostics> {
        let own = |path: &str| matches!(RepoPath::of(path), RepoPath::System { system: of, .. } if of == *system);
        let found: Diagnostics =
            self.refused.iter().filter(|(path, _)| own(path)).flat_map(|(_, found)| found.clone()).collect();
        (!found.is_empty()).then_some(found)
    }
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

    /// Takes the systems from the verified state `governed`, whose head is the commit of this view or a later one.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn with_systems(self, governed: &RepositoryState) -> Result<Self, AppError> {
        let files = SystemFiles::of(self.snapshot.repository(), governed, self.snapshot.commit());
        let files = files.map_err(|error| self.failure(error))?;
        Ok(Self { systems: OnceCell::from(files), ..self })
    }

    /// Takes the systems in force at the head of `governed`, a merge of the commit of this view into main.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn with_merged_systems(self, governed: &RepositoryState) -> Result<Self, AppError> {
        let at = governed.head().unwrap_or_else(|| self.snapshot.commit());
        let files = SystemFiles::of(self.snapshot.repository(), governed, at);
        let files = files.map_err(|error| self.failure(error))?;
        Ok(Self { systems: OnceCell::from(files), ..self })
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

    /// Returns the systems by id: of each, the signed version in force.
    ///
    /// # Errors
    /// When a signed version was changed, or none is in force. All problems are returned.
    pub fn systems(&self) -> Result<&BTreeMap<SystemId, System>, AppError> {
        let files = self.system_files()?;
        let problems: Diagnostics = files.refused.values().flat_map(Diagnostics::clone).collect();
        if problems.is_empty() { Ok(&files.systems) } else { Err(self.failure(problems.into())) }
    }

    /// As [`Self::systems`], with the problems of invalid files beside the valid ones, for work on one system that does
    /// not depend on the others.
    ///
    /// # Errors
    /// When the view has no verified state.
    pub fn system_files(&self) -> Result<&SystemFiles, AppError> {
        self.once(&self.systems, || {
            let problem = || Diagnostic::error("trust-not-established", "the systems of this commit were not verified");
            Err(problem().help("tenure check").into())
        })
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
