//! The final outcome of an item: verdict, target, end date and deciding file.

use crate::model::{CampaignId, Digest, ItemId, SystemId, Tier, Timestamp, Verdict, action::ActionBasis};

/// The single outcome of an item, after signatures, `supersedes` and policy. Only this module creates it, and only from
/// verified reviews.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resolution {
    /// The campaign.
    pub campaign: CampaignId,
    /// The system the grant is on.
    pub system: SystemId,
    /// The item.
    pub item: ItemId,
    /// The digest of the grant as reviewed.
    pub grant: Digest,
    /// The immutable id of the holder, `<system>:<id>`.
    pub subject: String,
    /// The tier at which the item was reviewed.
    pub tier: Tier,
    /// The verdict.
    pub verdict: Verdict,
    /// The target, for verdicts that need one.
    pub to: Option<String>,
    /// The end date, if the verdict has one.
    pub until: Option<Timestamp>,
    /// The deciding file and its signatures.
    pub basis: ActionBasis,
}
