//! Computes the minimal set of campaign data needed to verify a change.

use super::{base_state::MAX_FILE, open_campaign::decided, verify_review::is_part};
use crate::{
    format::codec,
    git::{FileMode, GitError, ObjectId, Repository, TreeDiff},
    model::{
        CampaignId, Digest, ItemId, PrincipalId, SystemId, Verdict,
        file::{Delegation, Item, Review},
    },
    store::RepoPath,
};
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a campaign that a change needs.
#[derive(Default)]
pub(super) struct RequiredContext {
    pub(super) systems: BTreeSet<SystemId>,
    /// The touched reviews, which are usually worklists with decisions filled in.
    pub(super) paths: BTreeSet<String>,
    /// The items of the touched reviews.
    pub(super) items: BTreeSet<ItemId>,
    /// The reviewers who decide in them.
    pub(super) reviewers: BTreeSet<PrincipalId>,
    /// Whether more than the own assignments is needed: for later stages and reassigned items.
    pub(super) others: bool,
    /// Whether all assignments are needed.
    pub(super) everybody: bool,
    /// Whether all items are needed, as for a stage close.
    pub(super) whole: bool,
}

/// Returns the required context of each campaign that a change touches.
pub(super) fn required_context(
    repository: &Repository,
    head: ObjectId,
    changes: &TreeDiff,
) -> Result<BTreeMap<CampaignId, RequiredContext>, GitError> {
    let mut all: BTreeMap<CampaignId, RequiredContext> = BTreeMap::new();
    let touched: BTreeSet<String> = changes
        .files
        .iter()
        .map(|change| match RepoPath::of(change.path()) {
            RepoPath::Signature { of, .. } => of,
            _ => change.path().to_owned(),
        })
        .collect();
    for path in &touched {
        match RepoPath::of(path) {
            RepoPath::Campaign(campaign) => drop(all.entry(campaign).or_default()),
            RepoPath::StageClose { campaign, .. } => all.entry(campaign).or_default().whole = true,
            RepoPath::Delegation(_) => {
                if let Some(delegation) = at::<Delegation>(repository, head, path)? {
                    all.entry(delegation.campaign).or_default().everybody = true;
                }
            }
            RepoPath::Review { campaign, system, .. } => {
                let wanted = all.entry(campaign).or_default();
                wanted.systems.insert(system);
                wanted.paths.insert(path.clone());
                if let Some(review) = at::<Review>(repository, head, path)? {
                    wanted.others |= review.stage() > 1 || decided(&review).any(|item| concerns_others(&review, item));
                    wanted.reviewers.insert(review.reviewer);
                    wanted.items.extend(review.items.into_iter().map(|item| item.id));
                }
            }
            _ => {}
        }
    }
    Ok(all)
}

/// Returns the folders whose signed files a change needs.
pub(super) fn folders(changes: &TreeDiff, wanted: &BTreeMap<CampaignId, RequiredContext>) -> BTreeSet<String> {
    let mut folders = BTreeSet::new();
    for change in &changes.files {
        let signed = match RepoPath::of(change.path()) {
            RepoPath::Signature { of, .. } => RepoPath::of(&of),
            place => place,
        };
        match signed {
            RepoPath::Attestation(_) => drop(folders.insert("attestations".to_owned())),
            RepoPath::Delegation(_) => drop(folders.insert("delegations".to_owned())),
            RepoPath::Exception(_) => drop(folders.insert("exceptions".to_owned())),
            RepoPath::Proof { exception, .. } => {
                folders.extend(["exceptions".to_owned(), format!("proofs/{exception}")]);
            }
            _ => {}
        }
    }
    for (campaign, wanted) in wanted {
        folders.extend(["delegations".to_owned(), format!("campaigns/{campaign}/stages")]);
        folders.extend(wanted.reviews(campaign));
    }
    folders
}

impl RequiredContext {
    /// Adds an item of a system.
    pub(super) fn add_item(&mut self, system: Option<SystemId>, item: &ItemId) {
        self.systems.extend(system);
        self.items.insert(*item);
    }

    pub(super) fn reviews(&self, campaign: &CampaignId) -> Vec<String> {
        if self.whole {
            return vec![format!("campaigns/{campaign}/reviews")];
        }
        self.systems.iter().map(|system| format!("campaigns/{campaign}/reviews/{system}")).collect()
    }

    /// Returns whether a canonical review contains a relevant item; cheaper than parsing, which follows only then.
    fn mentions(&self, bytes: &[u8]) -> bool {
        self.whole
            || bytes.split(|byte| *byte == b'\n').any(|line| {
                let id = line.strip_prefix(b"id = \"").and_then(|rest| rest.strip_suffix(b"\""));
                let id = id.and_then(|id| ItemId::parse(std::str::from_utf8(id).ok()?).ok());
                id.is_some_and(|id| self.items.contains(&id))
            })
    }

    /// Returns a review with its relevant items, if it has any.
    pub(super) fn read(
        &self,
        repository: &Repository,
        path: &str,
        blob: ObjectId,
    ) -> Result<Option<SignedReviewOnMain>, GitError> {
        let bytes = repository.blob(blob, MAX_FILE)?;
        if !self.mentions(&bytes) {
            return Ok(None);
        }
        let Ok(mut review) = codec::parse::<Review>(path, &bytes) else { return Ok(None) };
        review.items.retain(|item| self.whole || self.items.contains(&item.id));
        Ok(Some(SignedReviewOnMain { path: path.to_owned(), digest: Digest::of(&bytes), review }))
    }
}

/// A review on main.
pub(super) struct SignedReviewOnMain {
    pub(super) path: String,
    pub(super) digest: Digest,
    pub(super) review: Review,
}

/// Returns whether a decision reassigns an item, or replaces that of another reviewer.
fn concerns_others(review: &Review, item: &Item) -> bool {
    let names_own = |names: &String| match RepoPath::of(names.split('@').next().unwrap_or_default()) {
        RepoPath::Review { stem, .. } => is_part(&stem, review.reviewer.as_str()),
        _ => false,
    };
    item.decision == Some(Verdict::Abstain) || !item.supersedes.as_ref().is_none_or(names_own)
}

/// Returns a file at a commit; `None` if it cannot be read.
fn at<T: crate::model::file::GovernedFile>(
    repository: &Repository,
    commit: ObjectId,
    path: &str,
) -> Result<Option<T>, GitError> {
    let Some(file) = repository.file(commit, path)?.filter(|file| file.mode == FileMode::Plain) else {
        return Ok(None);
    };
    let Ok(bytes) = repository.blob(file.id, MAX_FILE) else { return Ok(None) };
    Ok(codec::parse::<T>(path, &bytes).ok())
}
