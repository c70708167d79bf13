//! The planning interface of a PostgreSQL server.

use super::{
    config::{NAME, PostgresConfig},
    grant_key::PostgresGrantKey,
    operations,
};
use crate::{
    connector::{ConnectorDescriptor, ConnectorSchema, PlannedChange, UnsupportedChangeError},
    model::{AccessChange, Grant, GrantKind, Inventory, VerificationLevel},
};

/// The planning interface of PostgreSQL, without a connection.
#[derive(Clone, Debug)]
pub struct PostgresSchema {
    user: String,
}

impl PostgresSchema {
    /// Returns the planning interface of a server; of the settings, only the role of the engine is used.
    pub fn new(config: &PostgresConfig) -> Self {
        Self { user: config.user.clone() }
    }
}

impl ConnectorSchema for PostgresSchema {
    fn describe(&self) -> ConnectorDescriptor {
        ConnectorDescriptor {
            name: NAME,
            kinds: &[
                GrantKind::Account,
                GrantKind::Attribute,
                GrantKind::Credential,
                GrantKind::Membership,
                GrantKind::Ownership,
                GrantKind::Privilege,
            ],
            needs: &[
                "CONNECT on every database",
                "SELECT on pg_authid (for passwords; superuser has it)",
                "to write: SUPERUSER, or CREATEROLE with ADMIN on the roles and ownership of the objects",
                "to end sessions: pg_signal_backend",
            ],
            level: VerificationLevel::V4,
        }
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        operations::plan_change(&self.user, change, grant, inventory)
    }

    fn has_oracle(&self, grant: &Grant) -> bool {
        // Objects to come can be asked about only by a role that may create them.
        !matches!(
            PostgresGrantKey::parse(&grant.key),
            None | Some(PostgresGrantKey::Default { .. } | PostgresGrantKey::Ownership { .. })
        )
    }
}
