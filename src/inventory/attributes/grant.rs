//! Policy attributes of grants: identity, effective access, origin and last use.

use super::{AttributeBuilder, AttributeCollector, account};
use crate::{
    inventory::effective,
    model::{AccessRoute, Grant, GrantKind, Inventory, Timestamp, Usage},
};

impl AttributeBuilder<'_> {
    /// Adds the attributes of a grant to those of its holder.
    pub(super) fn add_grant_attributes(&self, grant: &Grant, of: &str, collector: &mut AttributeCollector) {
        let as_of = self.known.as_of;
        let loaded = self.known.inventories.get(&grant.system);
        let connector = self.connector(grant);
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
        collector.flag("grant.administrative", is_administrative(grant, connector));
        collector.flag("grant.wildcard", wildcard(grant, connector));
        // These systems list standing access only; temporary elevation does not appear in their listings.
        collector.flag("grant.standing", matches!(connector, "aws-iam" | "hosts" | "postgres").then_some(true));
        let inventory = loaded.map(|loaded| &loaded.inventory);
        collector.text_of("grant.granted_by", granted_by(grant, inventory));
        collector.number("grant.granted_days", account::granted(grant).map(|time| as_of.days_since(time)));
        let certified = (!self.known.certified.is_empty()).then(|| self.known.certified.get(&grant.digest())).flatten();
        collector.number("grant.certified_days", certified.map(|time| as_of.days_since(*time)));
        if let Some(system) = self.known.systems.get(&grant.system) {
            collector.text("system.tier", system.tier);
            collector.text_of("system.environment", system.environment.as_ref());
            collector.text_of("grant.environment", system.environment.as_ref());
        }
        collector.text("system.id", &grant.system);
        if !connector.is_empty() {
            collector.text("system.connector", connector);
        }
        if let Some(inventory) = inventory {
            let kept = source(connector, grant.kind);
            usage(&inventory.usage(&grant.key), inventory.observed_at(), kept, as_of, collector);
        }
        collector.flag("usage.interactive_allowed", self.accounts.get(of).and_then(|account| account.interactive));
        if grant.kind == GrantKind::Credential {
            self.add_credential_attributes(grant, connector, collector);
        }
        collector.0.know_attributes(grant.attributes.clone());
    }

    pub(super) fn connector(&self, grant: &Grant) -> &str {
        let system = self.known.systems.get(&grant.system).map(|system| system.connector.as_str());
        let observed = || self.known.inventories.get(&grant.system).map(|loaded| loaded.observation.connector.as_str());
        system.or_else(observed).unwrap_or_default()
    }
}

/// Returns whether the holder has the grant directly. A membership is always direct.
fn is_direct(grant: &Grant) -> bool {
    let inherited = |via: AccessRoute| {
        matches!(via, AccessRoute::Group | AccessRoute::Public | AccessRoute::Role | AccessRoute::Session)
    };
    grant.kind == GrantKind::Membership || grant.paths.iter().any(|path| !inherited(path.via))
}

/// Returns whether the grant makes its holder an administrator of the system.
fn is_administrative(grant: &Grant, connector: &str) -> bool {
    let says = |name: &str| grant.attribute(name) == Some("yes");
    let by_path = grant.paths.iter().any(|path| path.via == AccessRoute::Administrator);
    let by_name = match connector {
        "aws-iam" => matches!(grant.attribute("power"), Some("administrator" | "control-plane")),
        // CREATEDB is the one role attribute that is not part of the control plane.
        "postgres" => grant.kind == GrantKind::Attribute && grant.tier == crate::model::Tier::T0,
        _ => grant.entitlement.id == "sudo:everything",
    };
    says("administrative") || says("superuser") || says("admin") || by_path || by_name
}

/// Returns whether the grant contains a wildcard, where that is known. A PostgreSQL privilege names one object.
fn wildcard(grant: &Grant, connector: &str) -> Option<bool> {
    match (connector, grant.kind) {
        ("aws-iam", _) => match grant.attribute("power")? {
            "administrator" | "broad" => Some(true),
            _ => None,
        },
        ("hosts", GrantKind::Rule) => {
            let commands = grant.attribute("commands")?;
            Some(commands.contains('*') || commands.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == "ALL"))
        }
        ("hosts" | "postgres", _) => Some(false),
        _ => None,
    }
}

/// Returns the grantor. PostgreSQL reports the oid of the granting role, or that it was the owner of the object.
fn granted_by(grant: &Grant, inventory: Option<&Inventory>) -> Option<String> {
    let by = grant.attribute("granted-by")?;
    let role = inventory.and_then(|inventory| inventory.of_principal(by).next());
    Some(role.map_or_else(|| by.to_owned(), |role| role.principal.name.clone()))
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

/// The source of the last use of a grant.
#[derive(Clone, Copy, Eq, PartialEq)]
enum LastUseSource {
    /// The system records last use, with this delay in hours.
    Kept { name: &'static str, lag_hours: i64 },
    /// The system does not record last use.
    Nowhere,
}

/// Returns the source of last use for a kind of grant. The delay of AWS is documented as "hours"; four hours is the
/// observed value. PostgreSQL shows current sessions and records no history.
const fn source(connector: &str, kind: GrantKind) -> Option<LastUseSource> {
    Some(match (connector.as_bytes(), kind) {
        (b"aws-iam", GrantKind::Account | GrantKind::Credential) => LastUseSource::Kept { name: "IAM", lag_hours: 4 },
        (b"hosts", GrantKind::Account) => LastUseSource::Kept { name: "lastlog and wtmp", lag_hours: 0 },
        (b"postgres", GrantKind::Account) => LastUseSource::Kept { name: "open sessions", lag_hours: 0 },
        (b"aws-iam" | b"hosts" | b"postgres", _) => LastUseSource::Nowhere,
        _ => return None,
    })
}
