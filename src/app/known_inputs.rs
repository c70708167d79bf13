//! Inputs shared by the views of several commits of one history, so that each file version is processed once.

use super::{AppError, resolutions};
use crate::{
    campaign::Resolution,
    diag::Diagnostics,
    git::{ObjectId, TreeFile},
    inventory::LoadedInventory,
    model::{Digest, SystemId, Timestamp},
    plan::IdCache,
    policy::{PackSources, PolicyPack},
    store::{KnownDigests, RepositorySnapshot},
    trust::{RepositoryState, Verified, VotingSlot},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

/// Inputs of earlier views of the same history. Later views do not read them again where they are unchanged.
#[derive(Default)]
pub struct KnownInputs {
    pub(super) digests: RefCell<KnownDigests>,
    /// The last inventory of each system, with its tree.
    pub(super) inventories: RefCell<BTreeMap<SystemId, (ObjectId, LoadedInventory)>>,
    packs: RefCell<KnownPacks>,
    resolutions: RefCell<Option<KnownResolutions>>,
    pub(super) ids: IdCache,
}

/// The resolutions, with all files that determine them.
type KnownResolutions = (Vec<ResolutionInput>, Rc<[Resolution]>);

/// A signed file that determines resolutions: a campaign, a stage close or a review. The commit determines the items
/// and assignments of a campaign.
#[derive(Eq, PartialEq)]
struct ResolutionInput {
    commit: ObjectId,
    path: String,
    digest: Digest,
    signers: Vec<String>,
    slots: Vec<VotingSlot>,
}

impl ResolutionInput {
    fn of<T>(file: &Verified<T>, slots: &[VotingSlot]) -> Self {
        let (path, slots) = (file.path().to_owned(), slots.to_vec());
        Self { commit: file.commit(), path, digest: file.digest(), signers: file.names(), slots }
    }
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

impl KnownInputs {
    /// Returns the resolutions of all decisions at no time, or those of an earlier state with the same campaigns, stage
    /// closes and reviews.
    pub(super) fn resolutions(&self, governed: &RepositoryState) -> Rc<[Resolution]> {
        let mut inputs = Vec::new();
        for (id, opening) in governed.openings() {
            inputs.push(ResolutionInput::of(opening.campaign(), &[]));
            inputs.extend(opening.closes().iter().map(|close| ResolutionInput::of(close, &[])));
            inputs.extend(governed.answers(id).map(|(review, slots)| ResolutionInput::of(review, slots)));
        }
        let mut last = self.resolutions.borrow_mut();
        if let Some((of, known)) = &*last
            && *of == inputs
        {
            return Rc::clone(known);
        }
        let known: Rc<[Resolution]> = resolutions(governed, Timestamp::from_unix(0)).into();
        *last = Some((inputs, Rc::clone(&known)));
        known
    }
}

/// Returns whether a file belongs to a pack. A file that cannot be read does, so that the problem is reported.
fn is_part(snapshot: RepositorySnapshot<'_>, file: &TreeFile) -> bool {
    let Ok(blob) = snapshot.repository().blob(file.id, MAX_POLICY_FILE) else { return true };
    let mut sources = PackSources::default();
    sources.add_file(&file.path, &blob).is_err() || sources.has_files()
}

/// Returns the compiled rules of these files.
///
/// # Errors
/// When a file or an expression is invalid.
pub(super) fn compile_pack(
    snapshot: RepositorySnapshot<'_>,
    files: &[TreeFile],
    profiles: &[String],
) -> Result<PolicyPack, AppError> {
    let mut sources = PackSources::default();
    let mut problems = Diagnostics::new();
    for file in files {
        let blob = snapshot.repository().blob(file.id, MAX_POLICY_FILE)?;
        if let Err(found) = sources.add_file(&file.path, &blob) {
            problems.extend(found);
        }
    }
    if problems.has_errors() {
        return Err(problems.into());
    }
    Ok(PolicyPack::compile(sources, profiles)?)
}

const MAX_POLICY_FILE: u64 = 256 * 1024;
