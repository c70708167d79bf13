//! Digest over all governed files of a commit.

use super::{RepoPath, RepositorySnapshot, StoreError};
use crate::{
    git::{FileMode, ObjectId, TreeFile, WalkBudget},
    model::Digest,
};
use std::{collections::HashMap, fmt::Write as _, rc::Rc};

/// Digests computed for earlier manifests: of commits and of file contents, and the files of folders.
#[derive(Debug, Default)]
pub struct KnownDigests {
    manifests: HashMap<ObjectId, Digest>,
    blobs: HashMap<ObjectId, Digest>,
    folders: HashMap<ObjectId, Vec<Rc<GovernedFolder>>>,
}

/// The governed files of a folder.
#[derive(Debug, Default)]
struct GovernedFolder {
    path: String,
    files: Vec<(TreeFile, Digest)>,
    folders: Vec<Rc<Self>>,
    /// The number of tree entries in it and below it.
    entries: usize,
    /// The number of levels below it.
    levels: usize,
}

impl GovernedFolder {
    fn gather<'f>(&'f self, files: &mut Vec<&'f (TreeFile, Digest)>) {
        files.extend(&self.files);
        self.folders.iter().for_each(|folder| folder.gather(files));
    }
}

impl RepositorySnapshot<'_> {
    /// Returns the digest over all governed files: lines of `<sha256>  <mode>  <path>`, sorted by path. It binds a run
    /// to the bytes of the files, not to git's SHA-1 ids.
    ///
    /// # Errors
    /// When a governed file cannot be read.
    pub fn manifest(&self) -> Result<Digest, StoreError> {
        self.manifest_with(&mut KnownDigests::default())
    }

    /// As [`Self::manifest`], for several commits of one history: each commit, each version of a folder and each file
    /// version is read once.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub fn manifest_with(&self, known: &mut KnownDigests) -> Result<Digest, StoreError> {
        if let Some(manifest) = known.manifests.get(&self.commit()) {
            return Ok(*manifest);
        }
        let tree = self.repository().tree_of(self.commit())?;
        let root = self.governed_folder(tree, "", 0, &mut WalkBudget::of(tree), known)?;
        let mut files = Vec::new();
        root.gather(&mut files);
        files.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut text = String::with_capacity(files.len() * 160);
        for (file, digest) in files {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}  100644  {}", digest.hex(), file.path);
        }
        let manifest = Digest::of(text);
        known.manifests.insert(self.commit(), manifest);
        Ok(manifest)
    }

    fn governed_folder(
        &self,
        tree: ObjectId,
        path: &str,
        depth: usize,
        budget: &mut WalkBudget,
        known: &mut KnownDigests,
    ) -> Result<Rc<GovernedFolder>, StoreError> {
        if let Some(found) = known.folders.get(&tree).and_then(|same| same.iter().find(|folder| folder.path == path)) {
            budget.spend(found.entries, depth + found.levels)?;
            return Ok(found.clone());
        }
        let (listed, count) = self.repository().folder(tree, path)?;
        budget.spend(count, depth)?;
        let mut folder = GovernedFolder { path: path.to_owned(), entries: count, ..GovernedFolder::default() };
        for file in listed {
            if file.mode == FileMode::Tree {
                let below = self.governed_folder(file.id, &file.path, depth + 1, budget, known)?;
                folder.entries += below.entries;
                folder.levels = folder.levels.max(below.levels + 1);
                folder.folders.push(below);
            } else if RepoPath::of(&file.path).is_governed() {
                let digest = self.digest(&file, known)?;
                folder.files.push((file, digest));
            }
        }
        let folder = Rc::new(folder);
        known.folders.entry(tree).or_default().push(folder.clone());
        Ok(folder)
    }

    fn digest(&self, file: &TreeFile, known: &mut KnownDigests) -> Result<Digest, StoreError> {
        if file.mode != FileMode::Plain {
            return Err(StoreError::Mode { path: file.path.clone(), mode: file.mode.to_string() });
        }
        if let Some(digest) = known.blobs.get(&file.id) {
            return Ok(*digest);
        }
        let digest = self.repository().with_blob(file.id, u64::MAX, |bytes| Digest::of(bytes))?;
        known.blobs.insert(file.id, digest);
        Ok(digest)
    }
}
