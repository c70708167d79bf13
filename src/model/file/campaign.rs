//! `campaigns/<id>/`: what an opening freezes, how its stages were closed, and who judges for whom meanwhile.

use super::CampaignDefinition;
use crate::model::{CampaignId, Digest, ItemId, PrincipalId, RepoId, SystemId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

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
    /// The digest over who was asked, by [`asked`]: assignments are what the campaign's owners signed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest>,
    /// The digest of the principals' files as pinned.
    pub principals: Digest,
    /// The digest of the rules and profiles as pinned: lines of `<sha256>  <path>`, sorted by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Digest>,
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

/// `campaigns/<id>/stages/<n>.toml`: the stage is closed, signed by a campaign owner. What comes to main after it is late.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageClose {
    /// Always `tenure/stage-close/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The campaign it belongs to.
    pub campaign: CampaignId,
    /// The digest of that campaign's file.
    pub digest: Digest,
    /// Which stage, from 1; equals the file's name.
    pub stage: u32,
    /// The commit of the main branch that the answers were counted at.
    pub base: String,
    /// When, as the closer's clock claims.
    pub closed_at: Timestamp,
    /// How many items people answered in this stage.
    pub answered: u64,
    /// What nobody answered, sorted by item, with what that means.
    #[serde(rename = "silent", default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<NoResponseItem>,
}

/// An item that nobody answered in a stage.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoResponseItem {
    /// The item.
    pub item: ItemId,
    /// What that means.
    pub then: NoResponseOutcome,
    /// The holder, by the name people use.
    pub principal: String,
    /// What is held, by the name people use.
    pub entitlement: String,
}

/// What no response comes to when a stage is closed; never that access stays for good.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoResponseOutcome {
    /// The next stage is asked.
    Advance,
    /// Its use is stopped.
    Disable,
    /// It needs a signed exception, or a decision by a fallback.
    Except,
    /// It stays open, and the campaign does not close.
    Open,
}

impl NoResponseOutcome {
    /// Returns it as files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::Disable => "disable",
            Self::Except => "except",
            Self::Open => "open",
        }
    }
}

/// `delegations/<id>.toml`: somebody judges for somebody else in one campaign, for a time; signed by who delegates.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Always `tenure/delegation/v1`.
    pub schema: String,
    /// The repository it belongs to.
    pub repo: RepoId,
    /// The id; equals the file's name.
    pub id: PrincipalId,
    /// The campaign it is for.
    pub campaign: CampaignId,
    /// The digest of that campaign's file.
    pub digest: Digest,
    /// Whose items; they sign this.
    pub from: PrincipalId,
    /// Who judges them meanwhile; they cannot hand them on.
    pub to: PrincipalId,
    /// Only on these systems; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<SystemId>,
    /// When it ends; not after the campaign's window.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// Returns the digest over a campaign's items: lines of `<item id> <grant digest>`, sorted, each with its line end.
pub fn population<'a>(items: impl IntoIterator<Item = (&'a ItemId, &'a Digest)>) -> Digest {
    let mut all: Vec<_> = items.into_iter().collect();
    all.sort_unstable();
    let mut text = String::with_capacity(all.len() * LINE);
    for (item, grant) in all {
        // INVARIANT: a text takes whatever is written to it.
        let _ = writeln!(text, "{item} {grant}");
    }
    Digest::of(text)
}

/// Returns the digest over who was asked about what: lines of `<item id> <stage> <reviewer>`, sorted, each with its line
/// end.
pub fn asked<'a>(put: impl IntoIterator<Item = (&'a ItemId, u32, &'a PrincipalId)>) -> Digest {
    let mut all: Vec<_> = put.into_iter().collect();
    let rest = |(_, stage, reviewer): &(&ItemId, u32, &PrincipalId)| format!("{stage} {reviewer}\n");
    // Ids are of one length, so that the rest of two lines matters only where they are about one item.
    all.sort_unstable_by(|a, b| a.0.cmp(b.0).then_with(|| rest(a).cmp(&rest(b))));
    let mut text = String::with_capacity(all.len() * LINE);
    for (item, stage, reviewer) in all {
        // INVARIANT: a text takes whatever is written to it.
        let _ = writeln!(text, "{item} {stage} {reviewer}");
    }
    Digest::of(text)
}

/// About as long as a line of a digested text gets.
const LINE: usize = 96;
