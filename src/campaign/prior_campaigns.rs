//! Results of earlier campaigns that a new campaign builds on: pinned inventories and unanswered items.

use crate::{
    inventory::RoleContents,
    model::{CampaignId, Digest, GrantKey, Inventory, ItemId, SystemId, Timestamp, file::CampaignDefinition},
};
use std::collections::{BTreeMap, BTreeSet};

/// The results of earlier campaigns that a definition requires.
#[derive(Clone, Debug, Default)]
pub struct PriorCampaigns {
    pinned: BTreeMap<(CampaignId, SystemId), BTreeMap<GrantKey, Digest>>,
    unanswered: BTreeMap<CampaignId, BTreeSet<ItemId>>,
    certified: BTreeMap<(SystemId, GrantKey), (Timestamp, RoleContents)>,
}

impl PriorCampaigns {
    /// Adds an inventory that a campaign pinned.
    pub fn pin(&mut self, campaign: &CampaignId, inventory: &Inventory) {
        let grants = inventory.grants().map(|grant| (grant.key.clone(), grant.digest())).collect();
        self.pinned.insert((campaign.clone(), inventory.system().clone()), grants);
    }

    /// Adds the unanswered items of a campaign.
    pub fn add_unanswered(&mut self, campaign: &CampaignId, unanswered: impl IntoIterator<Item = ItemId>) {
        self.unanswered.entry(campaign.clone()).or_default().extend(unanswered);
    }

    /// Adds the contents of a grant at its last certification, with the opening time of that campaign.
    pub fn certify(&mut self, system: &SystemId, key: &GrantKey, opened_at: Timestamp, gave: RoleContents) {
        self.certified.insert((system.clone(), key.clone()), (opened_at, gave));
    }

    /// Returns the contents of a grant at its last certification, and the time.
    pub(super) fn contents(&self, system: &SystemId, key: &GrantKey) -> Option<&(Timestamp, RoleContents)> {
        if self.certified.is_empty() { None } else { self.certified.get(&(system.clone(), key.clone())) }
    }

    /// Returns the grant digest that the campaign pinned; `None` if it pinned none.
    pub(super) fn digest(&self, campaign: &CampaignId, system: &SystemId, key: &GrantKey) -> Option<&Digest> {
        self.pinned.get(&(campaign.clone(), system.clone()))?.get(key)
    }

    /// Returns whether the campaign left this grant unanswered.
    pub(super) fn is_unanswered(&self, campaign: &CampaignId, system: &SystemId, key: &GrantKey) -> bool {
        self.unanswered.get(campaign).is_some_and(|items| items.contains(&ItemId::of(campaign, system, key)))
    }
}

/// The earlier campaigns that a definition requires.
#[derive(Clone, Debug, Default)]
pub struct RequiredCampaigns {
    /// The campaigns whose inventories are compared.
    pub pinned: BTreeSet<CampaignId>,
    /// The campaigns whose unanswered items are reviewed again.
    pub unanswered: BTreeSet<CampaignId>,
}

impl RequiredCampaigns {
    /// Returns the campaigns that a definition requires.
    pub fn by(definition: &CampaignDefinition) -> Self {
        let selectors = definition.selectors.iter();
        let pinned = selectors.clone().flat_map(|s| [&s.new_since, &s.changed_since]).flatten().cloned().collect();
        Self { pinned, unanswered: selectors.filter_map(|s| s.unanswered_in.clone()).collect() }
    }
}
