//! The operations on an AWS account.

use super::account::AwsIam;
use super::schema::AwsIamSchema;
use super::{apply, collect, observe, operations};
use crate::connector::{
    ApplyReceipt, Collector, ConnectorDescriptor, ConnectorError, ConnectorHealth, ConnectorSchema, ControlTotal,
    GrantPage, Intent, ListingCursor, PlannedChange, Provisioner, SecretSink, TargetQuery, UnsupportedChangeError,
};
use crate::model::action::Planned;
use crate::model::{AccessChange, Action, Grant, GrantKind, GrantObservation, Inventory, Operation};

impl AwsIam {
    fn schema(&self) -> AwsIamSchema {
        AwsIamSchema::new(self.config.clone())
    }
}

impl ConnectorSchema for AwsIam {
    fn describe(&self) -> ConnectorDescriptor {
        self.schema().describe()
    }

    fn plan_change(
        &self,
        change: &AccessChange,
        grant: &Grant,
        inventory: &Inventory,
    ) -> Result<PlannedChange, UnsupportedChangeError> {
        self.schema().plan_change(change, grant, inventory)
    }

    fn grace_period_days(&self, grant: &Grant) -> Option<u16> {
        self.schema().grace_period_days(grant)
    }

    fn deny_statement(&self, grant: &Grant, what: &str) -> Option<String> {
        self.schema().deny_statement(grant, what)
    }
}

impl Collector for AwsIam {
    fn validate(&self) -> Result<ConnectorHealth, ConnectorError> {
        collect::validate(self)
    }

    fn list(&self, kind: GrantKind, from: Option<&ListingCursor>) -> Result<GrantPage, ConnectorError> {
        collect::list(self, kind, from)
    }

    fn control_totals(&self) -> Result<Vec<ControlTotal>, ConnectorError> {
        collect::control_totals(self)
    }

    fn observe(&self, query: &TargetQuery<'_>) -> Result<GrantObservation, ConnectorError> {
        observe::observe(self, query)
    }

    fn calls(&self) -> u64 {
        self.api.calls()
    }
}

impl Provisioner for AwsIam {
    fn apply(
        &self,
        action: &Action<Planned>,
        intent: Intent,
        sink: &dyn SecretSink,
    ) -> Result<ApplyReceipt, ConnectorError> {
        apply::apply(self, action, intent, sink)
    }

    fn compensate(&self, action: &Action<Planned>) -> Option<Vec<Operation>> {
        operations::compensate(action)
    }
}
