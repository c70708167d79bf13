//! Connector for PostgreSQL servers, version 15 and later: roles, memberships, privileges, ownership, passwords.
//!
//! The listed grants and their keys, at the finest granularity of `REVOKE` and `ALTER ROLE`:
//!
//! | grant | key | verdicts |
//! |---|---|---|
//! | role, with login, validity, connection limit | `account:ROLE` | disable, revoke (drop), reduce |
//! | attribute that is a right | `attribute:NAME/ROLE` | revoke |
//! | membership, by grantor since version 16 | `membership:ROLE/MEMBER[/GRANTOR]` | revoke, reduce |
//! | stored password, by the digest of its verifier | `password:ROLE/FINGERPRINT` | rotate, disable, revoke, reduce |
//! | one privilege of one access control list entry | `privilege:DATABASE/CLASS/OID[.COLUMN]/PRIVILEGE/GRANTEE/GRANTOR` | revoke, reduce |
//! | privilege on future objects | `default:DATABASE/DEFINER/SCHEMA/CLASS/PRIVILEGE/GRANTEE` | revoke |
//! | ownership | `ownership:DATABASE/CATALOG/OID/OWNER` | none: reported only |
//!
//! All ids are oids. Names are used for display, and in the SQL of a plan: before the SQL is executed, the connector
//! generates it again from the present state of the server, and executes it only if it is unchanged. The transaction is
//! committed only if the reviewed grant, and no other grant of the same name, has changed.
//!
//! PostgreSQL does not report whether a session has executed `SET ROLE` (it may continue to act as a role from which
//! its user was removed, until it ends), and when a right or a login was last used.

mod apply;
mod attributes;
mod catalog;
mod collect;
mod config;
mod connections;
mod control_totals;
mod definition;
mod effective_access;
mod grant_key;
mod grants;
mod impact;
mod observe;
mod operations;
mod phrases;
mod reverse_operations;
mod role_graph;
mod rotate;
mod snapshot;
mod sql;
mod sqlstate;
mod tier;

#[cfg(test)]
mod tests;

pub use config::{PasswordVisibility, PostgresConfig, TlsMode};
pub use definition::PostgresDefinition;

use super::{
    ApplyReceipt, Collector, ConnectorDefinition as _, ConnectorDescriptor, ConnectorError, ConnectorHealth,
    ConnectorSchema, ConnectorSettings as _, ControlTotal, GrantPage, Intent, ListingCursor, PlannedChange,
    Provisioner, SecretSink, UnsupportedChangeError,
};
use crate::model::{
    AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId, VerificationLevel,
    action::Planned,
};
use secrecy::SecretString;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
            name: PostgresDefinition::NAME,
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
}

/// A PostgreSQL server.
pub struct Postgres {
    system: SystemId,
    words: PostgresSchema,
    state: Mutex<ConnectionState>,
}

struct ConnectionState {
    server: connections::ServerConnections,
    listing: collect::PostgresListing,
}

/// Returns the connector for a server; it connects on first use.
///
/// # Errors
/// When the settings contradict each other or would send the password unprotected.
pub fn open(system: &SystemId, config: &PostgresConfig, password: SecretString) -> Result<Postgres, ConnectorError> {
    config.validate().map_err(|error| ConnectorError::Permanent(error.why))?;
    Ok(Postgres {
        system: system.clone(),
        words: PostgresSchema::new(config),
        state: Mutex::new(ConnectionState {
            server: connections::ServerConnections::new(config.clone(), password),
            listing: collect::PostgresListing::default(),
        }),
    })
}

impl Postgres {
    fn state(&self) -> MutexGuard<'_, ConnectionState> {
        // The state is a set of connections and a copy of a read: a panic elsewhere cannot leave it inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectorSchema for Postgres {
    fn describe(&self) -> ConnectorDescriptor {
        self.words.describe()
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        self.words.plan_change(change, grant, inventory)
    }
}

impl Collector for Postgres {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        collect::validate(&mut self.state().server)
    }

    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        let ConnectionState { server, listing } = &mut *self.state();
        listing.page(&self.system, server, kind, from)
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        control_totals::control_totals(&mut self.state().server)
    }

    fn observe(&self, grant: &Grant) -> Result<GrantObservation, ConnectorError> {
        observe::observe(&self.system, &mut self.state().server, grant)
    }

    fn calls(&self) -> u64 {
        self.state().server.calls
    }
}

impl Provisioner for Postgres {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        if intent.action() != &action.id {
            return Err(ConnectorError::Permanent("the intent is for another action".to_owned()));
        }
        let ConnectionState { server, listing } = &mut *self.state();
        *listing = collect::PostgresListing::default();
        apply::apply(&self.system, server, action, sink)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        reverse_operations::undo(action)
    }
}
