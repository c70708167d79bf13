//! The review files of one person as they lie in the work tree, and what may be done with each.

use crate::model::{
    ItemId, Timestamp,
    file::{Item, Review},
};
use std::collections::BTreeMap;

/// A review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ReviewFile {
    /// Where it lies, or will lie.
    pub(super) path: String,
    /// What it says.
    pub(super) review: Review,
    /// What may be done with it.
    pub(super) standing: ReviewFileState,
    /// When answers are due.
    pub(super) due: Timestamp,
    /// Why nothing can be decided in it at all, if so.
    pub(super) bar: Option<String>,
    /// The place of the paper that takes decisions on its items, where it does not take them itself.
    pub(super) next: Option<usize>,
}

/// What may be done with a review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ReviewFileState {
    /// It was put to somebody for whom this person decides: as a delegate, as whom they handed it on to, as a fallback.
    Lent,
    /// It takes what is decided on items of signed files, and is there only while something is decided in it.
    Next,
    /// Nobody has signed it: decisions go into it.
    Open,
    /// It is signed, so its bytes stay; decisions go into the next file.
    Signed {
        /// How a later decision names it.
        reference: String,
        /// Whether it is on main, where what is in force is known.
        merged: bool,
    },
    /// Somebody else decided in it, and this person signs the same bytes or not.
    ToCosign,
}

impl ReviewFile {
    /// Returns whether it would be nothing but a head: such a file is not written.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.standing, ReviewFileState::Next) && self.review.items.is_empty()
    }

    /// Returns whether decisions on the items of a file like `head` may go into this one: the same people sign both.
    pub(super) fn takes(&self, head: &Review) -> bool {
        let of = |review: &Review| {
            let who = (review.reviewer.clone(), review.cosigners.clone());
            (review.campaign.clone(), review.system.clone(), review.stage(), who)
        };
        self.standing == ReviewFileState::Next && of(&self.review) == of(head)
    }

    /// Returns whether there is something in it to sign.
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

/// Returns the item as it was put to review: with nothing decided.
pub(super) fn undecided(item: &Item) -> Item {
    Item { decision: None, to: None, until: None, reason: String::new(), supersedes: None, ..item.clone() }
}

/// Returns which items of a file are not as their campaign put them to review; an item may be put to several.
pub(super) fn altered<'a>(review: &'a Review, opened: &BTreeMap<ItemId, Vec<Item>>) -> Vec<&'a ItemId> {
    let is_one = |item: &Item| opened.get(&item.id).is_some_and(|put| put.contains(&undecided(item)));
    review.items.iter().filter(|item| !is_one(item)).map(|item| &item.id).collect()
}
