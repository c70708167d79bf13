//! What is shown of a seeded item: what is known of the real one that it looks most like, under the name it has.
//!
//! A card that says less of it than of the others would tell it apart.

use super::ContextIndex;
use crate::{
    campaign::{disguise::renamed, item_summary::usage},
    model::{Entitlement, Grant, Inventory, Principal, SystemId, file::Item},
};

impl ContextIndex<'_> {
    /// Returns what stands in for an item that no grant of the pinned inventory stands for, where a campaign announces such.
    pub(super) fn stand_in(&self, item: &Item, system: &SystemId) -> Option<Grant> {
        let campaign = self.sources.campaign;
        if campaign.seeds.is_none() || self.grants.contains_key(&item.id) {
            return None;
        }
        let inventory = &self.sources.inventories.get(system)?.inventory;
        let (kind, held) = item.entitlement.split_once(' ')?;
        let like = inventory.grants().filter(|grant| grant.kind.to_string() == kind);
        let like = like.max_by_key(|grant| self.likeness(item, held, grant, inventory))?;
        let name = |text: &str| renamed(text, &like.principal.name, &item.principal);
        let paths = like.paths.iter().map(|path| crate::model::AccessPath { text: name(&path.text), ..path.clone() });
        Some(Grant {
            principal: Principal { name: item.principal.clone(), ..like.principal.clone() },
            entitlement: Entitlement { name: held.to_owned(), ..like.entitlement.clone() },
            paths: paths.collect(),
            ..like.clone()
        })
    }

    /// Returns how much of what the file says of an item is so of a grant.
    fn likeness(&self, item: &Item, held: &str, grant: &Grant, inventory: &Inventory) -> usize {
        let says = |text: &str| item.facts.contains(text);
        let entry = self.sources.people.behind(&format!("{}:{}", grant.system, grant.principal.id));
        let holder = entry.map_or_else(|| "nobody claims".to_owned(), |entry| format!(" {}; ", entry.id));
        let attributes = grant.attributes.iter().filter(|(name, value)| says(&format!("{name} {value}")));
        8 * usize::from(grant.entitlement.name == held)
            + 8 * usize::from(says(&usage(&inventory.usage(&grant.key), inventory)))
            + 8 * usize::from(says(&holder))
            + attributes.count().min(7)
    }
}
