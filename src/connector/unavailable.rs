//! A connection to a system that could not be reached: every call says why.

use super::{
    Collector, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal, Cursor, Descriptor, GrantPage, Intent,
    PlannedChange, Provisioner, Receipt, Sink, UnsupportedChange,
};
use crate::model::{Action, Change, Grant, GrantKind, Inventory, Observation, Operation, action::Planned};

/// A connection to a system that could not be reached.
pub(super) struct Unavailable {
    pub(super) words: Box<dyn ConnectorSchema + Send + Sync>,
    pub(super) why: ConnectorError,
}

impl ConnectorSchema for Unavailable {
    fn describe(&self) -> Descriptor {
        self.words.describe()
    }

    fn draft(&self, change: &Change, grant: &Grant, inventory: &Inventory) -> Result<PlannedChange, UnsupportedChange> {
        self.words.draft(change, grant, inventory)
    }
}

impl Collector for Unavailable {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        Err(self.why.clone())
    }

    fn list(&self, _: GrantKind, _: Option<&Cursor>) -> Result<GrantPage, ConnectorError> {
        Err(self.why.clone())
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        Err(self.why.clone())
    }

    fn observe(&self, _: &Grant) -> Result<Observation, ConnectorError> {
        Err(self.why.clone())
    }

    fn calls(&self) -> u64 {
        0
    }
}

impl Provisioner for Unavailable {
    fn apply(&self, _: &Action<Planned>, _: Intent, _: &dyn Sink) -> Result<Receipt, ConnectorError> {
        Err(self.why.clone())
    }

    fn compensate(&self, _: &Action<Planned>) -> Option<Vec<Operation>> {
        None
    }
}
