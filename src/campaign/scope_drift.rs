//! Changes in the selected scope since a campaign froze its population, and how each was handled.

use super::{CampaignContext, CampaignPopulation};
use crate::{
    diag::{Diagnostic, Diagnostics},
    model::{CampaignId, Digest, Grant, GrantKey, ItemId, SystemId, Tier},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The kind of difference between a grant and its pinned version.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantDrift {
    /// The grant is new.
    Added,
    /// The grant gives more, has more paths, or has other identifying attributes.
    Raised,
    /// The grant is gone.
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

/// The handling of a change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftDisposition {
    /// Another campaign covers the current grant.
    Campaign(CampaignId),
    /// A decision of this campaign requested it.
    Decision(ItemId),
    /// A signed exception keeps it.
    Exception(String),
    /// The grant no longer exists.
    Gone,
    /// The engine created this credential as a replacement.
    Successor,
}

impl fmt::Display for DriftDisposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Campaign(id) => write!(f, "covered by campaign {id}"),
            Self::Decision(item) => write!(f, "decided in {item}"),
            Self::Exception(id) => write!(f, "kept by exception {id}"),
            Self::Gone => f.write_str("no longer exists"),
            Self::Successor => f.write_str("created by the engine as a replacement"),
        }
    }
}

/// One grant in the selected scope that differs from its pinned version.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ChangedGrant {
    /// The system.
    pub system: SystemId,
    /// The grant.
    pub grant: GrantKey,
    /// The holder, `<system>:<immutable id>`.
    pub subject: String,
    /// The kind of change.
    pub change: GrantDrift,
    /// The more critical of the previous and the current tier.
    pub tier: Tier,
    /// The display name of the holder.
    pub principal: String,
    /// The display name of the entitlement.
    pub entitlement: String,
    /// The handling; `None` if the change was not handled.
    pub disposition: Option<DriftDisposition>,
}

/// The inputs that determine how changes were handled.
#[derive(Clone, Debug, Default)]
pub struct DriftDispositions {
    /// Items of this campaign that the engine enforced.
    pub decided: BTreeSet<ItemId>,
    /// Credentials that the engine created.
    pub successors: BTreeSet<GrantKey>,
    /// Grants covered by an exception or a later campaign, by digest.
    pub accepted: BTreeMap<Digest, DriftDisposition>,
}

/// Returns the grants that differ from `pinned` under the same selectors, sorted by system and key. Grants that only
/// lost access are omitted. `now` is the population that the definition selects today.
pub fn changes(
    pinned: (&CampaignPopulation<'_>, &CampaignContext<'_>),
    now: (&CampaignPopulation<'_>, &CampaignContext<'_>),
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

/// Returns the problems that prevent the close: unhandled changes, each with the next command.
pub fn pending_drift(campaign: &CampaignId, changes: &[ChangedGrant]) -> Diagnostics {
    let open = changes.iter().filter(|change| change.disposition.is_none());
    let say = |change: &ChangedGrant| {
        let ChangedGrant { system, entitlement, principal, .. } = change;
        let message = format!(
            "`{entitlement}` of `{principal}` on `{system}` was {} since the population was frozen, and is not \
             reviewed",
            change.change
        );
        let help = format!("`tenure campaign supplement {campaign}` opens a review of it; or sign an exception for it");
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
