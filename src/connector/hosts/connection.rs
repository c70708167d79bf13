//! Access to a host below a root directory.

use super::{
    apply, calls,
    config::HostsConfig,
    grants, last_login, observe,
    root_dir::RootDir,
    schema::{HostsSchema, vocabulary},
    snapshot::HostSnapshot,
};
use crate::{
    connector::{
        ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
        GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, TargetQuery, UnsupportedChangeError,
    },
    model::{
        AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId, action::Planned,
    },
};

/// A Linux system below a root directory.
pub struct Hosts {
    system: SystemId,
    words: HostsSchema,
    pub(super) root: RootDir,
}

/// Opens the root directory of a system.
///
/// # Errors
/// When the directory cannot be opened.
pub fn open(system: &SystemId, config: &HostsConfig) -> Result<Hosts, ConnectorError> {
    Ok(Hosts { system: system.clone(), words: vocabulary(config), root: RootDir::open(&config.root)? })
}

impl Hosts {
    fn config(&self) -> &HostsConfig {
        &self.words.config
    }

    fn tree(&self) -> Result<HostSnapshot, ConnectorError> {
        HostSnapshot::read(&self.root, self.config())
    }
}

impl ConnectorSchema for Hosts {
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

impl Collector for Hosts {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        observe::health(&self.root, &self.tree()?)
    }

    /// Everything of one kind is one page: the files are read completely in any case.
    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        if let Some(ListingCursor(place)) = from {
            return Err(ConnectorError::Permanent(format!("invalid cursor `{place}`: a listing has one page")));
        }
        let tree = self.tree()?;
        let inventory = grants::inventory(&self.system, self.config(), &tree)?;
        let grants: Vec<Grant> = inventory.grants().filter(|grant| grant.kind == kind).cloned().collect();
        let usage = last_login::of(&self.root, &grants)?;
        Ok(GrantPage { grants, usage, next: None })
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        observe::control_totals(&self.root)
    }

    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        Ok(observe::sighting(&self.system, self.config(), &self.root, query))
    }

    fn calls(&self) -> u64 {
        self.root.calls()
    }
}

impl Provisioner for Hosts {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        apply::apply(&self.system, self.config(), &self.root, action, &intent, sink)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        calls::reversed(&action.operations)
    }
}
