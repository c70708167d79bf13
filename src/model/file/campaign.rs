//! Files below `campaigns/<id>/` and `delegations/`: the frozen campaign, the closes of its stages, and delegations.

use super::{CampaignDefinition, LogPosition};
use crate::model::{CampaignId, Digest, ItemId, PrincipalId, RepoId, SystemId, Timestamp, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// `campaigns/<id>/campaign.toml`: frozen on opening, signed by a campaign owner.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Always `tenure/campaign/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The id; equals the folder's name.
    pub id: CampaignId,
    /// The definition file that the campaign was opened from.
    pub from: String,
    /// The commit of the main branch with the pinned inventory, policies and principals.
    pub base: String,
    /// The opening time.
    pub opened_at: Timestamp,
    /// The end of the review window.
    pub closes_at: Timestamp,
    /// The number of items.
    pub items: u64,
    /// The digest over all items: lines of `<item id> <grant digest>`, sorted.
    pub population: Digest,
    /// The digest of all assignments, which makes them part of the signature of the campaign owners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignments: Option<Digest>,
    /// The digest of the pinned principals files.
    pub principals: Digest,
    /// The digest of the pinned rules and profiles: lines of `<sha256>  <path>`, sorted by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Digest>,
    /// The position of the evidence log at the opening; absent while the log is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<LogPosition>,
    /// The definition, frozen.
    pub definition: CampaignDefinition,
    /// The population of each system, sorted by system.
    #[serde(rename = "system")]
    pub systems: Vec<Population>,
}

/// The part of a campaign's population on one system.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// The system.
    pub system: SystemId,
    /// The digest of its version in force, `systems/<system>/N.toml`.
    pub system_version: Digest,
    /// The time at which its inventory was observed.
    pub observed_at: Timestamp,
    /// The digest of its observation file, which binds the grant files.
    pub observation: Digest,
    /// The git tree of the pinned `inventory/<system>`.
    pub tree: String,
    /// The number of grants in its inventory.
    pub grants: u64,
    /// The number of grants that are items.
    pub items: u64,
    /// The digest of its worklists as published: lines of `<sha256>  <path>`, sorted by path. Each SHA-256 is that of a
    /// review file without the line `digest`, and without decisions.
    pub worklists: Digest,
}

/// `campaigns/<id>/stages/<n>.toml`: the close of a stage, signed by a campaign owner. Decisions merged afterwards are
/// late.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageClose {
    /// Always `tenure/stage-close/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The digest of the campaign's file.
    pub digest: Digest,
    /// The stage, counted from 1; equals the file's name.
    pub stage: u32,
    /// The commit of the main branch at which the answers were counted.
    pub base: String,
    /// The time of the close, by the clock of the signer.
    pub closed_at: Timestamp,
    /// The number of items that reviewers answered in this stage.
    pub answered: u64,
    /// The items without a response that the file does not list, if there are too many for one file. All of them have
    /// the only consequence that the definition sets, or the one that keeps the access for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<UnlistedItems>,
    /// The items without a response, sorted, each with its consequence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_response: Vec<NoResponseItem>,
}

/// The number and the digest of items without a response that a stage close does not list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnlistedItems {
    /// The number of items.
    pub items: u64,
    /// The digest of lines of `<item> <outcome>`, sorted by item.
    pub digest: Digest,
}

impl UnlistedItems {
    /// Returns the number and the digest of these items, in any order.
    pub fn of<'i>(items: impl IntoIterator<Item = (&'i ItemId, NoResponseOutcome)>) -> Self {
        let mut lines: Vec<String> =
            items.into_iter().map(|(item, outcome)| format!("{item} {}\n", outcome.as_str())).collect();
        lines.sort_unstable();
        Self { items: lines.len() as u64, digest: Digest::of(lines.concat()) }
    }
}

/// An item without a response in a stage.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoResponseItem {
    /// The item.
    pub item: ItemId,
    /// The consequence.
    pub outcome: NoResponseOutcome,
    /// The display name of the principal.
    pub principal: String,
    /// The display name of the entitlement.
    pub entitlement: String,
}

/// The consequence of no response when a stage is closed. Access is never kept permanently.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoResponseOutcome {
    /// The item goes to the next stage.
    Advance,
    /// The access is disabled.
    Disable,
    /// The item needs a signed exception, or a decision by a fallback reviewer.
    Except,
    /// The item stays open, and the campaign cannot be closed.
    Open,
    /// The access is revoked.
    Revoke,
}

impl NoResponseOutcome {
    /// Returns the spelling in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::Disable => "disable",
            Self::Except => "except",
            Self::Open => "open",
            Self::Revoke => "revoke",
        }
    }

    /// Returns the verdict that removes the access; `None` if the outcome keeps it for now.
    pub const fn removal(self) -> Option<Verdict> {
        match self {
            Self::Advance | Self::Except | Self::Open => None,
            Self::Disable => Some(Verdict::Disable),
            Self::Revoke => Some(Verdict::Revoke),
        }
    }
}

/// `delegations/<id>.toml`: a reviewer lets another one decide in one campaign for a limited time; signed by the
/// delegating reviewer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// Always `tenure/delegation/v1`.
    pub schema: String,
    /// The id of the repository.
    pub repo: RepoId,
    /// The id; equals the file's name.
    pub id: PrincipalId,
    /// The campaign it is for.
    pub campaign: CampaignId,
    /// The digest of the campaign's file.
    pub digest: Digest,
    /// The reviewer whose items are delegated, and who signs this file.
    pub from: PrincipalId,
    /// The reviewer who decides instead; delegated items cannot be reassigned.
    pub to: PrincipalId,
    /// The systems to which the delegation is limited; all systems when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<SystemId>,
    /// The end of the delegation; not after the end of the review window.
    pub until: Timestamp,
    /// The reason.
    pub reason: String,
}

/// Returns the digest of a set of files: SHA-256 over lines `<sha256>  <path>`, sorted by path, each with its line end.
pub fn files_digest<'a>(files: impl IntoIterator<Item = (&'a str, Digest)>) -> Digest {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let mut text = String::with_capacity(files.len() * 2 * LINE);
    for (path, digest) in files {
        // INVARIANT: writing to a `String` does not fail.
        let _ = writeln!(text, "{}  {path}", digest.hex());
    }
    Digest::of(text)
}

/// Returns the digest over a campaign's items: lines of `<item id> <grant digest>`, sorted, each with its line end.
pub fn population<'a>(items: impl IntoIterator<Item = (&'a ItemId, &'a Digest)>) -> Digest {
    let mut all: Vec<_> = items.into_iter().collect();
    all.sort_unstable();
    let mut text = String::with_capacity(all.len() * LINE);
    for (item, grant) in all {
        // INVARIANT: writing to a `String` does not fail.
        let _ = writeln!(text, "{item} {grant}");
    }
    Digest::of(text)
}

/// Returns the digest of all assignments: lines of `<item id> <stage> <reviewer>`, sorted, each with its line end.
pub fn assignments_digest<'a>(put: impl IntoIterator<Item = (&'a ItemId, u32, &'a PrincipalId)>) -> Digest {
    let mut all: Vec<_> = put.into_iter().collect();
    let rest = |(_, stage, reviewer): &(&ItemId, u32, &PrincipalId)| format!("{stage} {reviewer}\n");
    // Ids have a fixed length, so the rest of two lines matters only when they are about the same item.
    all.sort_unstable_by(|a, b| a.0.cmp(b.0).then_with(|| rest(a).cmp(&rest(b))));
    let mut text = String::with_capacity(all.len() * LINE);
    for (item, stage, reviewer) in all {
        // INVARIANT: writing to a `String` does not fail.
        let _ = writeln!(text, "{item} {stage} {reviewer}");
    }
    Digest::of(text)
}

/// The approximate maximum length of a line in a digested text.
const LINE: usize = 96;
