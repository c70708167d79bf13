//! A connection that reads the identity of its target before each read and write, and refuses another target.
//!
//! A system file names an address: a directory, a host, an account. Another machine at the same address would show none
//! of the reviewed access, and every removal would be confirmed.

use super::{
    ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
    GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, TargetQuery, UnsupportedChangeError,
};
use crate::model::{
    AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, SystemId,
    action::{ActionSpec, Planned},
};

/// A connection to a target whose identity is known.
pub(super) struct IdentifiedTarget {
    pub(super) connection: Box<dyn Provisioner + Send>,
    pub(super) system: SystemId,
    pub(super) expected: String,
}

impl IdentifiedTarget {
    fn verified(&self) -> Result<&(dyn Provisioner + Send), ConnectorError> {
        let now = self.connection.target_identity()?;
        if now.as_deref() == Some(self.expected.as_str()) {
            return Ok(self.connection.as_ref());
        }
        let (system, expected) = (&self.system, &self.expected);
        let shown = now.as_deref().unwrap_or("none");
        Err(ConnectorError::Permanent(format!(
            "the target is not the reviewed one: its identity is `{shown}`, and that of `{system}` is `{expected}`; if it was reinstalled, sign a version with it: `tenure system set {system} identity={shown}`, then run `tenure collect {system}`; otherwise correct its settings"
        )))
    }
}

impl ConnectorSchema for IdentifiedTarget {
    fn describe(&self) -> ConnectorDescriptor {
        self.connection.describe()
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        self.connection.plan_change(change, grant, inventory)
    }

    fn has_oracle(&self, grant: &Grant) -> bool {
        self.connection.has_oracle(grant)
    }

    fn grace_period_days(&self, grant: &Grant) -> Option<u16> {
        self.connection.grace_period_days(grant)
    }

    fn deny_statement(&self, grant: &Grant, what: &str) -> Option<String> {
        self.connection.deny_statement(grant, what)
    }
}

impl Collector for IdentifiedTarget {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        self.verified()?.validate()
    }

    fn target_identity(&self) -> Result<Option<String>, ConnectorError> {
        self.connection.target_identity()
    }

    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        self.verified()?.list(kind, from)
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        self.verified()?.control_totals()
    }

    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        self.verified()?.observe(query)
    }

    fn calls(&self) -> u64 {
        self.connection.calls()
    }
}

impl Provisioner for IdentifiedTarget {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        self.verified()?.apply(action, intent, sink)
    }

    fn is_half_done(&self, action: &ActionSpec) -> Result<bool, ConnectorError> {
        self.verified()?.is_half_done(action)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        self.connection.compensate(action)
    }
}
