//! Review files of one person in the work tree, and their states: unsigned, signed, to cosign, or of another reviewer.

use crate::format::blank_worklist::blank_item;
use crate::model::{
    CampaignId, Digest, ItemId, Timestamp,
    file::{Item, Review},
};
use std::collections::BTreeMap;

/// A review file of the work tree.
pub(super) struct ReviewFileOnDisk {
    /// The path.
    pub(super) path: String,
    /// The campaign.
    pub(super) campaign: CampaignId,
    /// The content.
    pub(super) review: Review,
    /// The digest of the bytes.
    pub(super) digest: Digest,
}

/// A review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ReviewFile {
    /// The path.
    pub(super) path: String,
    /// The content.
    pub(super) review: Review,
    /// The state.
    pub(super) standing: ReviewFileState,
    /// Due time of responses.
    pub(super) due: Timestamp,
    /// The reason why no item in it can be decided, if any.
    pub(super) bar: Option<String>,
    /// The index of the file for decisions on its items, if they go into another file.
    pub(super) next: Option<usize>,
}

/// The state of a review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ReviewFileState {
    /// A file of another reviewer for whom this person decides: as a delegate, after a reassignment, or as a fallback.
    Lent,
    /// A file for new decisions on items of signed files; it exists only while it has decisions.
    Next,
    /// An unsigned file; decisions go into it.
    Open,
    /// A signed, immutable file; decisions go into the next file.
    Signed {
        /// The reference for `supersedes`.
        reference: String,
        /// Whether the file is on main.
        merged: bool,
    },
    /// A file decided by another reviewer, for this person to cosign.
    ToCosign,
}

impl ReviewFile {
    /// Returns whether it has no items; such a file is not written.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.standing, ReviewFileState::Next) && self.review.items.is_empty()
    }

    /// Returns whether decisions on the items of a file with the header `head` may go into this file: both have the
    /// same signers.
    pub(super) fn takes(&self, head: &Review) -> bool {
        let of = |review: &Review| {
            let who = (review.reviewer.clone(), review.cosigners.clone());
            (review.campaign.clone(), review.system.clone(), review.stage(), who)
        };
        self.standing == ReviewFileState::Next && of(&self.review) == of(head)
    }

    /// Returns whether it has decisions to sign.
    pub(super) fn can_be_signed(&self) -> bool {
        match self.standing {
            ReviewFileState::Next | ReviewFileState::Open => {
                self.bar.is_none() && self.review.items.iter().any(|item| item.decision.is_some())
            }
            ReviewFileState::Lent | ReviewFileState::Signed { .. } => false,
            ReviewFileState::ToCosign => self.bar.is_none(),
        }
    }
}

/// Returns the items of a file that differ from the published ones; an item may be published for several reviewers.
pub(super) fn altered<'a>(review: &'a Review, opened: &BTreeMap<ItemId, Vec<Item>>) -> Vec<&'a ItemId> {
    let is_one = |item: &Item| opened.get(&item.id).is_some_and(|put| put.contains(&blank_item(item)));
    review.items.iter().filter(|item| !is_one(item)).map(|item| &item.id).collect()
}
