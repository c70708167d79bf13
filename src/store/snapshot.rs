//! A governed repository at one commit, read from the object database and never from a work tree.

use super::{
    error::StoreError,
    layout::RepoPath,
    unverified::{SignatureFile, Unverified},
};
use crate::{
    diag::Diagnostics,
    format::{codec, limits::MAX_FILE},
    git::{FileMode, ObjectId, Repository, TreeFile, TreeListing},
    model::{
        PrincipalId,
        file::{FileKind, GovernedFile, Principals},
    },
};
use std::collections::BTreeMap;

/// A governed repository at one commit.
#[derive(Clone, Copy)]
pub struct RepositorySnapshot<'r> {
    repository: &'r Repository,
    commit: ObjectId,
}

impl<'r> RepositorySnapshot<'r> {
    /// Returns the repository at `commit`.
    pub const fn at(repository: &'r Repository, commit: ObjectId) -> Self {
        Self { repository, commit }
    }

    /// Returns the commit.
    pub const fn commit(&self) -> ObjectId {
        self.commit
    }

    /// Returns the repository.
    pub const fn repository(&self) -> &'r Repository {
        self.repository
    }

    /// Returns all files at and below `prefix`, sorted, and the unsafe names.
    ///
    /// # Errors
    /// When git fails.
    pub fn list(&self, prefix: &str) -> Result<TreeListing, StoreError> {
        Ok(self.repository.list(self.commit, prefix)?)
    }

    /// Returns the bytes of a governed file of any size up to `limit`, or `None` when it does not exist.
    ///
    /// # Errors
    /// When it is not a plain file, or larger.
    pub fn bytes(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = self.repository.file(self.commit, path)? else { return Ok(None) };
        self.blob(&file, limit).map(Some)
    }

    /// Returns the bytes of a listed file.
    ///
    /// # Errors
    /// When it is not a plain file, or larger than `limit`.
    pub fn blob(&self, file: &TreeFile, limit: u64) -> Result<Vec<u8>, StoreError> {
        if file.mode != FileMode::Plain {
            return Err(StoreError::Mode { path: file.path.clone(), mode: file.mode.to_string() });
        }
        Ok(self.repository.blob(file.id, limit)?)
    }

    /// Returns a governed file that must exist, in canonical form, with the signatures beside it.
    ///
    /// # Errors
    /// When it is missing, not a plain file, or not acceptable in form.
    pub fn read<T: GovernedFile>(&self, path: &str) -> Result<Unverified<T>, StoreError> {
        let file = self.repository.file(self.commit, path)?.ok_or_else(|| StoreError::Missing(path.to_owned()))?;
        let signatures = if RepoPath::of(path).namespace().is_some() { self.signatures(path)? } else { Vec::new() };
        self.open(&file, signatures)
    }

    fn open<T: GovernedFile>(
        &self,
        file: &TreeFile,
        signatures: Vec<SignatureFile>,
    ) -> Result<Unverified<T>, StoreError> {
        let (path, bytes) = (file.path.clone(), self.blob(file, LIMIT)?);
        match codec::parse(&path, &bytes) {
            Ok(value) => Ok(Unverified::new(value, bytes, path, signatures)),
            Err(problems) => Err(StoreError::Form { path, problems }),
        }
    }

    /// Returns the content of a governed file that needs no signature, or `None` when it does not exist.
    ///
    /// # Errors
    /// When it is not a plain file, or not acceptable in form.
    pub fn read_if_there<T: GovernedFile>(&self, path: &str) -> Result<Option<T>, StoreError> {
        match self.read(path) {
            Ok(file) => Ok(Some(file.into_value())),
            Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the content of all governed files of one kind below `folder`, sorted by path.
    ///
    /// # Errors
    /// When one of them is not acceptable, or is at an unexpected path.
    pub fn read_all<T: GovernedFile>(&self, folder: &str) -> Result<Vec<Unverified<T>>, StoreError> {
        let (found, refused) = self.read_each(folder)?;
        refused.into_iter().next().map_or(Ok(found), |(_, error)| Err(error))
    }

    /// As [`Self::read_all`], with the files that are not acceptable or at an unexpected path, each with its error.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn read_each<T: GovernedFile>(&self, folder: &str) -> Result<(Vec<Unverified<T>>, RefusedFiles), StoreError> {
        let listing = self.list(folder)?;
        let hazards = listing.hazards.into_iter().map(|hazard| hazard.path);
        let mut refused: RefusedFiles = hazards.map(|path| (path.clone(), StoreError::Place(path))).collect();
        // One listing serves all files: a search beside each file would have quadratic cost.
        let mut beside: BTreeMap<String, Vec<SignatureFile>> = BTreeMap::new();
        let mut found = Vec::new();
        for file in listing.files {
            match RepoPath::of(&file.path) {
                RepoPath::Misplaced => refused.push((file.path.clone(), StoreError::Place(file.path))),
                RepoPath::Signature { of, signer } if RepoPath::of(&of).kind() == Some(T::KIND) => {
                    match self.signature(file, &signer) {
                        Ok(signature) => beside.entry(of).or_default().push(signature),
                        Err(error) => refused.push((of, error)),
                    }
                }
                place if place.kind() == Some(T::KIND) => found.push(file),
                RepoPath::Policy(_) if self.says_it_is(&file, T::KIND)? => found.push(file),
                _ => {}
            }
        }
        let mut accepted = Vec::new();
        for file in found {
            match self.open(&file, beside.remove(&file.path).unwrap_or_default()) {
                Ok(file) => accepted.push(file),
                Err(error) => refused.push((file.path, error)),
            }
        }
        Ok((accepted, refused))
    }

    /// Returns the content of all files of one kind below `folder`, each with its path, sorted by path. All of them
    /// were accepted before: neither their form nor their signatures are checked again.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn read_again<T: GovernedFile>(&self, folder: &str) -> Result<Vec<(String, T)>, StoreError> {
        let listed = self.list(folder)?.files.into_iter();
        let read = |file: TreeFile| {
            let bytes = self.blob(&file, LIMIT)?;
            match codec::reparse_unchecked(&file.path, &bytes) {
                Ok(value) => Ok((file.path, value)),
                Err(problems) => Err(StoreError::Form { path: file.path, problems }),
            }
        };
        listed.filter(|file| RepoPath::of(&file.path).kind() == Some(T::KIND)).map(read).collect()
    }

    /// Returns all principals of `principals.toml` and `principals/`.
    ///
    /// # Errors
    /// When a file is not acceptable.
    pub fn principals(&self) -> Result<Vec<Principals>, StoreError> {
        let mut all: Vec<Principals> = self.read_if_there("principals.toml")?.into_iter().collect();
        all.extend(self.read_all::<Principals>("principals")?.into_iter().map(Unverified::into_value));
        Ok(all)
    }

    /// Returns the signature files beside `path`, sorted by path.
    ///
    /// # Errors
    /// When one of them is not a plain file of at most 4 KiB.
    pub fn signatures(&self, path: &str) -> Result<Vec<SignatureFile>, StoreError> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut found = Vec::new();
        for file in self.list(folder)?.files {
            if let RepoPath::Signature { of, signer } = RepoPath::of(&file.path)
                && of == path
            {
                found.push(self.signature(file, &signer)?);
            }
        }
        Ok(found)
    }

    fn signature(&self, file: TreeFile, signer: &PrincipalId) -> Result<SignatureFile, StoreError> {
        let bytes = self.blob(&file, MAX_SIGNATURE)?;
        Ok(SignatureFile { signer: signer.to_string(), path: file.path, bytes })
    }

    fn says_it_is(&self, file: &TreeFile, kind: FileKind) -> Result<bool, StoreError> {
        let bytes = self.blob(file, LIMIT)?;
        Ok(kind_of(&file.path, &bytes).is_ok_and(|found| found == kind))
    }
}

/// Files that are not acceptable, each with its path and the error.
pub type RefusedFiles = Vec<(String, StoreError)>;

/// Returns the kind of a governed TOML file: the kind of its path, or for a policy the kind that its `schema` names.
///
/// # Errors
/// When neither the path nor the file determines a kind.
pub fn kind_of(path: &str, bytes: &[u8]) -> Result<FileKind, Diagnostics> {
    match RepoPath::of(path).kind() {
        Some(kind) => Ok(kind),
        None => codec::kind(path, &String::from_utf8_lossy(bytes)),
    }
}

/// One byte more than the maximum size of a governed file, so that a larger file is rejected with a specific message.
const LIMIT: u64 = MAX_FILE as u64;
const MAX_SIGNATURE: u64 = 4096;
