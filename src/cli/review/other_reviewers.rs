//! Items of other reviewers that this person may decide: as a delegate, as the target of a reassignment, or as a
//! fallback.

use super::{load::SessionLoader, review_file::ReviewFileOnDisk};
use crate::{
    campaign::folder,
    cli::CliError,
    model::{ItemId, PrincipalId, Timestamp, file::Review},
    store::{RepoPath, RepositorySnapshot},
};
use std::collections::BTreeSet;

/// A review file of another reviewer, with the items that this person may decide.
pub(super) struct DelegatedReview {
    /// The path.
    pub(super) path: String,
    /// The content, as published.
    pub(super) review: Review,
}

impl SessionLoader<'_> {
    /// Returns the files of other reviewers with the items that this person may decide.
    ///
    /// # Errors
    /// When the published campaign cannot be read.
    pub(super) fn lent(&self, own: &[ReviewFileOnDisk], now: Timestamp) -> Result<Vec<DelegatedReview>, CliError> {
        let campaign = self.opening.campaign();
        let from: BTreeSet<&PrincipalId> = self
            .session
            .governed
            .delegations()
            .iter()
            .map(|delegation| delegation.value())
            .filter(|one| one.to == *self.reviewer && one.digest == campaign.digest() && one.until > now)
            .map(|one| &one.from)
            .collect();
        let handed = self.handed_on();
        if from.is_empty() && handed.is_empty() {
            return Ok(Vec::new());
        }
        let known: BTreeSet<&ItemId> = own.iter().flat_map(|file| &file.review.items).map(|item| &item.id).collect();
        let opened = RepositorySnapshot::at(&self.session.repository, campaign.commit());
        let mut lent = Vec::new();
        for file in opened.list(&format!("{}/reviews", folder(&campaign.value().id)))?.files {
            if !matches!(RepoPath::of(&file.path), RepoPath::Review { .. }) {
                continue;
            }
            let mut review: Review = opened.read(&file.path)?.into_value();
            let (whole, stage) = (from.contains(&review.reviewer), review.stage());
            review.items.retain(|item| {
                let mine = whole || handed.contains(&(stage, item.id));
                mine && !known.contains(&item.id)
            });
            if !review.items.is_empty() && review.reviewer != *self.reviewer {
                lent.push(DelegatedReview { path: file.path, review });
            }
        }
        Ok(lent)
    }

    /// Returns the open items that were reassigned to this person, by stage.
    fn handed_on(&self) -> BTreeSet<(u32, ItemId)> {
        let me = self.reviewer.as_str();
        let stage = self.opening.closed() + 1;
        let waits = |item: &&ItemId| {
            let bound = self.opening.bound(item).iter();
            bound.filter(|bound| bound.stage == stage).any(|bound| bound.to.as_deref() == Some(me))
                && self.opening.missing(item, stage).contains(self.reviewer)
        };
        self.opening.items().filter(waits).map(|item| (stage, *item)).collect()
    }
}
