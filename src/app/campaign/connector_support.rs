//! Changes that connectors can carry out: for the no-response default of a campaign, and for the outcomes of a stage
//! close.

use crate::{
    campaign::OpenedCampaign,
    connector::{ConnectorSchema, UnsupportedChangeError, registry},
    diag::{Diagnostic, Diagnostics, counted},
    inventory::LoadedInventory,
    model::{
        AccessChange, CampaignId, Grant, GrantKind, ItemId, SystemId, Tier, Verdict,
        file::{NoResponseAction, Remediation, System},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The planning interfaces of systems.
pub struct ConnectorSupport {
    vocabularies: BTreeMap<SystemId, Box<dyn ConnectorSchema + Send + Sync>>,
}

impl ConnectorSupport {
    /// Returns the planning interfaces of the systems that are changed by a connector or by hand. Relative paths in
    /// settings start at `base`.
    pub fn of(systems: &BTreeMap<SystemId, System>, base: &Path) -> Self {
        let changed = systems.iter().filter(|(_, system)| system.remediation != Remediation::ReportOnly);
        let vocabulary =
            |(id, system): (&SystemId, &System)| Some((id.clone(), registry::vocabulary(system, base).ok()?));
        Self { vocabularies: changed.filter_map(vocabulary).collect() }
    }

    /// Returns the reason why the connector of a system cannot carry out a verdict with this target on a grant; `None` if it can, or if
    /// nothing is known about the system.
    pub fn objection(
        &self,
        loaded: &LoadedInventory,
        grant: &Grant,
        verdict: Verdict,
        to: Option<&str>,
    ) -> Option<UnsupportedChangeError> {
        let change = match verdict {
            Verdict::Disable => AccessChange::Disable {},
            Verdict::Reduce => AccessChange::Reduce { to: to?.to_owned() },
            Verdict::Replace | Verdict::Revoke => AccessChange::Revoke {},
            Verdict::Rotate => AccessChange::Rotate {},
            _ => return None,
        };
        let vocabulary = self.vocabularies.get(&grant.system)?;
        vocabulary.plan_change(&change, grant, &loaded.inventory).err()
    }

    /// Returns the removals that the connectors can carry out on the items of a campaign.
    pub fn removals<'i>(
        &self,
        campaign: &CampaignId,
        inventories: impl IntoIterator<Item = &'i LoadedInventory>,
        items: &BTreeSet<ItemId>,
    ) -> BTreeSet<(ItemId, &'static str)> {
        let mut possible = BTreeSet::new();
        for loaded in inventories {
            for grant in loaded.inventory.grants() {
                let item = ItemId::of(campaign, &grant.system, &grant.key);
                let removals = [Verdict::Disable, Verdict::Revoke].into_iter().filter(|_| items.contains(&item));
                let can = removals.filter(|verdict| self.objection(loaded, grant, *verdict, None).is_none());
                possible.extend(can.map(|verdict| (item, verdict.as_str())));
            }
        }
        possible
    }
}

/// Returns a problem for each kind of access whose no-response default `disable` the connector cannot carry out.
pub(super) fn unsupported_default(
    opened: &OpenedCampaign,
    systems: &BTreeMap<SystemId, System>,
    inventories: &BTreeMap<SystemId, LoadedInventory>,
    base: &Path,
) -> Diagnostics {
    let campaign = &opened.campaign;
    if campaign.definition.on_no_response != NoResponseAction::Disable {
        return Diagnostics::new();
    }
    let support = ConnectorSupport::of(systems, base);
    // Access of tiers T0 and T1 may be excepted instead.
    let all = opened.sheets.iter().flat_map(|sheet| &sheet.review.items);
    let items: BTreeSet<ItemId> = all.filter(|item| item.tier >= Tier::T2).map(|item| item.id).collect();
    let mut found: BTreeMap<(&SystemId, GrantKind), usize> = BTreeMap::new();
    for (system, loaded) in inventories {
        for grant in loaded.inventory.grants() {
            let unsupported = || {
                let objection = support.objection(loaded, grant, Verdict::Disable, None);
                matches!(objection, Some(UnsupportedChangeError::Unsupported { .. }))
            };
            if items.contains(&ItemId::of(&campaign.id, system, &grant.key)) && unsupported() {
                *found.entry((system, grant.kind)).or_default() += 1;
            }
        }
    }
    let problem = |((system, kind), items): ((&SystemId, GrantKind), usize)| {
        let message = format!(
            "no response would disable {} of kind `{kind}` on `{system}`, which its connector cannot disable",
            counted(items, "item")
        );
        let help = "write `on_no_response = \"remove\"`, which revokes what cannot be disabled; or `\"open\"`";
        Diagnostic::error("default-unsupported", message).in_file(&campaign.from).help(help)
    };
    found.into_iter().map(problem).collect()
}
