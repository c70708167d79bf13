//! Cache of ids that plans of one history derive from the same values.

use crate::model::{ActionId, CampaignId, Digest, Grant, Inventory, ItemId, RepoId, SystemId};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

/// Item ids and action ids of earlier plans, each under all values that it is derived from.
#[derive(Debug, Default)]
pub struct IdCache {
    items: RefCell<BTreeMap<(CampaignId, SystemId), (Digest, ItemIndex)>>,
    actions: RefCell<HashMap<(RepoId, ItemId, Digest), IdsByVerb>>,
}

/// The action ids of an item, by verb.
type IdsByVerb = Vec<(String, ActionId)>;

/// The positions of the grants of an inventory by item id, sorted.
type ItemIndex = Rc<Vec<(ItemId, usize)>>;

impl IdCache {
    /// Returns the grant of an item of `campaign` in the inventory of its system.
    pub(super) fn grant<'i>(
        &self,
        campaign: &CampaignId,
        inventory: &'i Inventory,
        item: &ItemId,
    ) -> Option<&'i Grant> {
        let index = self.items_of(campaign, inventory);
        let place = index.binary_search_by(|(known, _)| known.cmp(item)).ok()?;
        inventory.grants().nth(index.get(place)?.1)
    }

    /// Returns the index of an inventory for a campaign. The last inventory of each system is kept.
    fn items_of(&self, campaign: &CampaignId, inventory: &Inventory) -> ItemIndex {
        let system = inventory.system();
        let mut known = self.items.borrow_mut();
        let key = (campaign.clone(), system.clone());
        if let Some((of, index)) = known.get(&key)
            && *of == inventory.digest()
        {
            return Rc::clone(index);
        }
        let items = inventory.grants().map(|grant| ItemId::of(campaign, system, &grant.key));
        let mut items: Vec<(ItemId, usize)> = items.zip(0..).collect();
        items.sort_unstable();
        let index = Rc::new(items);
        known.insert(key, (inventory.digest(), Rc::clone(&index)));
        index
    }

    /// Returns the id of an action, see [`ActionId::of`].
    pub(super) fn action(&self, repo: &RepoId, item: &ItemId, grant: &Digest, verdict: &str) -> ActionId {
        let mut known = self.actions.borrow_mut();
        let ids = known.entry((repo.clone(), *item, *grant)).or_default();
        if let Some((_, id)) = ids.iter().find(|(of, _)| of == verdict) {
            return id.clone();
        }
        let id = ActionId::of(repo, item, grant, verdict);
        ids.push((verdict.to_owned(), id.clone()));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        AccessPath, AccessRoute, Attributes, Entitlement, GrantKey, GrantKind, Principal, Tier, Timestamp,
    };

    fn inventory(digest: &str, keys: &[&str]) -> Inventory {
        let system = SystemId::parse("pg").unwrap();
        let grant = |key: &&str| Grant {
            system: system.clone(),
            kind: GrantKind::Membership,
            key: GrantKey::parse(key).unwrap(),
            principal: Principal { id: "1".into(), name: "ana".into() },
            entitlement: Entitlement { id: "e1".into(), name: "role admin".into() },
            paths: vec![AccessPath { via: AccessRoute::Direct, ids: "1".into(), text: "member".into() }],
            attributes: Attributes::new(),
            expands_to: vec![],
            tier: Tier::T2,
        };
        let grants: Vec<Grant> = keys.iter().map(grant).collect();
        Inventory::new(system.clone(), Timestamp::from_unix(0), Digest::of(digest), true, grants, BTreeMap::new())
    }

    #[test]
    fn grants_follow_campaign_and_inventory() {
        let ids = IdCache::default();
        let (one, two) = (inventory("one", &["a", "b", "c"]), inventory("two", &["b"]));
        let campaigns = ["q3", "q4"].map(|id| CampaignId::parse(id).unwrap());
        for inventory in [&one, &two, &one] {
            for (campaign, other) in [(&campaigns[0], &campaigns[1]), (&campaigns[1], &campaigns[0])] {
                for key in ["a", "b", "c"].map(|key| GrantKey::parse(key).unwrap()) {
                    let item = ItemId::of(campaign, inventory.system(), &key);
                    assert_eq!(ids.grant(campaign, inventory, &item), inventory.grant(&key), "{key}");
                    assert_eq!(ids.grant(other, inventory, &item), None, "{key}");
                }
            }
        }
    }

    #[test]
    fn action_ids_equal_derived_ones() {
        let ids = IdCache::default();
        let repos = ["1", "2"].map(|end| RepoId::parse(&format!("urn:uuid:00000000-0000-0000-0000-00000000000{end}")));
        let items = ["1", "2"].map(|end| ItemId::parse(&format!("itm-000000000000000{end}")).unwrap());
        for _ in 0..2 {
            for repo in repos.iter().map(|repo| repo.as_ref().unwrap()) {
                for (item, grant) in items.iter().flat_map(|item| ["a", "b"].map(|grant| (item, Digest::of(grant)))) {
                    for verdict in ["disable", "revoke"] {
                        let derived = ActionId::of(repo, item, &grant, verdict);
                        assert_eq!(ids.action(repo, item, &grant, verdict), derived);
                    }
                }
            }
        }
    }
}
