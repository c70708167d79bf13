//! Policy attributes of grants: identity, effective access, origin and last use.

use super::{AttributeBuilder, AttributeCollector};
use crate::{
    connector::{ConnectorKind, LastUseSource},
    inventory::effective,
    model::{AccessRoute, Grant, GrantKind, Inventory, Timestamp, Usage},
};

impl AttributeBuilder<'_> {
    /// Adds the attributes of a grant to those of its holder.
    pub(super) fn add_grant_attributes(&self, grant: &Grant, of: &str, collector: &mut AttributeCollector) {
        let as_of = self.known.as_of;
        let loaded = self.known.inventories.get(&grant.system);
        let connector = self.connector(grant);
        let read = connector.map(|connector| connector.grant(grant)).unwrap_or_default();
        collector.text("grant.system", &grant.system);
        collector.text("grant.key", &grant.key);
        collector.text("grant.kind", grant.kind);
        collector.text("grant.principal", &grant.principal.name);
        collector.text("grant.entitlement", &grant.entitlement.name);
        collector.text("grant.tier", self.tier(grant));
        collector.number("grant.expands", i64::try_from(effective::count(&grant.expands_to)).ok());
        let named = grant.expands_to.iter().filter(|one| !effective::is_remainder(one));
        collector.texts("grant.expands_to", named.map(|one| one.name.clone()));
        collector.number("grant.path_count", i64::try_from(grant.paths.len()).ok());
        collector.texts("grant.paths", grant.paths.iter().map(|path| path.text.clone()));
        collector.flag("grant.direct", is_direct(grant));
        let by_path = grant.paths.iter().any(|path| path.via == AccessRoute::Administrator);
        collector.flag("grant.administrative", read.administrative || by_path);
        collector.flag("grant.wildcard", read.wildcard);
        collector.flag("grant.standing", read.standing);
        let inventory = loaded.map(|loaded| &loaded.inventory);
        collector.text_of("grant.granted_by", read.granted_by.map(|by| name_of(by, inventory)));
        collector.number("grant.granted_days", read.granted.map(|time| as_of.days_since(time)));
        let certified = (!self.known.certified.is_empty()).then(|| self.known.certified.get(&grant.digest())).flatten();
        collector.number("grant.certified_days", certified.map(|time| as_of.days_since(*time)));
        if let Some(system) = self.known.systems.get(&grant.system) {
            collector.text("system.tier", system.tier);
            collector.text_of("system.environment", system.environment.as_ref());
            collector.text_of("grant.environment", system.environment.as_ref());
        }
        collector.text("system.id", &grant.system);
        collector.text_of("system.connector", self.known.connector_name(&grant.system));
        if let Some(inventory) = inventory {
            let kept = connector.map(|connector| connector.last_use(grant.kind));
            usage(&inventory.usage(&grant.key), inventory.observed_at(), kept, as_of, collector);
        }
        collector.flag("usage.interactive_allowed", self.accounts.get(of).and_then(|account| account.interactive));
        if let Some(connector) = connector.filter(|_| grant.kind == GrantKind::Credential) {
            self.add_credential_attributes(grant, connector, collector);
        }
        collector.0.know_attributes(grant.attributes.clone());
    }

    /// Returns the connector of the system of a grant; `None` if it is unknown.
    pub fn connector(&self, grant: &Grant) -> Option<&'static dyn ConnectorKind> {
        self.known.connector(&grant.system)
    }
}

/// Returns whether the holder has the grant directly. A membership is always direct.
fn is_direct(grant: &Grant) -> bool {
    let inherited = |via: AccessRoute| {
        matches!(via, AccessRoute::Group | AccessRoute::Public | AccessRoute::Role | AccessRoute::Session)
    };
    grant.kind == GrantKind::Membership || grant.paths.iter().any(|path| !inherited(path.via))
}

/// Returns the name of a grantor: that of the principal with this id, if there is one.
fn name_of(id: &str, inventory: Option<&Inventory>) -> String {
    let held = inventory.and_then(|inventory| inventory.of_principal(id).next());
    held.map_or_else(|| id.to_owned(), |held| held.principal.name.clone())
}

/// Sets the usage attributes. Last use is a time, "never since recording began", or unknown. Days are counted to the
/// time of the observation, since later use is not known.
fn usage(
    usage: &Usage,
    observed: Timestamp,
    kept: Option<LastUseSource>,
    as_of: Timestamp,
    collector: &mut AttributeCollector,
) {
    let days = |time: Timestamp| observed.days_since(time).max(0);
    match usage {
        Usage::At(time) => {
            collector.number("usage.idle_days", days(*time));
            collector.flag("usage.never_used", false);
        }
        Usage::NeverSince(time) => {
            collector.number("usage.idle_days", days(*time));
            collector.number("usage.known_days", days(*time));
            collector.flag("usage.never_used", true);
        }
        Usage::Unknown(_) => {
            if kept == Some(LastUseSource::Nowhere) {
                collector.text("usage.source", "none");
            }
            return;
        }
    }
    if let Some(LastUseSource::Kept { name, lag_hours }) = kept {
        collector.text("usage.source", name);
        let since = (as_of.unix() - observed.unix()).max(0) / 3600;
        collector.number("usage.lag_hours", since + lag_hours);
    }
}
