//! A connection to a system that could not be reached: every call says why.

use super::{
    Collector, ConnectorError, ControlTotal, Cursor, Descriptor, Draft, Health, Intent, Page, Provisioner, Receipt,
    Refusal, Sink, Vocabulary,
};
use crate::model::{Action, Change, Grant, GrantKind, Inventory, Operation, Sighting, action::Ready};

/// A connection to a system that could not be reached.
pub(super) struct Closed {
    pub(super) words: Box<dyn Vocabulary + Send + Sync>,
    pub(super) why: ConnectorError,
}

impl Vocabulary for Closed {
    fn describe(&self) -> Descriptor {
        self.words.describe()
    }

    fn draft(&self, change: &Change, grant: &Grant, inventory: &Inventory) -> Result<Draft, Refusal> {
        self.words.draft(change, grant, inventory)
    }
}

impl Collector for Closed {
    fn validate(&self) -> Result<Health, ConnectorError> {
        Err(self.why.clone())
    }

    fn list(&self, _: GrantKind, _: Option<&Cursor>) -> Result<Page, ConnectorError> {
        Err(self.why.clone())
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        Err(self.why.clone())
    }

    fn observe(&self, _: &Grant) -> Result<Sighting, ConnectorError> {
        Err(self.why.clone())
    }

    fn calls(&self) -> u64 {
        0
    }
}

impl Provisioner for Closed {
    fn apply(&self, _: &Action<Ready>, _: Intent, _: &dyn Sink) -> Result<Receipt, ConnectorError> {
        Err(self.why.clone())
    }

    fn compensate(&self, _: &Action<Ready>) -> Option<Vec<Operation>> {
        None
    }
}
