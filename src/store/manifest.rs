//! Digest over all governed files of a commit.

use super::{RepoPath, RepositorySnapshot, StoreError};
use crate::{
    git::{FileMode, ObjectId, TreeFile, WalkBudget},
    model::Digest,
};
use std::{collections::HashMap, rc::Rc};

/// Digests computed for earlier manifests: of commits and of file contents, and the files of folders.
#[derive(Debug, Default)]
pub struct KnownDigests {
    manifests: HashMap<ObjectId, Digest>,
    blobs: HashMap<ObjectId, Digest>,
    folders: HashMap<ObjectId, Vec<Rc<GovernedFolder>>>,
}

/// The governed files of a folder.
#[derive(Debug)]
struct GovernedFolder {
    path: String,
    /// The lines of the files, in the order of the tree.
    lines: String,
    /// The first and the last path in it.
    ends: Option<(String, String)>,
    /// Whether the lines are sorted by path, without a path that occurs twice, as in any tree that git wrote.
    is_sorted: bool,
    /// The number of tree entries in it and below it.
    entries: usize,
    /// The number of levels below it.
    levels: usize,
}

impl GovernedFolder {
    fn add(&mut self, first: &str, last: &str, lines: &str) {
        self.lines.push_str(lines);
        let (start, before) = self.ends.take().map_or((first.to_owned(), None), |(start, end)| (start, Some(end)));
        self.is_sorted &= before.is_none_or(|before| before.as_str() < first);
        self.ends = Some((start, last.to_owned()));
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
        let manifest = if root.is_sorted { Digest::of(&root.lines) } else { self.sorted_manifest(known)? };
        known.manifests.insert(self.commit(), manifest);
        Ok(manifest)
    }

    /// Returns the manifest of a tree whose entries are not in the order of git.
    fn sorted_manifest(&self, known: &mut KnownDigests) -> Result<Digest, StoreError> {
        let files = self.list("")?.files.into_iter().filter(|file| RepoPath::of(&file.path).is_governed());
        let lines: String =
            files.map(|file| Ok(line(&file, self.digest(&file, known)?))).collect::<Result<_, StoreError>>()?;
        Ok(Digest::of(lines))
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
        let mut folder = GovernedFolder {
            path: path.to_owned(),
            lines: String::new(),
            ends: None,
            is_sorted: true,
            entries: count,
            levels: 0,
        };
        for file in listed {
            if file.mode == FileMode::Tree {
                let below = self.governed_folder(file.id, &file.path, depth + 1, budget, known)?;
                folder.entries += below.entries;
                folder.levels = folder.levels.max(below.levels + 1);
                folder.is_sorted &= below.is_sorted;
                if let Some((first, last)) = &below.ends {
                    folder.add(first, last, &below.lines);
                }
            } else if RepoPath::of(&file.path).is_governed() {
                let digest = self.digest(&file, known)?;
                folder.add(&file.path, &file.path, &line(&file, digest));
            }
        }
        let folder = Rc::new(folder);
        // The root changes with each commit.
        if depth > 0 {
            known.folders.entry(tree).or_default().push(folder.clone());
        }
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

fn line(file: &TreeFile, digest: Digest) -> String {
    format!("{}  100644  {}\n", digest.hex(), file.path)
}
