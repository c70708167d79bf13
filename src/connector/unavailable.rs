//! A connection to a system that could not be reached: every call returns the error.

use super::{
    ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
    GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, TargetQuery, UnsupportedChangeError,
};
use crate::model::{AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation, action::Planned};

/// A connection to a system that could not be reached.
pub(super) struct UnavailableConnector {
    pub(super) words: Box<dyn ConnectorSchema + Send + Sync>,
    pub(super) why: ConnectorError,
}

impl ConnectorSchema for UnavailableConnector {
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

impl Collector for UnavailableConnector {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        Err(self.why.clone())
    }

    fn target_identity(&self) -> Result<Option<String>, ConnectorError> {
        Err(self.why.clone())
    }

    fn list(&self, _: GrantKind, _: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        Err(self.why.clone())
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        Err(self.why.clone())
    }

    fn observe(&self, _: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        Err(self.why.clone())
    }

    fn calls(&self) -> u64 {
        0
    }
}

impl Provisioner for UnavailableConnector {
    fn apply(&self, _: &Action<Planned>, _: Intent, _: &dyn SecretSink) -> Result<ApplyReceipt, ConnectorError> {
        Err(self.why.clone())
    }

    fn compensate(&self, _: &Action<Planned>) -> Option<Vec<Operation>> {
        None
    }
}
