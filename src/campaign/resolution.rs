//! The one outcome of an item.

use crate::model::{CampaignId, Digest, ItemId, SystemId, Tier, Timestamp, Verdict, action::Basis};

/// The one outcome of an item, after signatures, `supersedes` and policy. Only this folder makes one, and only from
/// verified reviews.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resolution {
    /// The campaign.
    pub campaign: CampaignId,
    /// The system the grant is on.
    pub system: SystemId,
    /// The item decided.
    pub item: ItemId,
    /// The digest of the grant as reviewed.
    pub grant: Digest,
    /// The holder's immutable id, `<system>:<id>`.
    pub subject: String,
    /// The tier the item was reviewed at.
    pub tier: Tier,
    /// What was decided.
    pub verdict: Verdict,
    /// To what or whom, where the verdict needs it.
    pub to: Option<String>,
    /// Until when, where the verdict has an end.
    pub until: Option<Timestamp>,
    /// The file and signatures behind it.
    pub basis: Basis,
}
