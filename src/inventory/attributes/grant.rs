//! What is known of a grant: what it is, what it gives, how it comes about, and when it was last used.

use super::{AttributeBuilder, Attributes, account};
use crate::{
    inventory::effective,
    model::{AccessRoute, Grant, GrantKind, Inventory, Timestamp, Usage},
};

impl AttributeBuilder<'_> {
    /// Draws a grant over what is known of its holder.
    pub(super) fn add_grant_attributes(&self, grant: &Grant, of: &str, portrait: &mut Attributes) {
        let as_of = self.known.as_of;
        let loaded = self.known.inventories.get(&grant.system);
        let connector = self.connector(grant);
        portrait.text("grant.system", &grant.system);
        portrait.text("grant.key", &grant.key);
        portrait.text("grant.kind", grant.kind);
        portrait.text("grant.principal", &grant.principal.name);
        portrait.text("grant.entitlement", &grant.entitlement.name);
        portrait.text("grant.tier", self.tier(grant));
        portrait.number("grant.expands", i64::try_from(effective::count(&grant.expands_to)).ok());
        let named = grant.expands_to.iter().filter(|one| !effective::is_remainder(one));
        portrait.texts("grant.expands_to", named.map(|one| one.name.clone()));
        portrait.number("grant.path_count", i64::try_from(grant.paths.len()).ok());
        portrait.texts("grant.paths", grant.paths.iter().map(|path| path.text.clone()));
        portrait.flag("grant.direct", is_direct(grant));
        portrait.flag("grant.administrative", is_administrative(grant, connector));
        portrait.flag("grant.wildcard", wildcard(grant, connector));
        // What these systems list is there at all times; what is only lent they would not list.
        portrait.flag("grant.standing", matches!(connector, "aws-iam" | "hosts" | "postgres").then_some(true));
        let inventory = loaded.map(|loaded| &loaded.inventory);
        portrait.text_of("grant.granted_by", granted_by(grant, inventory));
        portrait.number("grant.granted_days", account::granted(grant).map(|time| as_of.days_since(time)));
        let certified = (!self.known.certified.is_empty()).then(|| self.known.certified.get(&grant.digest())).flatten();
        portrait.number("grant.certified_days", certified.map(|time| as_of.days_since(*time)));
        if let Some(system) = self.known.systems.get(&grant.system) {
            portrait.text("system.tier", system.tier);
            portrait.text_of("system.environment", system.environment.as_ref());
            portrait.text_of("grant.environment", system.environment.as_ref());
        }
        portrait.text("system.id", &grant.system);
        if !connector.is_empty() {
            portrait.text("system.connector", connector);
        }
        if let Some(inventory) = inventory {
            let kept = source(connector, grant.kind);
            usage(&inventory.usage(&grant.key), inventory.observed_at(), kept, as_of, portrait);
        }
        portrait.flag("usage.interactive_allowed", self.accounts.get(of).and_then(|account| account.interactive));
        if grant.kind == GrantKind::Credential {
            self.add_credential_attributes(grant, connector, portrait);
        }
        portrait.0.know_attributes(grant.attributes.clone());
    }

    pub(super) fn connector(&self, grant: &Grant) -> &str {
        let system = self.known.systems.get(&grant.system).map(|system| system.connector.as_str());
        let observed = || self.known.inventories.get(&grant.system).map(|loaded| loaded.observation.connector.as_str());
        system.or_else(observed).unwrap_or_default()
    }
}

/// Whether it is granted to the holder itself. A membership is, whatever its role then gives.
fn is_direct(grant: &Grant) -> bool {
    let inherited = |via: AccessRoute| {
        matches!(via, AccessRoute::Group | AccessRoute::Public | AccessRoute::Role | AccessRoute::Session)
    };
    grant.kind == GrantKind::Membership || grant.paths.iter().any(|path| !inherited(path.via))
}

/// Whether it makes its holder an administrator of the system, as each connector says that.
fn is_administrative(grant: &Grant, connector: &str) -> bool {
    let says = |name: &str| grant.attribute(name) == Some("yes");
    let by_path = grant.paths.iter().any(|path| path.via == AccessRoute::Administrator);
    let by_name = match connector {
        "aws-iam" => matches!(grant.attribute("power"), Some("administrator" | "control-plane")),
        // CREATEDB makes nobody an administrator, and is the one attribute that is not control plane.
        "postgres" => grant.kind == GrantKind::Attribute && grant.tier == crate::model::Tier::T0,
        _ => grant.entitlement.id == "sudo:everything",
    };
    says("administrative") || says("superuser") || says("admin") || by_path || by_name
}

/// Whether it has a wildcard, where the system says. A PostgreSQL privilege is on one object by its name.
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

/// PostgreSQL names the role that granted by its oid, or says that it was the owner of the object.
fn granted_by(grant: &Grant, inventory: Option<&Inventory>) -> Option<String> {
    let by = grant.attribute("granted-by")?;
    let role = inventory.and_then(|inventory| inventory.of_principal(by).next());
    Some(role.map_or_else(|| by.to_owned(), |role| role.principal.name.clone()))
}

/// Tri-state: a time, never since use began to be kept, or unknown. Days are counted to the observation, since nothing is
/// known of what came after it.
fn usage(usage: &Usage, observed: Timestamp, kept: Option<Source>, as_of: Timestamp, portrait: &mut Attributes) {
    let days = |time: Timestamp| observed.days_since(time).max(0);
    match usage {
        Usage::At(time) => {
            portrait.number("usage.idle_days", days(*time));
            portrait.flag("usage.never_used", false);
        }
        Usage::NeverSince(time) => {
            portrait.number("usage.idle_days", days(*time));
            portrait.number("usage.known_days", days(*time));
            portrait.flag("usage.never_used", true);
        }
        Usage::Unknown(_) => {
            if kept == Some(Source::Nowhere) {
                portrait.text("usage.source", "none");
            }
            return;
        }
    }
    if let Some(Source::Kept { name, lag_hours }) = kept {
        portrait.text("usage.source", name);
        let since = (as_of.unix() - observed.unix()).max(0) / 3600;
        portrait.number("usage.lag_hours", since + lag_hours);
    }
}

/// Where the last use of a grant is known from.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Source {
    /// The system keeps it, and knows it so many hours later.
    Kept { name: &'static str, lag_hours: i64 },
    /// The system keeps no record of it.
    Nowhere,
}

/// Returns where a connector knows last use from. AWS says that it may be some hours late; four are what is seen.
/// PostgreSQL has the sessions of the moment, and keeps nothing.
const fn source(connector: &str, kind: GrantKind) -> Option<Source> {
    Some(match (connector.as_bytes(), kind) {
        (b"aws-iam", GrantKind::Account | GrantKind::Credential) => Source::Kept { name: "IAM", lag_hours: 4 },
        (b"hosts", GrantKind::Account) => Source::Kept { name: "lastlog and wtmp", lag_hours: 0 },
        (b"postgres", GrantKind::Account) => Source::Kept { name: "open sessions", lag_hours: 0 },
        (b"aws-iam" | b"hosts" | b"postgres", _) => Source::Nowhere,
        _ => return None,
    })
}
