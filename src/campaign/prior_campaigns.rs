//! What earlier campaigns leave to one that builds on them: what they pinned, and what nobody answered in them.

use super::MissedCampaigns;
use crate::{
    inventory::RoleContents,
    model::{
        CampaignId, Digest, GrantKey, Inventory, ItemId, PrincipalId, SystemId, Timestamp, file::CampaignDefinition,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// What earlier campaigns leave: as far as a definition asks for it, and who did not answer them.
#[derive(Clone, Debug, Default)]
pub struct PriorCampaigns {
    pinned: BTreeMap<(CampaignId, SystemId), BTreeMap<GrantKey, Digest>>,
    unanswered: BTreeMap<CampaignId, BTreeSet<ItemId>>,
    certified: BTreeMap<(SystemId, GrantKey), (Timestamp, RoleContents)>,
    missed: BTreeMap<PrincipalId, MissedCampaigns>,
}

impl PriorCampaigns {
    /// Takes an inventory that a campaign pinned.
    pub fn pin(&mut self, campaign: &CampaignId, inventory: &Inventory) {
        let grants = inventory.grants().map(|grant| (grant.key.clone(), grant.digest())).collect();
        self.pinned.insert((campaign.clone(), inventory.system().clone()), grants);
    }

    /// Takes the items of a campaign that nobody answered.
    pub fn leave(&mut self, campaign: &CampaignId, unanswered: impl IntoIterator<Item = ItemId>) {
        self.unanswered.entry(campaign.clone()).or_default().extend(unanswered);
    }

    /// Takes what a grant gave when it was last certified, in a campaign that was opened then.
    pub fn certify(&mut self, system: &SystemId, key: &GrantKey, opened_at: Timestamp, gave: RoleContents) {
        self.certified.insert((system.clone(), key.clone()), (opened_at, gave));
    }

    /// Takes who let two campaigns in a row pass: they are not asked as owner.
    pub fn add_nonresponders(&mut self, missed: BTreeMap<PrincipalId, MissedCampaigns>) {
        self.missed = missed;
    }

    /// Returns the two campaigns that somebody let pass.
    pub(super) fn missed(&self, who: &PrincipalId) -> Option<&MissedCampaigns> {
        self.missed.get(who)
    }

    /// Returns what a grant gave when it was last certified, and when that was.
    pub(super) fn contents(&self, system: &SystemId, key: &GrantKey) -> Option<&(Timestamp, RoleContents)> {
        if self.certified.is_empty() { None } else { self.certified.get(&(system.clone(), key.clone())) }
    }

    /// Returns the grant's digest as the campaign pinned it; nothing where it pinned none.
    pub(super) fn digest(&self, campaign: &CampaignId, system: &SystemId, key: &GrantKey) -> Option<&Digest> {
        self.pinned.get(&(campaign.clone(), system.clone()))?.get(key)
    }

    /// Returns whether nobody answered the campaign about this grant.
    pub(super) fn is_unanswered(&self, campaign: &CampaignId, system: &SystemId, key: &GrantKey) -> bool {
        self.unanswered.get(campaign).is_some_and(|items| items.contains(&ItemId::of(campaign, system, key)))
    }
}

/// The earlier campaigns that a definition builds on.
#[derive(Clone, Debug, Default)]
pub struct RequiredCampaigns {
    /// Those whose inventories are compared with.
    pub pinned: BTreeSet<CampaignId>,
    /// Those whose unanswered items are asked about again.
    pub unanswered: BTreeSet<CampaignId>,
}

impl RequiredCampaigns {
    /// Returns what a definition builds on.
    pub fn by(definition: &CampaignDefinition) -> Self {
        let selectors = definition.selectors.iter();
        let pinned = selectors.clone().flat_map(|s| [&s.new_since, &s.changed_since]).flatten().cloned().collect();
        Self { pinned, unanswered: selectors.filter_map(|s| s.unanswered_in.clone()).collect() }
    }
}
