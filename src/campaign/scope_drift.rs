//! What changed in the selected scope since a campaign froze its population, and what became of each change.

use super::{CampaignContext, Roll};
use crate::{
    diag::{Diagnostic, Diagnostics},
    model::{CampaignId, Digest, Grant, GrantKey, ItemId, SystemId, Tier},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// How a grant is not as it was pinned.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantDrift {
    /// It was not there.
    Added,
    /// It gives more than it did, or by more paths, or is told apart by other attributes.
    Raised,
    /// It is gone.
    Removed,
}

impl fmt::Display for GrantDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Raised => "raised",
            Self::Removed => "removed",
        })
    }
}

/// What became of a change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftDisposition {
    /// Another campaign put it to review as it is now.
    Campaign(CampaignId),
    /// A decision of this campaign asked for it.
    Decision(ItemId),
    /// A signed exception lets it stand.
    Exception(String),
    /// There is nothing left to review.
    Gone,
    /// The engine made this credential in the place of another one.
    Successor,
}

impl fmt::Display for DriftDisposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Campaign(id) => write!(f, "put to review by {id}"),
            Self::Decision(item) => write!(f, "decided on: {item}"),
            Self::Exception(id) => write!(f, "stands by exception {id}"),
            Self::Gone => f.write_str("nothing left to review"),
            Self::Successor => f.write_str("made by the engine in the place of another one"),
        }
    }
}

/// One grant in the selected scope that is not as it was pinned.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ChangedGrant {
    /// The system.
    pub system: SystemId,
    /// The grant.
    pub grant: GrantKey,
    /// Its holder, `<system>:<immutable id>`.
    pub subject: String,
    /// How it changed.
    pub change: GrantDrift,
    /// The tier, the worse of before and now.
    pub tier: Tier,
    /// The holder, by the name people use.
    pub principal: String,
    /// What is held, by the name people use.
    pub entitlement: String,
    /// What became of it; nothing while nobody has looked.
    pub disposition: Option<DriftDisposition>,
}

/// What may have become of changes.
#[derive(Clone, Debug, Default)]
pub struct DriftDispositions {
    /// Items of this campaign that the engine has acted on.
    pub decided: BTreeSet<ItemId>,
    /// Credentials the engine made.
    pub successors: BTreeSet<GrantKey>,
    /// Grants that others let stand or put to review, by digest: an exception or a later campaign.
    pub accepted: BTreeMap<Digest, DriftDisposition>,
}

/// Returns what is not as `pinned` had it, over the same selectors, sorted by system and key; what only lost something on the
/// way is no change to look at. `now` is the population as the definition selects it today.
pub fn changes(
    pinned: (&Roll<'_>, &CampaignContext<'_>),
    now: (&Roll<'_>, &CampaignContext<'_>),
    disposals: &DriftDispositions,
) -> Vec<ChangedGrant> {
    let mut changes = Vec::new();
    for (item, member) in now.0.items() {
        let grant = member.grant;
        let before = of(pinned.1, grant);
        let change = match before {
            None => GrantDrift::Added,
            Some(before) if grant.only_lost_paths(before) => continue,
            Some(_) => GrantDrift::Raised,
        };
        let tier = pinned.0.get(item).map_or(member.tier, |before| before.tier.min(member.tier));
        changes.push(ChangedGrant { disposition: disposals.of(item, grant, change), ..changed(grant, change, tier) });
    }
    for (item, member) in pinned.0.items() {
        if of(now.1, member.grant).is_none() {
            let removed = changed(member.grant, GrantDrift::Removed, member.tier);
            changes
                .push(ChangedGrant { disposition: disposals.of(item, member.grant, GrantDrift::Removed), ..removed });
        }
    }
    changes.sort_by(|a, b| (&a.system, &a.grant).cmp(&(&b.system, &b.grant)));
    changes
}

/// Returns why the campaign cannot close: changes that nobody has looked at, each with the next command.
pub fn pending_drift(campaign: &CampaignId, changes: &[ChangedGrant]) -> Diagnostics {
    let open = changes.iter().filter(|change| change.disposition.is_none());
    let say = |change: &ChangedGrant| {
        let ChangedGrant { system, entitlement, principal, .. } = change;
        let message = format!(
            "`{entitlement}` of `{principal}` on `{system}` was {} since the population was frozen, and nobody has looked",
            change.change
        );
        let help = format!("`tenure campaign late {campaign}` puts it to review; or sign an exception for it");
        Diagnostic::error("population-changed", message).help(help)
    };
    open.map(say).collect()
}

fn of<'a>(setting: &CampaignContext<'a>, grant: &Grant) -> Option<&'a Grant> {
    setting.inventories.get(&grant.system)?.inventory.grant(&grant.key)
}

fn changed(grant: &Grant, change: GrantDrift, tier: Tier) -> ChangedGrant {
    ChangedGrant {
        system: grant.system.clone(),
        grant: grant.key.clone(),
        subject: super::population::subject(grant),
        change,
        tier,
        principal: grant.principal.name.clone(),
        entitlement: format!("{} {}", grant.kind, grant.entitlement.name),
        disposition: None,
    }
}

impl DriftDispositions {
    fn of(&self, item: &ItemId, grant: &Grant, change: GrantDrift) -> Option<DriftDisposition> {
        if self.decided.contains(item) {
            return Some(DriftDisposition::Decision(*item));
        }
        if change == GrantDrift::Removed {
            return Some(DriftDisposition::Gone);
        }
        if self.successors.contains(&grant.key) {
            return Some(DriftDisposition::Successor);
        }
        self.accepted.get(&grant.digest()).cloned()
    }
}
