//! A connection to a PostgreSQL server.

use super::{
    apply, collect, config::PostgresConfig, control_totals, observe, reverse_operations, schema::PostgresSchema,
    server_connections::ServerConnections,
};
use crate::{
    connector::{
        ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema,
        ConnectorSettings as _, ControlTotal, GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink,
        TargetQuery, UnsupportedChangeError,
    },
    model::{
        AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId, action::Planned,
    },
};
use secrecy::SecretString;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A PostgreSQL server.
pub struct Postgres {
    system: SystemId,
    words: PostgresSchema,
    state: Mutex<ConnectionState>,
}

/// The connections, and the listing that is in progress.
pub(super) struct ConnectionState {
    pub(super) server: ServerConnections,
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
            server: ServerConnections::new(config.clone(), password),
            listing: collect::PostgresListing::default(),
        }),
    })
}

impl Postgres {
    pub(super) fn state(&self) -> MutexGuard<'_, ConnectionState> {
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

    fn has_oracle(&self, grant: &Grant) -> bool {
        self.words.has_oracle(grant)
    }
}

impl Collector for Postgres {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        collect::validate(&mut self.state().server)
    }

    fn target_identity(&self) -> Result<Option<String>, ConnectorError> {
        self.state().server.system_identifier()
    }

    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        let ConnectionState { server, listing } = &mut *self.state();
        listing.page(&self.system, server, kind, from)
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        control_totals::control_totals(&mut self.state().server)
    }

    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        observe::observe(&self.system, &mut self.state().server, query)
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
