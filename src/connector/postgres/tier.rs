//! Risk tiers of the entitlements of a PostgreSQL server.

use super::{
    grant_key::PostgresGrantKey,
    role_graph::RoleGraph,
    snapshot::{ClusterSnapshot, FIRST_NORMAL_OID},
};
use crate::model::Tier;

/// Returns the lowest tier of the entitlement of a key.
pub(super) fn of(key: &PostgresGrantKey, facts: &ClusterSnapshot, roles: &RoleGraph<'_>) -> Tier {
    match key {
        PostgresGrantKey::Account { role } | PostgresGrantKey::Password { role, .. } => account(*role, facts, roles),
        PostgresGrantKey::Attribute { attribute, .. } if attribute == "createdb" => Tier::T1,
        // CREATEROLE can create and change other identities, REPLICATION reads everything, BYPASSRLS reads every row.
        PostgresGrantKey::Attribute { .. } => Tier::T0,
        PostgresGrantKey::Membership { role, .. } => account(*role, facts, roles),
        PostgresGrantKey::Ownership { catalog: 1262 | 2615, .. } => Tier::T1,
        PostgresGrantKey::Ownership { .. } => Tier::T2,
        PostgresGrantKey::Default { grantee: 0, .. } => Tier::T1,
        PostgresGrantKey::Default { .. } => Tier::T2,
        PostgresGrantKey::Privilege { on, privilege, grantee, .. } => match (on.class.as_str(), privilege.as_str()) {
            ("parameter", "ALTER SYSTEM") => Tier::T0,
            ("parameter", _) => Tier::T1,
            // A changed access control list on an object of the server.
            ("table" | "routine", _) if on.oid < FIRST_NORMAL_OID => Tier::T1,
            ("database" | "schema", "CREATE") => Tier::T1,
            ("table" | "large-object", _) if *grantee == 0 => Tier::T1,
            ("table" | "sequence" | "large-object" | "server", _) => Tier::T2,
            _ => Tier::T3,
        },
    }
}

/// The roles that it can become determine the tier.
fn account(role: u32, facts: &ClusterSnapshot, roles: &RoleGraph<'_>) -> Tier {
    let reached = roles.reached_by(role);
    let mut tier = Tier::T2;
    for oid in std::iter::once(&role).chain(reached.keys()) {
        let Some(role) = facts.role(*oid) else { continue };
        let control = ["superuser", "createrole", "replication", "bypassrls"].iter().any(|name| role.is(name));
        if control || (role.is_predefined() && CONTROL.contains(&role.name.as_str())) {
            return Tier::T0;
        }
        if role.is("createdb") || role.is_predefined() {
            tier = Tier::T1;
        }
    }
    tier
}

/// Predefined roles that lead to superuser (documentation, section 22.5).
const CONTROL: [&str; 4] =
    ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "pg_create_subscription"];
