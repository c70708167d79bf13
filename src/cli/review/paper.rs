//! The review files of one person as they lie in the work tree, and what may be done with each.

use crate::model::{
    ItemId, Timestamp,
    file::{Item, Review},
};
use std::collections::BTreeMap;

/// A review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Paper {
    /// Where it lies, or will lie.
    pub(super) path: String,
    /// What it says.
    pub(super) review: Review,
    /// What may be done with it.
    pub(super) standing: Standing,
    /// When answers are due.
    pub(super) due: Timestamp,
    /// Why nothing can be decided in it at all, if so.
    pub(super) bar: Option<String>,
}

/// What may be done with a review file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// It takes what is decided on items of signed files, and is there only while something is decided in it.
    Next,
    /// Nobody has signed it: decisions go into it.
    Open,
    /// It is signed, so its bytes stay; decisions go into the next file.
    Signed {
        /// How a later decision names it.
        reference: String,
    },
    /// Somebody else decided in it, and this person signs the same bytes or not.
    ToCosign,
}

impl Paper {
    /// Returns whether it would be nothing but a head: such a file is not written.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.standing, Standing::Next) && self.review.items.is_empty()
    }

    /// Returns whether decisions on items of the other paper may go into this one: the same people sign both.
    pub(super) fn follows(&self, other: &Self) -> bool {
        let of = |paper: &Self| {
            let review = &paper.review;
            let who = (review.reviewer.clone(), review.cosigners.clone());
            (review.campaign.clone(), review.system.clone(), review.stage(), who)
        };
        self.standing == Standing::Next && of(self) == of(other)
    }

    /// Returns whether there is something in it to sign.
    pub(super) fn can_be_signed(&self) -> bool {
        match self.standing {
            Standing::Next | Standing::Open => {
                self.bar.is_none() && self.review.items.iter().any(|item| item.decision.is_some())
            }
            Standing::Signed { .. } => false,
            Standing::ToCosign => self.bar.is_none(),
        }
    }
}

/// Returns the item as it was put to review: with nothing decided.
pub(super) fn undecided(item: &Item) -> Item {
    Item { decision: None, to: None, until: None, reason: String::new(), supersedes: None, ..item.clone() }
}

/// Returns which items of a file are not as their campaign put them to review.
pub(super) fn altered<'a>(review: &'a Review, opened: &BTreeMap<ItemId, Item>) -> Vec<&'a ItemId> {
    let differs = |item: &&Item| opened.get(&item.id).is_none_or(|as_opened| *as_opened != undecided(item));
    review.items.iter().filter(differs).map(|item| &item.id).collect()
}
