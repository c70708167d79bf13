//! Campaigns: the definition people write, and the campaign that its opening freezes.

use crate::model::{
    CampaignId, Digest, GrantKind, ItemId, PrincipalId, RepoId, SystemId, Tier, Timestamp, file::PrincipalKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `policies/<name>.toml`: what a campaign is about, to be opened again and again.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignDefinition {
    /// Always `tenure/campaign-definition/v1`.
    pub schema: String,
    /// What the campaign is called.
    pub title: String,
    /// How many days reviewers have.
    pub window_days: u32,
    /// The oldest an inventory may be on opening, in days.
    pub fresh_days: u32,
    /// Who reviews an item that has no owner, or whose owner would review themselves.
    pub fallback: PrincipalId,
    /// Who reviews what the fallback may not.
    pub second_fallback: PrincipalId,
    /// What no response means; never `certify`.
    pub on_silence: Silence,
    /// Which grants; one that any selector takes is in.
    #[serde(rename = "select")]
    pub selectors: Vec<Selector>,
}

/// Which grants a campaign takes: those that meet every condition given; an empty list is no condition.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// These systems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<SystemId>,
    /// These kinds of grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GrantKind>,
    /// These kinds of principals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalKind>,
    /// These tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Not used for this many days before the inventory; unknown use is taken too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<u32>,
    /// Only grants of principals without a living owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_owner: Option<bool>,
}

/// What no response means.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Silence {
    /// The item stays open and the campaign cannot close.
    Open,
}

/// `campaigns/<id>/campaign.toml`: frozen on opening, signed by a campaign owner.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Always `tenure/campaign/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The id; equals the folder's name.
    pub id: CampaignId,
    /// The file it was opened from.
    pub from: String,
    /// The commit of the main branch that holds the pinned inventory, policies and principals.
    pub base: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the window ends.
    pub closes_at: Timestamp,
    /// How many items it has.
    pub items: u64,
    /// The digest over all items: lines of `<item id> <grant digest>`, sorted.
    pub population: Digest,
    /// The digest of the principals' files as pinned.
    pub principals: Digest,
    /// The definition, frozen.
    pub definition: CampaignDefinition,
    /// What each system contributes, sorted by system.
    #[serde(rename = "system")]
    pub systems: Vec<Population>,
}

/// What one system contributes to a campaign.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// The system.
    pub system: SystemId,
    /// When its inventory was observed.
    pub observed_at: Timestamp,
    /// The digest of its observation file, which binds the grants' files.
    pub observation: Digest,
    /// The git tree of `inventory/<system>` as pinned.
    pub tree: String,
    /// How many grants its inventory has.
    pub grants: u64,
    /// How many of them are items.
    pub items: u64,
}

/// Returns the digest over a campaign's items: lines of `<item id> <grant digest>`, sorted, each with its line end.
pub fn population<'a>(items: impl IntoIterator<Item = (&'a ItemId, &'a Digest)>) -> Digest {
    let mut lines: Vec<String> = items.into_iter().map(|(item, grant)| format!("{item} {grant}\n")).collect();
    lines.sort_unstable();
    Digest::of(lines.concat())
}
