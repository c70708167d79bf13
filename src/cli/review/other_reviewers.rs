//! Items of other reviewers that this person may decide: as a delegate, as the target of a reassignment, or as a
//! fallback.

use super::{load::SessionLoader, review_file::ReviewFileOnDisk};
use crate::{
    campaign::{current_stage, folder},
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
    /// Whether the stages left the items undecided, so that a fallback decides them after the close.
    pub(super) is_settlement: bool,
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
        let mut handed = self.handed_on();
        let settled = self.fallback_items(now);
        let (late, open): (BTreeSet<_>, BTreeSet<_>) =
            settled.into_iter().partition(|(stage, _)| *stage <= self.opening.closed());
        handed.extend(open);
        if from.is_empty() && handed.is_empty() && late.is_empty() {
            return Ok(Vec::new());
        }
        let mut taken = BTreeSet::new();
        let known: BTreeSet<&ItemId> = own.iter().flat_map(|file| &file.review.items).map(|item| &item.id).collect();
        let opened = RepositorySnapshot::at(&self.session.repository, campaign.commit());
        let mut lent = Vec::new();
        for file in opened.list(&format!("{}/reviews", folder(&campaign.value().id)))?.files {
            if !matches!(RepoPath::of(&file.path), RepoPath::Review { .. }) {
                continue;
            }
            let mut review: Review = opened.read(&file.path)?.into_value();
            let (whole, stage) = (from.contains(&review.reviewer), review.stage());
            let mut settled = review.clone();
            settled.items.retain(|item| late.contains(&(stage, item.id)) && taken.insert((stage, item.id)));
            if !settled.items.is_empty() {
                lent.push(DelegatedReview { path: file.path.clone(), review: settled, is_settlement: true });
            }
            review.items.retain(|item| {
                let mine = whole || handed.contains(&(stage, item.id));
                mine && !known.contains(&item.id) && taken.insert((stage, item.id))
            });
            if !review.items.is_empty() && review.reviewer != *self.reviewer {
                lent.push(DelegatedReview { path: file.path, review, is_settlement: false });
            }
        }
        Ok(lent)
    }

    /// Returns whether this person may decide items of others now: as a delegate, after a reassignment, or as a fallback.
    pub(super) fn represents_others(&self, now: Timestamp) -> bool {
        let digest = self.opening.campaign().digest();
        let delegations = self.session.governed.delegations();
        delegations.iter().any(|one| one.to == *self.reviewer && one.digest == digest && one.until > now)
            || !self.handed_on().is_empty()
            || !self.fallback_items(now).is_empty()
    }

    /// Returns the items that this person may decide as a fallback, by stage: those that the closed stages left
    /// undecided; in the open stage those that are late, or in which a reviewer did not decide.
    pub(super) fn fallback_items(&self, now: Timestamp) -> BTreeSet<(u32, ItemId)> {
        if !self.opening.campaign().definition.is_fallback(self.reviewer) {
            return BTreeSet::new();
        }
        let open = current_stage(self.opening);
        let stage_of = |item: &ItemId| {
            if let Some(stage) = self.opening.unsettled_in(item) {
                return Some(stage);
            }
            let (stage, _, ends) = open?;
            if !self.opening.course(item).reached(stage) || self.opening.is_decided_in(item, stage) {
                return None;
            }
            let kinship = self.session.governed.kinship();
            let is_due = |reviewer: &PrincipalId| now >= ends || !kinship.is_active_until(reviewer, now);
            let late = self.opening.missing(item, stage).iter().any(is_due);
            (late || self.opening.is_abstained(item, stage)).then_some(stage)
        };
        let items = self.opening.items().filter_map(|item| Some((stage_of(item)?, *item)));
        items.filter(|(_, item)| self.opening.settlers(item).contains(&self.reviewer)).collect()
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
