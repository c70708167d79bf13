//! Inputs shared by the views of several commits of one history, so that each file version is processed once.

use super::{AppError, repository_view::compile_pack};
use crate::{
    git::{ObjectId, TreeFile},
    inventory::LoadedInventory,
    model::SystemId,
    policy::{PackSources, PolicyPack},
    store::{KnownDigests, RepositorySnapshot},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

/// Inputs of earlier views of the same history. Later views do not read them again where they are unchanged.
#[derive(Default)]
pub struct KnownInputs {
    pub(super) digests: RefCell<KnownDigests>,
    /// The last inventory of each system, with its tree.
    pub(super) inventories: RefCell<BTreeMap<SystemId, (ObjectId, LoadedInventory)>>,
    packs: RefCell<KnownPacks>,
}

/// The last compiled pack, and which files belong to a pack.
#[derive(Default)]
struct KnownPacks {
    parts: HashMap<(String, ObjectId), bool>,
    last: Option<(Vec<TreeFile>, Vec<String>, PolicyPack)>,
}

impl KnownInputs {
    /// Returns the pack of these files with these profiles, or that of an earlier view if its files are the same.
    ///
    /// # Errors
    /// When a file or an expression is invalid.
    pub(super) fn pack(
        &self,
        snapshot: RepositorySnapshot<'_>,
        mut files: Vec<TreeFile>,
        profiles: Vec<String>,
    ) -> Result<PolicyPack, AppError> {
        let KnownPacks { parts, last } = &mut *self.packs.borrow_mut();
        for file in &files {
            let key = (file.path.clone(), file.id);
            if let std::collections::hash_map::Entry::Vacant(vacant) = parts.entry(key) {
                vacant.insert(is_part(snapshot, file));
            }
        }
        files.retain(|file| parts.get(&(file.path.clone(), file.id)) != Some(&false));
        if let Some((known, active, pack)) = last
            && (&*known, &*active) == (&files, &profiles)
        {
            return Ok(pack.clone());
        }
        let pack = compile_pack(snapshot, &files, &profiles)?;
        *last = Some((files, profiles, pack.clone()));
        Ok(pack)
    }
}

/// Returns whether a file belongs to a pack. A file that cannot be read does, so that the problem is reported.
fn is_part(snapshot: RepositorySnapshot<'_>, file: &TreeFile) -> bool {
    let Ok(blob) = snapshot.repository().blob(file.id, super::repository_view::MAX_POLICY_FILE) else { return true };
    let mut sources = PackSources::default();
    sources.add_file(&file.path, &blob).is_err() || sources.has_files()
}
