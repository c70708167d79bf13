//! The frozen population: which grants are items, and the digest that pins them.

use super::Setting;
use crate::inventory::Tiers;
use crate::model::{
    CampaignId, Digest, Grant, Inventory, ItemId, SystemId, Tier, Usage,
    file::{CampaignDefinition, PrincipalEntry, PrincipalKind, PrincipalStatus, Selector},
};
use std::collections::{BTreeMap, BTreeSet};

/// One grant that is an item of a campaign.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The grant as it was collected.
    pub grant: &'a Grant,
    /// Its digest, to which decisions are bound.
    pub digest: Digest,
    /// The tier it is reviewed at: the worst of all that it effectively gives and of its system's, unless an exception
    /// lowers that.
    pub tier: Tier,
    /// The tier as computed, whatever exceptions say.
    pub computed: Tier,
}

impl Member<'_> {
    /// Returns the holder's immutable id, `<system>:<id>`.
    pub fn subject(&self) -> String {
        subject(self.grant)
    }
}

/// Every item of a campaign, by id.
#[derive(Clone, Debug, Default)]
pub struct Roll<'a> {
    members: BTreeMap<ItemId, Member<'a>>,
}

impl<'a> Roll<'a> {
    /// Returns the digest over all items: lines of `<item id> <grant digest>`, sorted. The order of grants, systems and
    /// selectors does not matter.
    pub fn digest(&self) -> Digest {
        let mut text = String::with_capacity(self.members.len() * 96);
        for (item, member) in &self.members {
            text.push_str(item.as_str());
            text.push(' ');
            text.push_str(&member.digest.to_string());
            text.push('\n');
        }
        Digest::of(text)
    }

    /// Returns an item.
    pub fn get(&self, item: &ItemId) -> Option<&Member<'a>> {
        self.members.get(item)
    }

    /// Returns all items by id.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&ItemId, &Member<'a>)> {
        self.members.iter()
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// Returns the population that `definition` selects. The same tree gives the same population, so anybody can compute it
/// again from the commit that a campaign pins and compare its digest.
///
/// An account nobody claims may be of any kind, so a condition on the kind of principal takes it in.
pub fn population<'a>(campaign: &CampaignId, definition: &CampaignDefinition, setting: &Setting<'a>) -> Roll<'a> {
    let mut roll = Roll::default();
    for system in scope(definition, setting) {
        let Some(file) = setting.systems.get(&system) else { continue };
        let Some(loaded) = setting.inventories.get(&system) else { continue };
        let selectors: Vec<_> =
            definition.selectors.iter().filter(|s| s.systems.is_empty() || s.systems.contains(&system)).collect();
        let tiers = Tiers::of(&loaded.inventory, file.tier);
        for grant in loaded.inventory.grants() {
            let candidate = Candidate::of(grant, &tiers, &loaded.inventory, setting);
            if selectors.iter().any(|selector| candidate.meets(selector)) {
                let item = ItemId::of(campaign, &system, &grant.key);
                let Candidate { tier, computed, .. } = candidate;
                roll.members.insert(item, Member { grant, digest: grant.digest(), tier, computed });
            }
        }
    }
    roll
}

/// Returns the systems a definition speaks of: those its selectors name, or all when one names none.
pub(super) fn scope(definition: &CampaignDefinition, setting: &Setting<'_>) -> BTreeSet<SystemId> {
    let mut systems: BTreeSet<_> = definition.selectors.iter().flat_map(|s| s.systems.iter().cloned()).collect();
    if definition.selectors.iter().any(|selector| selector.systems.is_empty()) {
        systems.extend(setting.systems.keys().cloned());
    }
    systems
}

pub(super) fn subject(grant: &Grant) -> String {
    format!("{}:{}", grant.system, grant.principal.id)
}

/// Returns whether nobody who is still here answers for a principal. A person who is here answers for themselves.
pub(super) fn is_orphan(entry: Option<&PrincipalEntry>, setting: &Setting<'_>) -> bool {
    match entry {
        None => true,
        Some(entry) if entry.kind == PrincipalKind::Person => entry.status == PrincipalStatus::Left,
        Some(entry) => setting.people.living_owner(entry).is_none(),
    }
}

/// Returns for how many days a grant was not used before its inventory, and whether that is known for certain.
pub(super) fn unused_days(usage: &Usage, inventory: &Inventory) -> Option<i64> {
    match usage {
        Usage::At(time) | Usage::NeverSince(time) => Some(inventory.observed_at().days_since(*time).max(0)),
        Usage::Unknown(_) => None,
    }
}

struct Candidate<'a> {
    grant: &'a Grant,
    tier: Tier,
    computed: Tier,
    kind: Option<PrincipalKind>,
    orphan: bool,
    usage: Usage,
    unused: Option<i64>,
}

impl<'a> Candidate<'a> {
    fn of(grant: &'a Grant, tiers: &Tiers<'_>, inventory: &Inventory, setting: &Setting<'_>) -> Self {
        let entry = setting.people.behind(&subject(grant));
        let usage = inventory.usage(&grant.key);
        let computed = tiers.grant(grant);
        Self {
            grant,
            tier: setting.lowered.tier(grant, computed).map_or(computed, |(tier, _)| tier),
            computed,
            kind: entry.map(|entry| entry.kind),
            orphan: is_orphan(entry, setting),
            unused: unused_days(&usage, inventory),
            usage,
        }
    }

    fn meets(&self, selector: &Selector) -> bool {
        let among = |listed: bool, empty: bool| empty || listed;
        among(selector.kinds.contains(&self.grant.kind), selector.kinds.is_empty())
            && among(selector.tiers.contains(&self.tier), selector.tiers.is_empty())
            && among(self.kind.is_none_or(|kind| selector.principals.contains(&kind)), selector.principals.is_empty())
            && selector.no_owner.is_none_or(|wanted| wanted == self.orphan)
            && selector.unused_days.is_none_or(|days| self.is_unused(i64::from(days)))
    }

    /// Use before the source began to look is unknown, and what is unknown is taken in.
    fn is_unused(&self, days: i64) -> bool {
        !matches!(self.usage, Usage::At(_)) || self.unused.is_none_or(|unused| unused >= days)
    }
}
